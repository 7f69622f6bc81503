import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from '../../repo/source-graph.js'

/** Aborts 20 searches, each at a later moment of the start of its workers, and prints the open files before and after. */
const PROGRAM = `
  import { readdirSync } from 'node:fs'
  import { samples, search } from 'native-mlp'
  const values = Float32Array.from({ length: 400 }, (_, i) => i % 7)
  const all = samples({ values, cols: 4, labels: Int32Array.from({ length: 100 }, (_, i) => i % 2) })
  const options = { data: all.split({ valid: 0.2 }), grid: { learningRate: [0.1, 0.2, 0.3, 0.4] }, workers: 2 }
  const abortAfter = async (ms) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), ms)
    const base = { hidden: 4, epochs: 100000 }
    await search({ ...options, base, signal: controller.signal }).catch((error) => {
      if (error.code !== 'ABORTED') throw error
    })
  }
  await abortAfter(1000)
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 20; i++) await abortAfter(5 * i)
  console.log(before, readdirSync('/proc/self/fd').length)`

it.runIf(existsSync('/proc/self/fd'))(
  'an aborted search leaves no file open, whatever its workers were doing',
  {
    timeout: 120_000,
  },
  async () => {
    const args = ['--input-type=module', '-e', PROGRAM]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(ROOT, 'test') })
    const [before, after] = stdout.split(' ').map(Number)
    expect(after).toBeLessThanOrEqual(before + 2)
  },
)
