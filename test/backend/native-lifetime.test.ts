import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { nativeStatus } from '../../src/backend/native.js'

const status = nativeStatus()

/** Multiplies in workers only, so that Node unloads the addon when the last one ends while its threads are still parked. */
const PROGRAM = `
  const { Worker } = require('node:worker_threads')
  const inWorker = \`
    const { workerData, parentPort } = require('node:worker_threads')
    const native = require(workerData.path).open(workerData.isa, 2)
    const n = 256, a = new Float32Array(n * n).fill(1), c = new Float32Array(n * n)
    const multiply = () => native.gemm(Float64Array.of(0, 0, n, n, n, n, n, n), 1, a, a, 0, c)
    multiply()
    parentPort.postMessage(c[n * n - 1])
    if (workerData.forever) for (;;) multiply()
  \`
  const start = (forever) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(inWorker, { eval: true, workerData: { path: process.argv[1], isa: process.argv[2], forever } })
      worker.on('message', (value) => {
        console.log(value)
        if (forever) worker.terminate()
      })
      worker.on('error', reject)
      worker.on('exit', resolve)
    })
  const both = (forever) => Promise.all([start(forever), start(forever)])
  both(false).then(() => both(false)).then(() => both(true)).then(() => setTimeout(() => console.log('alive'), 100))`

// Without an addon there is nothing to unload.
describe.skipIf(!status.available)(
  `the addon in worker threads${status.available ? '' : ' (skipped: there is no addon)'}`,
  () => {
    it('outlives workers that end or are terminated in the middle of a call', () => {
      if (!status.available) return
      const child = spawnSync(process.execPath, ['-e', PROGRAM, status.path, status.automatic], { encoding: 'utf8' })
      expect({ stdout: child.stdout, stderr: child.stderr, status: child.status, signal: child.signal }).toEqual({
        stdout: `${'256\n'.repeat(6)}alive\n`,
        stderr: '',
        status: 0,
        signal: null,
      })
    })
  },
)
