import type { TrialSummary } from '../../core/results.js'
import type { SelectBy, Selection } from '../study/study.js'

/** Negative when `a` is the better trial. Only completed trials compete; the earlier one wins a tie. */
export function compareTrials(a: TrialSummary, b: TrialSummary, selection: Selection): number {
  return cost(a, selection) - cost(b, selection) || a.trial - b.trial
}

/** 1-based place of each completed trial by its number, best first; equal results share the place of the first. */
export function rankTrials(trials: readonly TrialSummary[], selection: Selection): Map<number, number> {
  const completed = trials.filter((trial) => competes(trial, selection))
  completed.sort((a, b) => compareTrials(a, b, selection))
  const ranks = new Map<number, number>()
  completed.forEach((trial, i) => {
    const tied = i > 0 && cost(completed[i - 1], selection) === cost(trial, selection)
    ranks.set(trial.trial, tied ? ranks.get(completed[i - 1].trial)! : i + 1)
  })
  return ranks
}

/** Whether a trial can be the best: collapsed and failed ones cannot, whatever they had reached before. */
export function competes(trial: TrialSummary, { selectBy, metric }: Selection): boolean {
  return trial.state === 'completed' && Number.isFinite(trial[selectBy]?.[metric])
}

/** What to tell whoever reads the result of a search that was selected by the test set. */
export function selectionCaution(selectBy: SelectBy): string | null {
  if (selectBy === 'valid') return null
  return (
    'selected by the TEST set: the test result of the best trial is optimistic, because it is the best of many on the ' +
    'same rows; report the test result of the trial that validation selects'
  )
}

/** Lower is better; finite for every trial that competes. */
function cost(trial: TrialSummary, { selectBy, metric }: Selection): number {
  const value = trial[selectBy]![metric]
  return metric === 'accuracy' ? -value : value
}
