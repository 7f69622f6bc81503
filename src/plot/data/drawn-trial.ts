import { integerInRange, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { HistoryEntry, TrialSummary } from '../../core/results.js'
import { cleanText, formatCount, formatShort, labelOf } from '../page/text.js'
import { isBetter, metricOf, type SearchMetric } from './trial-metric.js'

export type ParameterValue = number | string | boolean

/** A trial as figures of a search take it: one of a study, or a line of its trials.jsonl. */
export interface DrawnTrial extends TrialSummary {
  /** its evaluations, for figures of its curve */
  readonly history?: readonly HistoryEntry[]
}

const STATES = ['completed', 'pruned', 'collapsed', 'failed'] as const

/** @throws NativeMlpError INVALID_ARGUMENT naming what is wrong */
export function checkTrials(trials: readonly DrawnTrial[]): void {
  if (!Array.isArray(trials) || trials.length === 0) throw invalidArgument('trials', 'at least one trial', trials)
  trials.forEach((trial, i) => {
    integerInRange(`trials[${i}].trial`, trial?.trial, 0)
    oneOf(`trials[${i}].state`, trial.state, STATES)
    if (typeof trial.params !== 'object' || trial.params === null) {
      throw invalidArgument(`trials[${i}].params`, 'an object of values', trial.params)
    }
  })
}

/** What competes: NaN unless the trial completed with a finite metric. */
export function competingValue(trial: DrawnTrial, metric: SearchMetric): number {
  return trial.state === 'completed' ? metricOf(trial, metric) : Number.NaN
}

/** Best first; those that do not compete last; the earlier trial wins a tie. */
export function rankedTrials<T extends DrawnTrial>(trials: readonly T[], metric: SearchMetric): T[] {
  const better = isBetter(metric)
  return [...trials].sort((a, b) => {
    const [x, y] = [competingValue(a, metric), competingValue(b, metric)]
    if (better(x, y)) return -1
    return better(y, x) ? 1 : a.trial - b.trial
  })
}

/** Names of the parameters that any trial has, in the order in which trials bring them. */
export function parameterNames(trials: readonly DrawnTrial[]): string[] {
  return [...new Set(trials.flatMap(({ params }) => Object.keys(params)))]
}

/** Those that are not the same in all trials; one that is missing in some is not. */
export function variedParameters(trials: readonly DrawnTrial[]): string[] {
  return parameterNames(trials).filter((name) => new Set(trials.map(({ params }) => params[name])).size > 1)
}

/** 'learning rate 0.005, L2 0.1': of the given parameters, those that the trial has. */
export function parameterWords(params: DrawnTrial['params'], names: readonly string[]): string {
  return names
    .filter((name) => params[name] !== undefined)
    .map((name) => `${labelOf(name)} ${valueText(params[name])}`)
    .join(', ')
}

/** Values as a person wrote them; those that a generator drew, with three digits. */
export function valueText(value: ParameterValue): string {
  return typeof value === 'number' ? formatShort(value) : cleanText(String(value))
}

/** How many trials are in a state: ' (12)'; for a note. */
export function stateCount(trials: readonly DrawnTrial[], state: DrawnTrial['state']): number {
  return trials.filter((trial) => trial.state === state).length
}

/** 'grey: pruned (12)' for each mark whose state occurs. */
export function stateNotes(
  trials: readonly DrawnTrial[],
  marks: readonly (readonly [state: DrawnTrial['state'], mark: string])[],
): string[] {
  return marks
    .filter(([state]) => stateCount(trials, state) > 0)
    .map(([state, mark]) => `${mark}: ${state} (${formatCount(stateCount(trials, state))})`)
}
