import { nowMs } from '../core/timers.js'
import type { MLP } from '../model/mlp.js'
import type { BenchCase } from './case.js'
import { fillRandom } from './data.js'
import { networkOf } from './network.js'
import type { Work } from './timing.js'

const SIZES: readonly (readonly number[])[] = [
  [4, 16, 3],
  [30, 100, 2],
  [384, 100, 20],
]

/** Calls per sample: enough that a sample includes garbage collection. */
const CALLS = 200

/** Ways to predict one row. */
const WAYS: Readonly<Record<string, (model: MLP, row: Float32Array) => Work>> = {
  predict: (model, row) => ({
    timed: async () => {
      const start = nowMs()
      for (let i = 0; i < CALLS; i++) await model.predict(row)
      return ((nowMs() - start) * 1000) / CALLS
    },
  }),
  predictor: (model, row) => {
    const predictor = model.predictor({ capacity: 1 })
    return { call: () => void predictor.run(row) }
  },
}

/** Repeated predictions of one float32 row. */
export const PREDICT_CASES: readonly BenchCase[] = Object.entries(WAYS).flatMap(([way, work]) =>
  SIZES.map((layers) => ({
    name: `${way} ${layers.join('-')}`,
    group: 'predict' as const,
    flops: rowFlops(layers),
    prepare: async (backend) => {
      return work(networkOf(backend, layers), fillRandom(new Float32Array(layers[0]), 'bench row'))
    },
  })),
)

function rowFlops(layers: readonly number[]): number {
  return layers.slice(1).reduce((sum, outputs, l) => sum + 2 * layers[l] * outputs, 0)
}
