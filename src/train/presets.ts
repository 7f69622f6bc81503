import { completed, type Needed, type TrainingConfig } from './config.js'
import { DEFAULT_LEARNING_RATE, DEFAULT_SCHEDULE } from './optimizers.js'

export const PRESET_NAMES = ['homework', 'quick', 'fast', 'accurate', 'record', 'general'] as const
export type PresetName = (typeof PRESET_NAMES)[number]

/** Adam with one cycle of the learning rate and smoothed labels: the two-layer network without augmentation at its best. */
const ONE_CYCLE = {
  hidden: [512],
  optimizer: 'adam',
  learningRate: 0.004,
  beta2: 0.95,
  schedule: 'oneCycle',
  labelSmoothing: 0.1,
  batchSize: 128,
  // few: the validation only watches, the learning rate ends at 0
  validFraction: 0.02,
  evaluateOn: ['valid'],
  selectBy: 'last',
} as const

const GIVEN: Readonly<Record<PresetName, Partial<TrainingConfig> & Needed>> = {
  homework: {
    scale: 'raw',
    hidden: [512],
    init: 'homework',
    learningRate: 0.005,
    l2: 0.05,
    l2Biases: true,
    epochs: 7,
    batchSize: 256,
    // 60,000 / 256, although only 48,000 rows train
    stepsPerEpoch: 234,
    sampling: 'replacement',
    evaluateEvery: 100,
    evaluateOn: ['train', 'valid', 'test'],
    selectBy: 'firstAccuracy',
  },
  quick: {
    limitTrain: 12_000,
    hidden: [64],
    learningRate: 0.2,
    l2: 0.0001,
    epochs: 4,
    batchSize: 64,
    evaluateEvery: 50,
    evaluateOn: ['train', 'valid'],
  },
  fast: { ...ONE_CYCLE, epochs: 2 },
  accurate: { ...ONE_CYCLE, hidden: [1024], learningRate: 0.003, epochs: 6 },
  record: {
    hidden: [1024],
    optimizer: 'momentum',
    nesterov: true,
    learningRate: 0.4,
    schedule: 'oneCycle',
    warmup: 0.1,
    labelSmoothing: 0.1,
    batchSize: 128,
    epochs: 30,
    elasticAlpha: 22,
    rotation: 10,
    scaling: 0.1,
    shear: 0.1,
    translation: 0.3,
    validFraction: 0.02,
    evaluateOn: ['valid'],
    selectBy: 'last',
  },
  general: {
    hidden: [128],
    optimizer: 'adamW',
    learningRate: DEFAULT_LEARNING_RATE,
    schedule: DEFAULT_SCHEDULE,
    epochs: 20,
  },
}

/**
 * Predefined runs, with one seed for split, init and batches:
 * - `homework`: the protocol of the NumPy homework this package generalises, at the best point of its search: raw pixels,
 *   784-512-10, batches drawn with replacement, L2 on weights and biases; test accuracy on MNIST 0.975 +- 0.001
 * - `quick`: a small network on a subset of the rows; takes seconds on any backend
 * - `fast`: 784-512-10 without augmentation, Adam with one cycle of the learning rate and label smoothing, 2 epochs
 * - `accurate`: the same with 1,024 hidden units, for 6 epochs
 * - `record`: 784-1024-10 on augmented images, Nesterov momentum with one cycle of the learning rate, 30 epochs
 * - `general`: what the command line does with other data than MNIST: AdamW as the default of `fit`, 128 hidden units
 */
export const PRESETS: Readonly<Record<PresetName, TrainingConfig>> = {
  homework: completed(GIVEN.homework),
  quick: completed(GIVEN.quick),
  fast: completed(GIVEN.fast),
  accurate: completed(GIVEN.accurate),
  record: completed(GIVEN.record),
  general: completed(GIVEN.general),
}
