import type { LoadedData } from '../../data/load.js'
import type { SearchSpace } from '../../search/space/space.js'
import { PRESETS } from '../../train/presets.js'
import type { PartialConfig } from './config.js'
import type { SearchChoice } from './search-choice.js'
import { valuesForTask } from './task-values.js'

/** What a search on a table starts from, where neither a preset nor a space is given. */
export interface SearchDefaults {
  readonly training: Omit<PartialConfig, 'selectBy'>
  readonly space: SearchSpace
  readonly choice: Pick<SearchChoice, 'strategy' | 'trials' | 'metric'>
}

/** Points that are drawn. */
const TRIALS = 24

/** Around the values of the estimators: sizes, activation, and how strongly the network is kept from fitting noise. */
const SPACE: SearchSpace = {
  hidden: [[64], [128], [64, 64], [128, 128], [128, 128, 128]],
  activation: ['relu', 'silu'],
  learningRate: { logUniform: [0.0007, 0.007] },
  weightDecay: { logUniform: [0.01, 2] },
  dropout: [0, 0.1, 0.2, 0.3],
}

/** @param sets of a table */
export function tableSearchDefaults({ train, test }: Pick<LoadedData, 'train' | 'test'>): SearchDefaults {
  const values = valuesForTask({ preset: 'general', training: PRESETS.general, given: [], hasPreset: false }, train)
  const { loss, optimizer, epochs, batchSize, stratified } = values
  const isRanked = train.targets === null
  const evaluateOn = test === undefined ? (['valid'] as const) : (['valid', 'test'] as const)
  return {
    training: { preset: 'general', loss, optimizer, epochs, batchSize, stratified, evaluateOn },
    space: SPACE,
    choice: { strategy: 'random', trials: TRIALS, ...(!isRanked && { metric: 'loss' as const }) },
  }
}
