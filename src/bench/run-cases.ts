import { nowMs } from '../core/timers.js'
import { SetEvaluator } from '../train/evaluate.js'
import { fit } from '../train/fit.js'
import type { BenchCase } from './case.js'
import { CLASSES, PIXELS } from './data.js'
import { checkFinite, network, OPTIMIZER, stepFlops } from './network.js'

const B = 256

/** An epoch of `fit`, with everything between two evaluations: the time of one step. */
export const FIT_CASES: readonly BenchCase[] = [128, 512].map((H) => ({
  name: `fit mnist B=${B} H=${H}`,
  group: 'fit',
  flops: stepFlops({ B, H }),
  prepare: async (backend, data) => {
    const all = await data.training('mnist')
    const rows = all.take(all.length - (all.length % B))
    const probe = rows.take(1)
    const model = network(backend, H)
    const timed = async () => {
      const options = { valid: probe, epochs: 1, batchSize: B, optimizer: OPTIMIZER, keepBest: false }
      const { timing, steps } = await fit(model, rows, options)
      return (timing.training * 1e6) / steps
    }
    return { timed }
  },
}))

/** Loss and accuracy of many rows, as `fit` evaluates them. */
export const EVALUATE_CASES: readonly BenchCase[] = [128, 256, 512].map((H) => {
  const name = `evaluate mnist H=${H}`
  return {
    name,
    group: 'evaluate',
    flops: 2 * 70_000 * (PIXELS * H + H * CLASSES),
    prepare: async (backend, data) => {
      const rows = await data.evaluation()
      const evaluator = new SetEvaluator(network(backend, H))
      const timed = async () => {
        const start = nowMs()
        const { loss } = await evaluator.measure(rows, { name: 'bench' })
        checkFinite(loss, name)
        return ((nowMs() - start) * 1000 * 70_000) / rows.length
      }
      return { timed }
    },
  }
})
