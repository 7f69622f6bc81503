import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { nativeStatus } from '#native'
import { MLP } from '../../src/model/mlp.js'
import { BACKENDS } from '../model/backends.js'

const canLimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0
const script = new URL('starved.mjs', import.meta.url).pathname

function starved(megabytes: number) {
  const env = { ...process.env, NATIVE_MLP_THREADS: '2' }
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, String(megabytes)], {
    encoding: 'utf8',
    env,
  })
  expect({ status, signal }, stderr).toEqual({ status: 0, signal: null })
  return JSON.parse(stdout) as { outcomes: string[]; count: number }
}

describe.runIf(canLimit && nativeStatus().available)('a process that runs out of memory', () => {
  it.each([60, 150, 300, 450])(
    'reports it where %i MB are left, and trains on afterwards',
    (megabytes) => {
      const { outcomes, count } = starved(megabytes)
      const error = 'NativeMlpError OUT_OF_MEMORY'
      expect(outcomes[0]).toBe(`${error}: fit: not enough memory for a network 16-128-10 and batches of 300000 rows`)
      const predicted = `${error}: predict: not enough memory for 300000 rows of 16 inputs and 10 outputs`
      expect(['ok', predicted]).toContain(outcomes[1])
      expect(count).toBe(100)
    },
    60_000,
  )
})

describe.each(BACKENDS)('what no machine has memory for, on %s', (_, backend) => {
  const refused = (message: string | RegExp) =>
    expect.objectContaining({ name: 'NativeMlpError', code: 'OUT_OF_MEMORY', message: expect.stringMatching(message) })

  it('is refused with its sizes', () => {
    const layers = [784, 65536, 65536, 10]
    expect(() => new MLP({ layers, backend })).toThrow(
      refused(/^MLP 784-65536-65536-10: not enough memory for 17\.4 GB of parameters$/),
    )
    expect(() => backend.allocate(1e12)).toThrow(refused(/^allocate: not enough memory for 4 TB$/))
  })
})
