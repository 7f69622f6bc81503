import { nowMs } from '../core/timers.js'
import { fit } from '../train/fit.js'
import type { BenchCase } from './case.js'
import { networkOf, OPTIMIZER, stepFlopsOf } from './network.js'

/** Layer sizes, and rows per batch. */
const SIZES: readonly (readonly [layers: readonly number[], B: number])[] = [
  [[30, 100, 2], 32],
  [[30, 100, 2], 200],
  [[10, 32, 3], 32],
  [[100, 256, 10], 64],
  [[384, 128, 5], 64],
]

/** Epochs per sample, after one warm-up epoch, in which a run prepares its data and the engine optimises. */
const EPOCHS = 10

/** A step through `fit` of networks so small that overhead dominates: float32 inputs, no evaluation. */
export const SMALL_FIT_CASES: readonly BenchCase[] = SIZES.map(([layers, B]) => ({
  name: `fit ${layers.join('-')} B=${B}`,
  group: 'fit',
  flops: stepFlopsOf(layers, B),
  prepare: async (backend, data) => {
    const all = data.floats(layers[0], layers[layers.length - 1])
    const rows = all.take(all.length - (all.length % B))
    const stepsPerEpoch = rows.length / B
    const timed = async () => {
      const epochEnds: number[] = []
      await fit(networkOf(backend, layers), rows, {
        epochs: 1 + EPOCHS,
        batchSize: B,
        optimizer: OPTIMIZER,
        evaluateOn: [],
        callbacks: { onEpoch: () => void epochEnds.push(nowMs()) },
      })
      return ((epochEnds[EPOCHS] - epochEnds[0]) * 1000) / (EPOCHS * stepsPerEpoch)
    }
    return { timed }
  },
}))
