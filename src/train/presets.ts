import type { InputScale } from '../core/scale.js'
import type { Activation } from '../core/types.js'
import type { BatchMode } from '../data/batches.js'
import type { Init } from '../model/initializers.js'
import type { SetName } from './fit-options.js'

/** The hyper-parameters of a training run as plain JSON, named as `samples`, `MLP`, `sgd` and `fit` name them. */
export interface TrainingConfig {
  /** what a pixel means to the network */
  readonly scale: InputScale
  /** share of the training rows drawn for validation, between 0 and 1 */
  readonly validFraction: number
  /** seed of what is drawn for validation; null: the seed of the run */
  readonly splitSeed: number | null
  /** whether the rows are divided with the same share of each class */
  readonly stratified: boolean
  /**
   * validate on this part, from 0, of so many parts of the training rows and train on the others, see `kFold`; null: on
   * `validFraction` of them
   */
  readonly fold: readonly [fold: number, folds: number] | null
  /** use only the first so many rows; null for all */
  readonly limitTrain: number | null
  readonly limitTest: number | null
  /** units of each hidden layer; [] for none */
  readonly hidden: readonly number[]
  readonly activation: Activation
  readonly init: Init
  readonly learningRate: number
  readonly l2: number
  readonly l2Biases: boolean
  readonly epochs: number
  readonly batchSize: number
  /** null: as many as it takes to see every row once */
  readonly stepsPerEpoch: number | null
  readonly sampling: BatchMode
  /** steps between evaluations, counted anew in each epoch; null: once, at the end of each epoch */
  readonly evaluateEvery: number | null
  readonly evaluateOn: readonly SetName[]
  /** evaluations without improvement after which training stops; null: never */
  readonly patience: number | null
  /** end the run at the evaluation that finds it collapsed */
  readonly stopOnCollapse: boolean
}

export const PRESET_NAMES = ['homework', 'quick'] as const
export type PresetName = (typeof PRESET_NAMES)[number]

/**
 * Runs to start from, with the same seed for split, init and batches:
 * - `homework`: the protocol of the NumPy homework this package generalises, at the best point of its search: raw pixels,
 *   784-512-10, batches drawn with replacement, L2 on weights and biases; 0.975 of MNIST's test rows right, give or take 0.001
 * - `quick`: a small network on a part of the rows: seconds on any backend
 */
export const PRESETS: Readonly<Record<PresetName, TrainingConfig>> = {
  homework: {
    scale: 'raw',
    validFraction: 0.2,
    splitSeed: null,
    stratified: false,
    fold: null,
    limitTrain: null,
    limitTest: null,
    hidden: [512],
    activation: 'relu',
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
    patience: null,
    stopOnCollapse: false,
  },
  quick: {
    scale: 'unit',
    validFraction: 0.2,
    splitSeed: null,
    stratified: false,
    fold: null,
    limitTrain: 12_000,
    limitTest: null,
    hidden: [64],
    activation: 'relu',
    init: 'he',
    learningRate: 0.2,
    l2: 0.0001,
    l2Biases: false,
    epochs: 4,
    batchSize: 64,
    stepsPerEpoch: null,
    sampling: 'shuffle',
    evaluateEvery: 50,
    evaluateOn: ['train', 'valid'],
    patience: null,
    stopOnCollapse: false,
  },
}
