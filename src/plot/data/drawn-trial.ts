import { integerInRange, objectOf, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { HistoryEntry, TrialSummary } from '../../core/results.js'
import { cleanText, formatCount, formatShort, labelOf } from '../page/text.js'
import { isBetter, metricOf, type SearchMetric } from './trial-metric.js'

export type ParameterValue = number | string | boolean

/** A trial for figures of a search: a result of a study, or a line of its trials.jsonl. */
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
    objectOf(`trials[${i}].params`, trial.params, 'an object of values')
  })
}

/** The value that ranks a trial: NaN unless it completed with a finite metric. */
export function scoreOf(trial: DrawnTrial, metric: SearchMetric): number {
  return trial.state === 'completed' ? metricOf(trial, metric) : Number.NaN
}

/** Best first; trials without a score last; ties in trial order. */
export function rankedTrials<T extends DrawnTrial>(trials: readonly T[], metric: SearchMetric): T[] {
  const better = isBetter(metric)
  return [...trials].sort((a, b) => {
    const [x, y] = [scoreOf(a, metric), scoreOf(b, metric)]
    if (better(x, y)) return -1
    return better(y, x) ? 1 : a.trial - b.trial
  })
}

/** Names of the parameters of any trial, in order of first appearance. */
export function parameterNames(trials: readonly DrawnTrial[]): string[] {
  return [...new Set(trials.flatMap(({ params }) => Object.keys(params)))]
}

/** Parameters that differ among trials, or that some trials do not have. */
export function variedParameters(trials: readonly DrawnTrial[]): string[] {
  return parameterNames(trials).filter((name) => new Set(trials.map(({ params }) => params[name])).size > 1)
}

/** 'learning rate 0.005, L2 0.1': those of the named parameters that the trial has. */
export function parameterWords(params: DrawnTrial['params'], names: readonly string[]): string {
  return names
    .filter((name) => params[name] !== undefined)
    .map((name) => `${labelOf(name)} ${valueText(params[name])}`)
    .join(', ')
}

/** A parameter value with at most three significant digits, or exactly where that is short. */
export function valueText(value: ParameterValue): string {
  return typeof value === 'number' ? formatShort(value) : cleanText(String(value))
}

/** Number of trials in a state. */
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
