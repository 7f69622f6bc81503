import { type Name, picked, type TrainingConfig } from '../../train/config.js'
import { PRESETS, type PresetName } from '../../train/presets.js'
import type { SearchBase, SearchGrid } from './grid.js'
import { TRIAL_NAMES } from './parameters.js'
import { isConditional, type SearchSpace } from './space.js'

/** A search on MNIST. */
export interface SearchPreset {
  /** the rows, the scale of their pixels, and the options fixed in all trials */
  readonly training: TrainingConfig
  readonly grid: SearchGrid
  /** `searchBase` of the two */
  readonly base: SearchBase
}

/** Hyper-parameters of a training run for a search: those of a trial, without the varied ones. */
export function searchBase(training: TrainingConfig, space: SearchSpace): SearchBase {
  const isFixed = (name: Name) => !(name in space) || isConditional(space[name as keyof SearchSpace])
  return picked(training, TRIAL_NAMES.filter(isFixed))
}

function preset(training: TrainingConfig, grid: SearchGrid): SearchPreset {
  return { training, grid, base: searchBase(training, grid) }
}

const ONE_CYCLE_GRID = { learningRate: [0.002, 0.004, 0.008], labelSmoothing: [0, 0.1], hidden: [256, 512] }

/**
 * Predefined searches:
 * - `homework`: the 60 points of the NumPy homework this package generalises, with its protocol: raw pixels, batches drawn
 *   with replacement, L2 on weights and biases, 21 evaluations of all 70,000 rows in each trial
 * - `quick`: eight small networks on a subset of the rows; takes seconds on any backend
 * - `fast`, `accurate`, `record`, `general`: some points around the run of the same name
 */
export const SEARCH_PRESETS: Readonly<Record<PresetName, SearchPreset>> = {
  homework: preset(PRESETS.homework, {
    learningRate: [0.001, 0.005, 0.01, 0.05, 0.075],
    l2: [0.005, 0.01, 0.05, 0.1],
    hidden: [128, 256, 512],
  }),
  quick: preset(
    {
      ...PRESETS.quick,
      limitTrain: 6000,
      limitTest: 2000,
      epochs: 3,
      evaluateEvery: null,
      evaluateOn: ['valid', 'test'],
    },
    { learningRate: [0.05, 0.2], l2: [0.0001, 0.001], hidden: [32, 64] },
  ),
  fast: preset(PRESETS.fast, ONE_CYCLE_GRID),
  accurate: preset(PRESETS.accurate, ONE_CYCLE_GRID),
  record: preset(PRESETS.record, { learningRate: [0.2, 0.4], elasticAlpha: [15, 22], rotation: [7.5, 10] }),
  general: preset(PRESETS.general, {
    learningRate: [0.001, 0.003, 0.01],
    weightDecay: [0.01, 0.1],
    hidden: [64, 256],
    dropout: [0, 0.2],
  }),
}
