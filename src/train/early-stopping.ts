import { finiteInRange, integerInRange, knownOptions } from '../core/checks.js'
import type { HistoryEntry } from '../core/results.js'

export interface EarlyStopping {
  /** evaluations without improvement after which training stops, >= 1 */
  readonly patience: number
  /** what counts as an improvement: more than this better than the best so far; >= 0, default 0 */
  readonly minDelta?: number
}

/** Part of the training state. */
export interface Waiting {
  /** score the next improvement is measured against; null before the first evaluation */
  reference: number | null
  /** evaluations since it was set */
  evaluations: number
}

/** What `fit` selects by, larger is better: validation accuracy, or minus the validation loss for regression. */
export function score(entry: HistoryEntry): number {
  const { accuracy, loss } = entry.valid!
  return Number.isNaN(accuracy) ? -loss : accuracy
}

export function checkEarlyStopping(options: EarlyStopping): Required<EarlyStopping> {
  knownOptions('earlyStopping', options, ['patience', 'minDelta'])
  return {
    patience: integerInRange('earlyStopping.patience', options.patience, 1),
    minDelta: finiteInRange('earlyStopping.minDelta', options.minDelta ?? 0, 0),
  }
}

/** Counts one more evaluation; true when patience has run out. */
export function hasWaitedEnough(waiting: Waiting, current: number, options: Required<EarlyStopping>): boolean {
  if (waiting.reference === null || current > waiting.reference + options.minDelta) {
    waiting.reference = current
    waiting.evaluations = 0
    return false
  }
  waiting.evaluations++
  return waiting.evaluations >= options.patience
}
