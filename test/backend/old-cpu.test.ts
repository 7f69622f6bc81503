import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Processors this machine is not, by an emulator that refuses every instruction they do not have. */
const QEMU = '/usr/bin/qemu-x86_64-static'
const emulated = existsSync(QEMU) && process.arch === 'x64'
const DIST = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

/** Trains a few steps and says where. */
const PROGRAM = `
  const { backendInfo, fit, MLP, samples, sgd } = await import(${JSON.stringify(DIST)})
  const values = Float32Array.from({ length: 640 }, (_, i) => (i % 7) / 7)
  const data = samples({ values, cols: 20, labels: Int32Array.from({ length: 32 }, (_, r) => r % 3) })
  const model = new MLP({ layers: [20, 17, 3], seed: 1 })
  await fit(model, data, { epochs: 2, batchSize: 8, optimizer: sgd({ learningRate: 0.1 }) })
  console.log(JSON.stringify({ ...backendInfo(), digest: model.parametersDigest() }))`

function runOn(cpu: string | null): { backend: string; isa: string; reason: string | null; digest: string } {
  const node = [process.execPath, '--no-warnings', '--input-type=module', '-e', PROGRAM]
  const [command, ...args] = cpu === null ? node : [QEMU, '-cpu', cpu, ...node]
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', env: { PATH: process.env.PATH } }))
}

describe.runIf(emulated)('on an older processor', { timeout: 180_000 }, () => {
  it('without AVX2 the TypeScript backend runs and says why', () => {
    expect(runOn('Nehalem')).toMatchObject({
      backend: 'js',
      reason: expect.stringMatching(/this processor has neither AVX2 with FMA, AVX-512 nor NEON|addon/),
    })
  })

  it('with AVX2 but without AVX-512 the same bits come out', () => {
    const here = runOn(null)
    const haswell = runOn('Haswell')
    if (here.backend === 'js') return
    expect(haswell).toMatchObject({ backend: 'native', isa: 'avx2' })
    expect(haswell.digest).toBe(here.digest)
  })
})

it('ran in the emulator, or says why not', () => {
  if (!emulated) console.warn('older processors not tested: needs x86-64 and qemu-user-static')
  expect(emulated || process.env.CI === undefined || process.arch !== 'x64', 'CI must have the emulator').toBe(true)
})
