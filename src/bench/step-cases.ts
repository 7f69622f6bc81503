import type { Samples } from '../data/samples.js'
import type { MLP } from '../model/mlp.js'
import { type Augmentation, augmentationOf } from '../train/augmentation.js'
import { type Optimizer, slotNames, slotsFor } from '../train/optimizers.js'
import { PRESETS } from '../train/presets.js'
import { TrainingStep } from '../train/step.js'
import type { BenchCase } from './case.js'
import type { Contents } from './data.js'
import {
  ADAM_W,
  around,
  checkFinite,
  epochOfBatches,
  type NetworkSize,
  network,
  networkOf,
  OPTIMIZER,
  stepFlops,
  stepFlopsOf,
  wordOf,
} from './network.js'
import type { Work } from './timing.js'

const SIZES: readonly NetworkSize[] = [
  { B: 256, H: 128 },
  { B: 256, H: 256 },
  { B: 256, H: 512 },
  { B: 64, H: 128 },
]

/** Of networks on rows of float32 without zeros. */
const LARGE = [784, 512, 10]
const SMALL = [384, 128, 5]

/** Whole training steps as in `fit`, on the batches of an epoch in turn; one of them on augmented images. */
export const STEP_CASES: readonly BenchCase[] = [
  ...(['dense', 'mnist'] as const).flatMap((contents) => SIZES.map((size) => stepCase(contents, size))),
  stepCase('mnist', { B: 256, H: 512 }, OPTIMIZER, augmentationOf(PRESETS.record, { imageShape: [28, 28] })),
  stepCase('mnist', { B: 128, H: 512 }, ADAM_W),
  stepCase('mnist', { B: 256, H: 512 }, ADAM_W),
  floatsCase(LARGE, 256, OPTIMIZER),
  floatsCase(SMALL, 64, OPTIMIZER),
  floatsCase(SMALL, 64, ADAM_W),
]

function stepCase(
  contents: Contents,
  size: NetworkSize,
  optimizer: Optimizer = OPTIMIZER,
  augmentation: Augmentation | null = null,
): BenchCase {
  const name = `step ${wordOf(optimizer)}${augmentation ? 'augmented' : contents} B=${size.B} H=${size.H}`
  return {
    name,
    group: 'step',
    flops: stepFlops(size),
    prepare: async (backend, data) => {
      return workOf(name, network(backend, size.H), await data.training(contents), size.B, optimizer, augmentation)
    },
  }
}

function floatsCase(layers: readonly number[], B: number, optimizer: Optimizer): BenchCase {
  const name = `step ${wordOf(optimizer)}floats ${layers.join('-')} B=${B}`
  return {
    name,
    group: 'step',
    flops: stepFlopsOf(layers, B),
    prepare: async (backend, data) => {
      const rows = data.floats(layers[0], layers[layers.length - 1])
      return workOf(name, networkOf(backend, layers), rows, B, optimizer)
    },
  }
}

function workOf(
  name: string,
  model: MLP,
  rows: Samples,
  B: number,
  optimizer: Optimizer,
  augmentation: Augmentation | null = null,
): Work {
  const slots = slotsFor(model, slotNames(optimizer.rule(0), { averageDecay: 0 }))
  const step = new TrainingStep(model, rows, B, { augmentation, slots })
  let steps = 0
  const next = around(epochOfBatches(rows, B))
  return {
    call: () => {
      const rule = optimizer.rule(steps)
      checkFinite(step.run(next(), rule, undefined, steps++), name)
    },
  }
}
