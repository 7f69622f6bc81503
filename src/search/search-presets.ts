import type { InputScale } from '../core/scale.js'
import type { SearchBase, SearchGrid } from './grid.js'

/** Which rows of MNIST a search uses, and what their pixels mean. */
export interface SearchData {
  readonly scale: InputScale
  /** share of the training rows drawn for validation, between 0 and 1 */
  readonly validFraction: number
  /** use only the first so many rows; null for all */
  readonly limitTrain: number | null
  readonly limitTest: number | null
}

export interface SearchPreset {
  readonly data: SearchData
  readonly grid: SearchGrid
  readonly base: SearchBase
}

export const SEARCH_PRESET_NAMES = ['homework', 'quick'] as const
export type SearchPresetName = (typeof SEARCH_PRESET_NAMES)[number]

/**
 * Searches to start from:
 * - `homework`: the 60 points of the NumPy homework this package generalises, with its protocol: raw pixels, batches drawn
 *   with replacement, L2 on weights and biases, 21 evaluations of all 70,000 rows in each trial
 * - `quick`: eight small networks on a part of the rows: seconds on any backend
 */
export const SEARCH_PRESETS: Readonly<Record<SearchPresetName, SearchPreset>> = {
  homework: {
    data: { scale: 'raw', validFraction: 0.2, limitTrain: null, limitTest: null },
    grid: {
      learningRate: [0.001, 0.005, 0.01, 0.05, 0.075],
      l2: [0.005, 0.01, 0.05, 0.1],
      hidden: [128, 256, 512],
    },
    base: {
      l2Biases: true,
      activation: 'relu',
      init: 'homework',
      epochs: 7,
      batchSize: 256,
      // 60,000 / 256, although only 48,000 rows train
      stepsPerEpoch: 234,
      sampling: 'replacement',
      evaluateEvery: 100,
      evaluateOn: ['train', 'valid', 'test'],
    },
  },
  quick: {
    data: { scale: 'unit', validFraction: 0.2, limitTrain: 6000, limitTest: 2000 },
    grid: { learningRate: [0.05, 0.2], l2: [0.0001, 0.001], hidden: [32, 64] },
    base: {
      activation: 'relu',
      init: 'he',
      epochs: 3,
      batchSize: 64,
      sampling: 'shuffle',
      evaluateEvery: 50,
      evaluateOn: ['valid', 'test'],
    },
  },
}
