import { SharedPrograms } from '../train/shared-programs.js'
import { TrainingStep } from '../train/step.js'
import type { BenchCase } from './case.js'
import { around, checkFinite, epochOfBatches, type NetworkSize, network, OPTIMIZER, stepFlops } from './network.js'

const SIZES: readonly (readonly [H: number, networks: readonly number[]])[] = [
  [128, [1, 2, 4]],
  [256, [1, 2]],
  [512, [1, 2]],
]

/** Steps of networks of one size on the same batches, in turn, as a search trains them: the time of one step of one of them. */
export const STACK_CASES: readonly BenchCase[] = SIZES.flatMap(([H, counts]) =>
  counts.map((count) => stackCase({ B: 256, H }, count)),
)

function stackCase(size: NetworkSize, count: number): BenchCase {
  const name = `stack mnist B=${size.B} H=${size.H} x${count}`
  return {
    name,
    group: 'stack',
    flops: stepFlops(size),
    prepare: async (backend, data) => {
      const rows = await data.training('mnist')
      const shared = new SharedPrograms()
      const steps = Array.from({ length: count }, () => {
        return new TrainingStep(network(backend, size.H), rows, size.B, { shared })
      })
      const next = around(epochOfBatches(rows, size.B).flatMap((batch) => steps.map((step) => ({ step, batch }))))
      const rule = OPTIMIZER.rule(0)
      const call = () => {
        const { step, batch } = next()
        checkFinite(step.run(batch, rule), name)
      }
      return { call }
    },
  }
}
