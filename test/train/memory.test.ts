import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { nativeStatus } from '#native'

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
      expect(outcomes[0]).toBe('NativeMlpError OUT_OF_MEMORY: fit: not enough memory')
      expect(outcomes[1]).toMatch(/^(ok|NativeMlpError OUT_OF_MEMORY: predict: not enough memory)$/)
      expect(count).toBe(100)
    },
    60_000,
  )
})
