import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Backend } from '../backend/backend.js'
import { delay } from '../core/timers.js'
import { type Samples, samples } from '../data/samples.js'
import type { MLP } from '../model/mlp.js'
import { evaluate } from '../train/evaluate.js'
import { fit } from '../train/fit.js'
import type { BenchCase } from './case.js'
import { type BenchData, CLASSES, PIXELS } from './data.js'
import { network, OPTIMIZER } from './network.js'

const H = 512
/** rows of a batch: number of steps */
const STEPS: Readonly<Record<number, number>> = { 64: 200, 4096: 8, 48000: 1 }
const KINDS = ['bytes', 'floats'] as const
type Kind = (typeof KINDS)[number]

/** What the event loop waits for in one run of the work: the 99th percentile in microseconds, to the millisecond. */
async function delayIn(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await delay(2)
  await work()
  await delay(2)
  histogram.disable()
  return histogram.percentile(99) / 1000
}

/** Arrays of their own, which nobody has measured yet. */
async function fresh(data: BenchData, kind: Kind): Promise<Samples> {
  const { values, labels, length } = await data.training('mnist')
  const used = values.subarray(0, length * PIXELS)
  const own = kind === 'bytes' ? used.slice() : Float32Array.from(used, (byte) => byte / 255)
  return samples({ values: own, cols: PIXELS, labels: labels!.slice(0, length), classes: CLASSES, scale: 'unit' })
}

function delayCase(name: string, kind: Kind, work: (model: MLP, rows: Samples) => Promise<unknown>): BenchCase {
  return {
    name: `delay ${name} ${kind}`,
    group: 'delay',
    flops: 0,
    prepare: async (backend: Backend, data: BenchData) => ({
      timed: async () => {
        const rows = await fresh(data, kind)
        const model = network(backend, H)
        return await delayIn(() => work(model, rows))
      },
    }),
  }
}

/** How long the event loop waits while 784-512-10 trains, is evaluated and predicts. */
export const DELAY_CASES: readonly BenchCase[] = KINDS.flatMap((kind) => [
  ...Object.entries(STEPS).map(([B, steps]) =>
    delayCase(`fit B=${B}`, kind, (model, rows) => {
      const batchSize = Math.min(Number(B), rows.length)
      const plan = { epochs: 1, stepsPerEpoch: steps, sampling: 'replacement' as const, batchSize, evaluateOn: [] }
      return fit(model, rows, { ...plan, optimizer: OPTIMIZER })
    }),
  ),
  delayCase('evaluate', kind, (model, rows) => evaluate(model, rows)),
  delayCase('predict', kind, (model, rows) => model.predict(rows.values)),
])
