import { isObject } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { isMetric, isOnRequest, type MetricName, metricRow, type StandardMetric } from '../../core/metrics.js'
import type { SetMetrics, TrialSummary } from '../../core/results.js'
import { type BestRule, compareMetrics } from '../../train/best.js'

/** The set whose metrics select the best trial. */
export type SelectBy = 'valid' | 'test'
export type SelectionMetric = StandardMetric | MetricName

/** The criterion for the best trial: this metric on this set, at each trial's checkpoint. */
export interface Selection {
  readonly selectBy: SelectBy
  readonly metric: SelectionMetric
  /** common to all trials; with `selectBy: 'firstAccuracy'` the loss does not break ties of the accuracy */
  readonly base?: { readonly selectBy?: BestRule | null }
}

/**
 * The hyper-parameters common to all trials: a study that is decided by the loss or by a metric that is computed on request
 * keeps each trial's checkpoint with the best value of it, unless `base` says otherwise.
 *
 * @param metric before its check
 */
export function withBestRule<Base extends { readonly selectBy?: BestRule | null }>(base: Base, metric: unknown): Base {
  const isChosen = metric === 'loss' || isOnRequest(metric)
  return isChosen && isObject(base) && (base.selectBy ?? null) === null ? ({ ...base, selectBy: metric } as Base) : base
}

/**
 * The parts of an objective such as 'valid.f1Macro'.
 *
 * @param where what messages call it
 * @throws NativeMlpError INVALID_ARGUMENT
 */
export function checkObjective(where: string, objective: unknown): Pick<Selection, 'selectBy' | 'metric'> {
  const [selectBy, metric, ...more] = typeof objective === 'string' ? objective.split('.') : []
  if ((selectBy === 'valid' || selectBy === 'test') && isMetric(metric) && more.length === 0)
    return { selectBy, metric }
  throw invalidArgument(
    where,
    "'valid' or 'test' and a metric, e.g. 'valid.accuracy', 'valid.loss', 'test.f1Macro'",
    objective,
  )
}

/** The fields of a trial that determine its rank. */
export interface RankedTrial {
  readonly trial: number
  readonly valid?: SetMetrics
  readonly test?: SetMetrics
}

/**
 * Negative when `a` is the better trial: by the metric and then by a lower loss, as `fit` selects its best evaluation. The earlier trial wins a remaining tie.
 */
function compareTrials(a: RankedTrial, b: RankedTrial, { selectBy, metric, base }: Selection): number {
  const rule = metric === 'accuracy' && base?.selectBy === 'firstAccuracy' ? 'firstAccuracy' : metric
  return compareMetrics(a[selectBy]!, b[selectBy]!, rule) || a.trial - b.trial
}

/** Trials that have the metric, best first. The caller filters by state. */
export function bestFirst<T extends RankedTrial>(trials: readonly T[], selection: Selection): T[] {
  return trials
    .filter((trial) => Number.isFinite(cost(trial, selection)))
    .sort((a, b) => compareTrials(a, b, selection))
}

/** Whether a trial can be the best: collapsed, failed and pruned ones cannot, whatever their metrics. */
function competes(trial: TrialSummary, selection: Selection): boolean {
  return trial.state === 'completed' && Number.isFinite(cost(trial, selection))
}

/** The best of the completed trials; null if none has completed. */
export function bestTrial<T extends TrialSummary>(trials: readonly T[], selection: Selection): T | null {
  const completed = trials.filter((trial) => competes(trial, selection))
  return bestFirst(completed, selection)[0] ?? null
}

/** Whether a trial is better than the best so far; null: there is none yet. */
export function isBetterTrial(trial: TrialSummary, best: TrialSummary | null, selection: Selection): boolean {
  return competes(trial, selection) && (best === null || compareTrials(trial, best, selection) < 0)
}

/** 1-based rank of each completed trial by its number, best first; equal metrics share the lowest rank. */
export function rankTrials(trials: readonly TrialSummary[], selection: Selection): Map<number, number> {
  const completed = bestFirst(
    trials.filter((trial) => competes(trial, selection)),
    selection,
  )
  const ranks = new Map<number, number>()
  completed.forEach((trial, i) => {
    const tied = i > 0 && cost(completed[i - 1], selection) === cost(trial, selection)
    ranks.set(trial.trial, tied ? ranks.get(completed[i - 1].trial)! : i + 1)
  })
  return ranks
}

/** A warning if the best trial is selected by the test set; null otherwise. */
export function selectionCaution(selectBy: SelectBy): string | null {
  if (selectBy === 'valid') return null
  return (
    'selected by the TEST set: the test result of the best trial is optimistic, because it is the best of many on the ' +
    'same rows; report the test result of the trial that validation selects'
  )
}

/** Lower is better; not finite if the trial was not measured. */
function cost(trial: RankedTrial, { selectBy, metric }: Selection): number {
  const value = trial[selectBy]?.[metric] ?? Number.NaN
  return metricRow(metric).better === 'higher' ? -value : value
}
