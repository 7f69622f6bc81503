import { PRESETS, type PresetName, type TrainingConfig } from '../../train/presets.js'
import type { SearchBase, SearchGrid } from './grid.js'
import { isConditional, type SearchSpace } from './space.js'

/** A search on MNIST. */
export interface SearchPreset {
  /** which rows are used, what their pixels mean, and what is the same in all trials */
  readonly training: TrainingConfig
  readonly grid: SearchGrid
  /** `searchBase` of the two */
  readonly base: SearchBase
}

/** What a training run's hyper-parameters mean to a search: all but those that vary in every trial. */
export function searchBase(training: TrainingConfig, grid: SearchSpace): SearchBase {
  const { learningRate, l2, l2Biases, hidden, activation, init, epochs, batchSize, sampling, evaluateOn } = training
  const { stepsPerEpoch, evaluateEvery, patience, stopOnCollapse } = training
  const base = {
    ...{ activation, init, learningRate, l2, l2Biases, epochs, batchSize, sampling, evaluateOn, stopOnCollapse },
    hidden: hidden.length === 1 ? hidden[0] : hidden,
    stepsPerEpoch: stepsPerEpoch ?? undefined,
    evaluateEvery: evaluateEvery ?? undefined,
    earlyStopping: patience === null ? undefined : { patience },
  }
  const kept = Object.entries(base).filter(([key, value]) => {
    return value !== undefined && (!(key in grid) || isConditional(grid[key as keyof SearchSpace]))
  })
  return Object.fromEntries(kept)
}

function preset(training: TrainingConfig, grid: SearchGrid): SearchPreset {
  return { training, grid, base: searchBase(training, grid) }
}

/**
 * Searches to start from:
 * - `homework`: the 60 points of the NumPy homework this package generalises, with its protocol: raw pixels, batches drawn
 *   with replacement, L2 on weights and biases, 21 evaluations of all 70,000 rows in each trial
 * - `quick`: eight small networks on a part of the rows: seconds on any backend
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
}
