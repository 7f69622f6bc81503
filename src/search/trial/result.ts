import type { HistoryEntry, SetMetrics } from '../../core/results.js'
import type { FitTiming } from '../../train/fit-result.js'
import type { GridPoint } from '../space/grid.js'
import type { RungResult } from '../space/halving.js'
import type { TrialFold, TrialResult } from '../study/study.js'
import { summarizeFolds } from './fold-results.js'
import { metricsOf } from './run-task.js'
import type { TrialOutcome } from './task.js'

/** What came of a task, as it is kept: without the model, with who computed it. */
export interface TaskRecord {
  readonly trial: number
  readonly fold: number
  /** 0-based rung of successive halving that it has reached; 0 where there are none */
  readonly rung: number
  readonly worker: number | string
  readonly outcome: Omit<TrialOutcome, 'model'>
}

/**
 * What a trial's tasks make of it, all of them at their end.
 *
 * @param records one for each fold, in their order
 */
export function trialResult(point: GridPoint, records: readonly TaskRecord[]): TrialResult {
  const { trial, params, config } = point
  const { worker, outcome } = records[records.length - 1]
  if (records.length > 1) return { trial, params, ...overFolds(records), config, worker }
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

/** A trial that successive halving gives up after a rung. */
export function prunedResult(point: GridPoint, records: readonly TaskRecord[], rung: number): TrialResult {
  const result = trialResult(point, records)
  return result.state === 'completed' ? { ...result, state: 'pruned', rung } : { ...result, rung }
}

/** What successive halving needs to know of a trial at the end of a rung. */
export function rungResult(trial: number, records: readonly TaskRecord[]): RungResult {
  const folds = records.map(({ outcome }) => trialFold(outcome))
  const { state, valid, test } = summarizeFolds(folds)
  const isPaused = state === 'completed' && records.some(({ outcome }) => outcome.state === 'paused')
  return { trial, state: isPaused ? 'paused' : state, ...(valid && { valid }), ...(test && { test }) }
}

function overFolds(records: readonly TaskRecord[]) {
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
