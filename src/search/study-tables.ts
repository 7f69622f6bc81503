import type { TrialSummary } from '../core/results.js'
import { type CsvValue, toCsv } from '../formats/csv.js'
import type { SearchGrid } from './grid.js'
import { rankTrials } from './select.js'
import type { Selection, TrialResult } from './study.js'

const SETS = ['valid', 'test', 'train'] as const

/**
 * The text of results.csv: one row a trial in trial order, `param_*` for what was varied, the metrics of the trial's
 * checkpoint, and its rank among the completed ones. It holds no times: equal studies give equal texts.
 *
 * @param trials finished ones, in any order; all of one study
 */
export function resultsCsv(
  trials: readonly TrialSummary[],
  selection: Selection & { readonly grid?: SearchGrid },
): string {
  const params = Object.keys(trials[0]?.params ?? selection.grid ?? {})
  const ranks = rankTrials(trials, selection)
  const columns = [
    ...['trial', 'state', 'reason', ...params.map((key) => `param_${key}`), 'best_step'],
    ...SETS.flatMap((set) => [`${set}_loss`, `${set}_accuracy`]),
    'rank',
  ]
  const rows = inOrder(trials).map((trial): CsvValue[] => [
    ...[trial.trial, trial.state, trial.reason, ...params.map((key) => trial.params[key]), trial.bestStep],
    ...SETS.flatMap((set) => [number(trial[set]?.loss), number(trial[set]?.accuracy)]),
    ranks.get(trial.trial),
  ])
  return toCsv(columns, rows)
}

/** The text of timings.csv: seconds of each trial, and the worker that ran it. */
export function timingsCsv(trials: readonly TrialResult[]): string {
  const columns = ['trial', 'worker', 'total_seconds', 'training_seconds', 'evaluation_seconds']
  const rows = inOrder(trials).map(({ trial, worker, timing }): CsvValue[] => {
    return [trial, worker, timing?.total, timing?.training, timing?.evaluation]
  })
  return toCsv(columns, rows)
}

/** One line of trials.jsonl, line feed included: all that is known of a trial. JSON has no NaN: it becomes null. */
export function trialLine(result: TrialResult): string {
  const { trial, state, reason, params, bestStep, train, valid, test } = result
  const { steps, collapsed, digest, timing, worker, config, history } = result
  const known = { trial, state, reason, params, bestStep, train, valid, test }
  return `${JSON.stringify({ ...known, steps, collapsed, digest, seconds: timing, worker, config, history })}\n`
}

function inOrder<T extends TrialSummary>(trials: readonly T[]): T[] {
  return [...trials].sort((a, b) => a.trial - b.trial)
}

/** The accuracy of a regression is an empty field. */
function number(value: number | undefined): CsvValue {
  return Number.isNaN(value) ? undefined : value
}
