import { type Augmentation, augmentationOf } from '../train/augmentation.js'
import { PRESETS } from '../train/presets.js'
import { TrainingStep } from '../train/step.js'
import type { BenchCase } from './case.js'
import type { Contents } from './data.js'
import { around, checkFinite, epochOfBatches, type NetworkSize, network, OPTIMIZER, stepFlops } from './network.js'

const SIZES: readonly NetworkSize[] = [
  { B: 256, H: 128 },
  { B: 256, H: 256 },
  { B: 256, H: 512 },
  { B: 64, H: 128 },
]

/** Whole training steps as in `fit`, on the batches of an epoch in turn; one of them on augmented images. */
export const STEP_CASES: readonly BenchCase[] = [
  ...(['dense', 'mnist'] as const).flatMap((contents) => SIZES.map((size) => stepCase(contents, size))),
  stepCase('mnist', { B: 256, H: 512 }, augmentationOf(PRESETS.record, { imageShape: [28, 28] })),
]

function stepCase(contents: Contents, size: NetworkSize, augmentation: Augmentation | null = null): BenchCase {
  const name = `step ${augmentation ? 'augmented' : contents} B=${size.B} H=${size.H}`
  return {
    name,
    group: 'step',
    flops: stepFlops(size),
    prepare: async (backend, data) => {
      const rows = await data.training(contents)
      const step = new TrainingStep(network(backend, size.H), rows, size.B, { augmentation })
      let steps = 0
      const next = around(epochOfBatches(rows, size.B))
      const rule = OPTIMIZER.rule(0)
      return { call: () => checkFinite(step.run(next(), rule, undefined, steps++), name) }
    },
  }
}
