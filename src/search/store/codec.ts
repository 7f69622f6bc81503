import type { GridPoint } from '../space/grid.js'
import type { StudyHeader, TrialFold, TrialResult } from '../study/study.js'
import type { TaskRecord } from '../trial/result.js'
import type { TaskEvent, TrialEvent } from './journal-events.js'

/** What decides the results of a study: all that a resumed one must have in common with it, beside data and family. */
export function studyIdentity(header: StudyHeader) {
  const { strategy, grid, base, seed, size, repeats, halving, selectBy, metric, keepModels } = header
  const { folds, stratified, splitSeed } = header
  return {
    strategy,
    grid,
    base,
    seed,
    size,
    repeats,
    halving,
    folds,
    stratified,
    splitSeed,
    selectBy,
    metric,
    keepModels,
  }
}

/** A task as a line of the journal. */
export function taskEvent({ trial, fold, rung, worker, outcome }: TaskRecord): TaskEvent {
  const { state, reason, best, history, collapsed, steps, digest, timing } = outcome
  const result = { state, reason, best, steps, collapsed, digest, seconds: timing, history }
  return { event: 'task', trial, fold, rung, ...result, worker }
}

/** @param event as it is read from the journal */
export function taskRecord(event: TaskEvent): TaskRecord {
  const { trial, fold, rung, worker, state, reason, best, history, collapsed, steps, digest, seconds } = event
  const outcome = { history, best, collapsed, steps, digest, timing: seconds }
  return { trial, fold, rung, worker, outcome: { state, ...(reason !== undefined && { reason }), ...outcome } }
}

/** A finished trial as a line of the journal. */
export function trialEvent(result: TrialResult): TrialEvent {
  const { trial, state, reason, rung, params, bestStep, train, valid, test } = result
  const { steps, collapsed, digest, timing, worker, config, history, folds } = result
  const known = { trial, state, reason, rung, params, bestStep, train, valid, test, steps, collapsed, digest }
  const parts = folds?.map(({ timing: seconds, ...fold }) => ({ ...fold, seconds }))
  return { event: 'trial', ...known, seconds: timing, worker, config, history, ...(parts && { folds: parts }) }
}

/** The result that the journal tells of; its point is that of the study. */
export function trialOf(event: TrialEvent, { params, config }: GridPoint): TrialResult {
  const { event: _, at: __, folds, seconds: timing, params: ___, config: ____, ...rest } = event
  const parts = folds?.map(({ seconds, ...fold }): TrialFold => ({ ...fold, timing: seconds }))
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return { ...(known as typeof rest), params, config, timing, ...(parts && { folds: parts }) }
}
