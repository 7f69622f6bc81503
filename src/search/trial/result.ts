import { checking, isObject, listOf, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { Collapse, HistoryEntry, SetMetrics, TrialSummary } from '../../core/results.js'
import type { FitTiming } from '../../train/fit-result.js'
import type { GridPoint } from '../space/grid.js'
import type { RungResult } from '../space/halving.js'
import type { TrialConfig } from '../space/parameters.js'
import { metricsOf } from './run-task.js'
import type { TrialOutcome } from './task.js'

/** Result of one fold of a trial. */
export interface FoldResult {
  readonly state: 'completed' | 'collapsed' | 'failed'
  /** why it collapsed or failed */
  readonly reason?: string
  /** the evaluation with the best validation; null if it failed before any */
  readonly best: HistoryEntry | null
  /** steps done; null if it failed */
  readonly steps: number | null
  /** `parametersDigest` of the fold's checkpoint; null if it failed */
  readonly digest: string | null
}

type MetricsOfSets = { readonly [set in 'train' | 'valid' | 'test']?: SetMetrics }

/** Summary of a trial over its folds: `train`, `valid` and `test` are means. */
export interface FoldsSummary extends MetricsOfSets {
  readonly state: FoldResult['state']
  readonly reason?: string
  /** steps of all folds together; null if one failed */
  readonly steps: number | null
  /** standard deviations over the folds, of the population, as NumPy's `std` and scikit-learn's `std_test_score` */
  readonly std: MetricsOfSets
}

/**
 * Mean and standard deviation of a trial over its folds, and its state: failed if a fold failed, else collapsed if one
 * collapsed, with the reason of the first such fold. A trial with a failed fold has no metrics.
 *
 * @param folds all folds of one trial, in order
 * @throws NativeMlpError INVALID_ARGUMENT for what are not results of folds
 */
export function summarizeFolds(folds: readonly FoldResult[]): FoldsSummary {
  return checking('folds', () => {
    listOf('folds', folds, 'results of folds').forEach((fold, i) => {
      oneOf(`folds[${i}].state`, Object(fold).state, FOLD_STATES)
      for (const set of SETS) checkMetrics(`folds[${i}].best.${set}`, Object(fold.best)[set])
    })
    return summarized(folds)
  })
}

const FOLD_STATES = ['completed', 'collapsed', 'failed'] as const
const SETS = ['train', 'valid', 'test'] as const

function checkMetrics(name: string, metrics: unknown): void {
  if (metrics !== undefined && !isObject(metrics)) throw invalidArgument(name, 'metrics', metrics)
}

function summarized(folds: readonly FoldResult[]): FoldsSummary {
  const failed = folds.findIndex(({ state }) => state === 'failed')
  const first = failed >= 0 ? failed : folds.findIndex(({ state }) => state === 'collapsed')
  const outcome = {
    state: folds[first]?.state ?? 'completed',
    ...(first >= 0 && { reason: `fold ${first}: ${folds[first].reason}` }),
  }
  if (failed >= 0) return { ...outcome, steps: null, std: {} }
  const steps = folds.reduce((sum, fold) => sum + (fold.steps ?? 0), 0)
  return { ...outcome, steps, ...overFolds(folds, mean), std: overFolds(folds, deviation) }
}

/** Sets that every fold was evaluated on. */
function overFolds(folds: readonly FoldResult[], of: (values: readonly number[]) => number): MetricsOfSets {
  const sets = SETS.flatMap((set) => {
    const metrics = folds.map(({ best }) => best?.[set])
    if (metrics.length === 0 || !metrics.every((each) => each !== undefined)) return []
    return [[set, overMetrics(metrics, of)]]
  })
  return Object.fromEntries(sets)
}

/** A number of each metric that all of them have. */
function overMetrics(metrics: readonly SetMetrics[], of: (values: readonly number[]) => number): SetMetrics {
  const names = (Object.keys(metrics[0]) as (keyof SetMetrics)[]).filter((name) => {
    return metrics.every((each) => each[name] !== undefined)
  })
  const values = names.map((name) => [name, of(metrics.map((each) => each[name]!))])
  return Object.fromEntries(values) as SetMetrics
}

/** Summed in order: the same values give the same bits. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) * (value - middle))))
}

/** The fields of a trial in the tables of a study. */
export interface TableTrial extends TrialSummary {
  /** steps done, in all folds together; null where the trial failed */
  readonly steps?: number | null
  readonly digest?: string | null
  /** in order; missing if the study has none */
  readonly folds?: readonly FoldResult[]
}

/** Result of one fold of a trial, with its history and timing. */
export interface TrialFold extends FoldResult {
  readonly history: readonly HistoryEntry[]
  readonly collapsed: Collapse | null
  readonly timing: FitTiming | null
}

/**
 * Result of one trial. Its metrics are those of its checkpoint, the evaluation with the best validation; with folds their
 * means. All except `timing` and `worker` depends only on the configuration, the data and the numeric family.
 */
export interface TrialResult extends TableTrial {
  readonly config: TrialConfig
  /** one entry per evaluation, of a failed trial up to its failure; with folds the means of common evaluations */
  readonly history: readonly HistoryEntry[]
  readonly collapsed: Collapse | null
  /** steps done, in all folds together; null where the trial failed */
  readonly steps: number | null
  /** `parametersDigest` of the checkpoint; null if the trial failed or was pruned, and with folds */
  readonly digest: string | null
  /** seconds, in all folds together, without interrupted work; null if the trial failed */
  readonly timing: FitTiming | null
  /** 0-based number of the worker thread, or name of the queue worker, that ran it last */
  readonly worker: number | string
  readonly folds?: readonly TrialFold[]
}

/** The outcome of a task without its model, and its worker. */
export interface TaskRecord {
  readonly trial: number
  readonly fold: number
  /** 0-based rung of successive halving; 0 without rungs */
  readonly rung: number
  readonly worker: number | string
  readonly outcome: Omit<TrialOutcome, 'model'>
}

/**
 * The result of a trial whose tasks have all ended.
 *
 * @param records one per fold, in order
 */
export function trialResult(point: GridPoint, records: readonly TaskRecord[]): TrialResult {
  const { trial, params, config } = point
  const { worker, outcome } = records[records.length - 1]
  if (records.length > 1) return { trial, params, ...resultOfFolds(records), config, worker }
  const { state, reason, best, history, collapsed, steps, digest, timing } = outcome
  return {
    trial,
    params,
    state: finalState(state),
    ...(reason !== undefined && { reason }),
    ...(best && { bestStep: best.step }),
    ...metricsOf(best),
    config,
    history,
    collapsed,
    steps,
    digest,
    timing,
    worker,
  }
}

/** The result of a trial that successive halving prunes after a rung. */
export function prunedResult(point: GridPoint, records: readonly TaskRecord[], rung: number): TrialResult {
  const result = trialResult(point, records)
  return result.state === 'completed' ? { ...result, state: 'pruned', rung } : { ...result, rung }
}

/** The metrics of a trial at the end of a rung, for the pruner. */
export function rungResult(trial: number, records: readonly TaskRecord[]): RungResult {
  const folds = records.map(({ outcome }) => trialFold(outcome))
  const { state, valid, test } = summarizeFolds(folds)
  const isPaused = state === 'completed' && records.some(({ outcome }) => outcome.state === 'paused')
  return { trial, state: isPaused ? 'paused' : state, ...(valid && { valid }), ...(test && { test }) }
}

function resultOfFolds(records: readonly TaskRecord[]) {
  const folds = records.map(({ outcome }) => trialFold(outcome))
  const { state, reason, steps, train, valid, test } = summarizeFolds(folds)
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(train && { train }),
    ...(valid && { valid }),
    ...(test && { test }),
    history: meanHistory(folds.map(({ history }) => history)),
    collapsed: folds.find(({ collapsed }) => collapsed)?.collapsed ?? null,
    steps,
    digest: null,
    timing: addTimings(folds.map(({ timing }) => timing)),
    folds,
  }
}

