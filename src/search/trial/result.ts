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
  /** the evaluation with the best validation; null where it failed before any */
  readonly best: HistoryEntry | null
  /** steps done; null where it failed */
  readonly steps: number | null
  /** `parametersDigest` of the fold's checkpoint; null where it failed */
  readonly digest: string | null
}

type MetricsOfSets = { readonly [set in 'train' | 'valid' | 'test']?: SetMetrics }

/** Summary of a trial over its folds: `train`, `valid` and `test` are means. */
export interface FoldsSummary extends MetricsOfSets {
  readonly state: FoldResult['state']
  readonly reason?: string
  /** steps of all folds together; null where one failed */
  readonly steps: number | null
  /** standard deviations over the folds, of the population, as NumPy's `std` and scikit-learn's `std_test_score` */
  readonly std: MetricsOfSets
}

/**
 * Mean and deviation of a trial over its folds, and how it ended: failed where a fold failed, else collapsed where one
 * collapsed, with the reason of the first such fold. A trial with a failed fold has no metrics.
 *
 * @param folds all folds of one trial, in their order
 */
export function summarizeFolds(folds: readonly FoldResult[]): FoldsSummary {
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

/** Each set that every fold was evaluated on. */
function overFolds(folds: readonly FoldResult[], of: (values: readonly number[]) => number): MetricsOfSets {
  const sets = (['train', 'valid', 'test'] as const).flatMap((set) => {
    const metrics = folds.map(({ best }) => best?.[set])
    if (!metrics.every((each) => each !== undefined)) return []
    const over = (metric: keyof SetMetrics) => of(metrics.map((each) => each[metric]))
    return [[set, { loss: over('loss'), accuracy: over('accuracy') }]]
  })
  return Object.fromEntries(sets)
}

/** Summed in order: the same values give the same bits. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) * (value - middle))))
}

/** The fields of a trial that the table of a study shows. */
export interface TableTrial extends TrialSummary {
  /** steps done, in all folds together; null where the trial failed */
  readonly steps?: number | null
  readonly digest?: string | null
  /** in their order; missing where the study has none */
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
 * means. All but `timing` and `worker` follows from the configuration, the data and the numeric family.
 */
export interface TrialResult extends TableTrial {
  readonly config: TrialConfig
  /** one entry per evaluation, up to where a failed trial failed; with folds those that all of them have, as means */
  readonly history: readonly HistoryEntry[]
  readonly collapsed: Collapse | null
  /** steps done, in all folds together; null where the trial failed */
  readonly steps: number | null
  /** `parametersDigest` of the checkpoint; null where the trial failed or was pruned, and with folds */
  readonly digest: string | null
  /** seconds, in all folds together; without what was interrupted; null where the trial failed */
  readonly timing: FitTiming | null
  /** 0-based number of the worker thread, or name of the worker on a queue, that had it last */
  readonly worker: number | string
  readonly folds?: readonly TrialFold[]
}

/** The outcome of a task without its model, and the worker that computed it. */
export interface TaskRecord {
  readonly trial: number
  readonly fold: number
  /** 0-based rung of successive halving that it has reached; 0 where there are none */
  readonly rung: number
  readonly worker: number | string
  readonly outcome: Omit<TrialOutcome, 'model'>
}

/**
 * The result of a trial whose tasks have all ended.
 *
 * @param records one for each fold, in their order
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
  // that of a paused fold is not known to be anything worse
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

/** The evaluations that all folds made, as means. */
function meanHistory(histories: readonly (readonly HistoryEntry[])[]): HistoryEntry[] {
  const [first, ...rest] = histories
  return first.flatMap((entry) => {
    const same = rest.map((history) => history.find(({ step }) => step === entry.step))
    const entries = [entry, ...same].filter((found) => found !== undefined)
    if (entries.length < histories.length) return []
    const sets = (['train', 'valid', 'test'] as const).filter((set) => entries.every((each) => each[set]))
    const means = sets.map((set) => [set, meanMetrics(entries.map((each) => each[set]!))])
    return [{ step: entry.step, epoch: entry.epoch, ...Object.fromEntries(means) }]
  })
}

function meanMetrics(metrics: readonly SetMetrics[]): SetMetrics {
  const mean = (key: keyof SetMetrics) => metrics.reduce((sum, each) => sum + each[key], 0) / metrics.length
  return { loss: mean('loss'), accuracy: mean('accuracy') }
}

/** Null where one is. */
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
