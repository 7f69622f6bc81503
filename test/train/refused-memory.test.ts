import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nativeStatus } from '#native'

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0
const canRefuse = hasCompiler && nativeStatus().available
if (!canRefuse) console.warn('requests for memory are not refused one by one: that needs Linux, cc and the addon')

const OUT = 'NativeMlpError OUT_OF_MEMORY'
const EVALUATION = `${OUT}: evaluation of data: not enough memory for 3000 rows and a network 40-128-24-5`
const EXPECTED = {
  fit: [
    `${OUT}: fit: not enough memory for a network 40-128-24-5 and batches of 1500 rows`,
    EVALUATION.replace('data', 'train'),
  ],
  evaluate: [EVALUATION],
  predict: [`${OUT}: predict: not enough memory for 3000 rows of 40 inputs and 5 outputs`],
}

describe.runIf(canRefuse)('a request for memory that is refused', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'refused-'))
    const source = new URL('refuse-memory.c', import.meta.url).pathname
    const flags = ['-shared', '-fPIC', '-O1', '-o', join(folder, 'refuse.so'), source, '-ldl']
    const built = spawnSync('cc', flags, { encoding: 'utf8' })
    expect(built.status, built.stderr).toBe(0)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is a stated error, whichever it is, and the next call works', () => {
    const control = join(folder, 'control')
    writeFileSync(control, new Uint8Array(16))
    const env = {
      ...process.env,
      NATIVE_MLP_THREADS: '2',
      LD_PRELOAD: join(folder, 'refuse.so'),
      REFUSE_CONTROL: control,
    }
    const program = new URL('refused.mjs', import.meta.url).pathname
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', env })
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null })
    const report: Record<string, { requests: number; outcomes: string[] }> = JSON.parse(stdout)
    for (const [name, outcomes] of Object.entries(EXPECTED)) {
      expect(report[name].requests, name).toBeGreaterThan(5)
      expect(report[name].outcomes.sort(), name).toEqual([...outcomes].sort())
    }
    const { requests, outcomes } = report.search
    expect(requests).toBeGreaterThan(5)
    // a trial fails, or the search
    for (const outcome of outcomes) expect(outcome).toContain('not enough memory')
  }, 240_000)
})