function trialFold({
  state,
  reason,
  best,
  steps,
  digest,
  history,
  collapsed,
  timing,
}: TaskRecord['outcome']): TrialFold {
  // a paused fold counts as completed unless it has collapsed
  const isCollapsed = state === 'paused' && collapsed !== null
  return {
    state: isCollapsed ? 'collapsed' : finalState(state),
    ...(reason !== undefined && { reason }),
    ...{ best, steps, digest, history, collapsed, timing },
  }
}

function finalState(state: TrialOutcome['state']): TrialFold['state'] {
  return state === 'paused' ? 'completed' : state
}

/** Means of the evaluations common to all folds. */
function meanHistory(histories: readonly (readonly HistoryEntry[])[]): HistoryEntry[] {
  const [first, ...rest] = histories
  return first.flatMap((entry) => {
    const same = rest.map((history) => history.find(({ step }) => step === entry.step))
    const entries = [entry, ...same].filter((found) => found !== undefined)
    if (entries.length < histories.length) return []
    const sets = SETS.filter((set) => entries.every((each) => each[set]))
    const means = sets.map((set) => [
      set,
      overMetrics(
        entries.map((each) => each[set]!),
        mean,
      ),
    ])
    return [{ step: entry.step, epoch: entry.epoch, ...Object.fromEntries(means) }]
  })
}

/** Null if one is null. */
export function addTimings(timings: readonly (FitTiming | null)[]): FitTiming | null {
  return timings.reduce((sum, timing) => {
    if (sum === null || timing === null) return null
    return {
      total: sum.total + timing.total,
      training: sum.training + timing.training,
      evaluation: sum.evaluation + timing.evaluation,
    }
  })
}
