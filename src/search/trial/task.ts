import { invalidFile, shortened } from '../../core/errors.js'
import { isOnRequest } from '../../core/metrics.js'
import type { Collapse, HistoryEntry, SetMetrics } from '../../core/results.js'
import type { Samples } from '../../data/samples.js'
import { checkJson } from '../../formats/json.js'
import { decodeModel } from '../../io/model-bytes.js'
import { outcomeSchema } from '../../io/outcome-schema.js'
import { LOSS_INFO } from '../../model/losses.js'
import { picked, stepsPerEpochOf } from '../../train/config.js'
import type { FitTiming } from '../../train/fit-result.js'
import { modelOptionsOf } from '../../train/from-config.js'
import { SET_NAMES } from '../../train/hyper-parameter-kinds.js'
import type { TrialConfig } from '../space/parameters.js'

/** A unit of work: a trial (or one of its folds), up to a step. */
export interface TrialTask {
  readonly trial: number
  /** 0 without folds */
  readonly fold: number
  readonly config: TrialConfig
  /** end of a rung of successive halving: pause after this many steps of the whole run; null: to the end */
  readonly untilStep: number | null
}

/** The result of a task, as data that can be posted between threads and machines. */
export interface TrialOutcome {
  /** 'paused': `untilStep` was reached before the end; the task continues from its last checkpoint */
  readonly state: 'completed' | 'collapsed' | 'failed' | 'paused'
  /** why it collapsed or failed */
  readonly reason?: string
  /** of the whole run, including the part before a checkpoint; of a failed run up to its failure */
  readonly history: readonly HistoryEntry[]
  /** the evaluation with the best validation so far; null if there was none */
  readonly best: HistoryEntry | null
  readonly collapsed: Collapse | null
  /** steps done in the whole run; null if it failed */
  readonly steps: number | null
  /** `parametersDigest` of the model; null if it failed or is paused */
  readonly digest: string | null
  /** seconds; null if it failed */
  readonly timing: FitTiming | null
  /** the model in the format of `saveModel`, with the parameters of `best`; null if it failed or is paused */
  readonly model: Uint8Array | null
}

export interface TaskCallbacks {
  /** called again when another worker takes over the task; local workers are numbered from 0 */
  readonly onStart: (worker: number | string) => void
  /** @param share fraction of the steps of the whole run done, 0..1 */
  readonly onEvaluation: (entry: HistoryEntry, share: number) => void
  /** the unfinished training in the format of `encodeCheckpoint`, about once a second; only the last is valid */
  readonly onCheckpoint: (bytes: Uint8Array) => void | Promise<void>
  /**
   * Checks that a result can be that of the task, before the executor accepts it from another machine. The search checks
   * the result of `run` in any case.
   *
   * @param checkpoint that of a paused task, if it comes with the result
   * @throws NativeMlpError INVALID_FILE or INVALID_ARGUMENT
   */
  readonly check?: (outcome: TrialOutcome, checkpoint: Uint8Array | null) => void
}

/**
 * Executes tasks on local worker threads or remote queue workers. The outcome depends only on the task and the data, never on
 * the executor, the worker or interruptions.
 */
export interface Executor {
  /** number of tasks to run at once */
  readonly slots: number
  /**
   * Runs a task from its beginning or a checkpoint. An error in training, or repeated crashes
   * of its workers, give an outcome with state 'failed'. The promise of `onCheckpoint` for a pause is awaited before it resolves.
   *
   * @throws NativeMlpError ABORTED when the executor is closed meanwhile; anything else ends the study
   */
  run(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks): Promise<TrialOutcome>
  /** Stops all tasks, each with a last checkpoint if that is possible within a time limit. May be called twice. */
  close(): Promise<void>
}

/** The sets that a task is evaluated on. */
export interface TaskData {
  readonly train: Samples
  readonly test?: Samples
}

/**
 * Checks that an outcome can be that of a task on these sets: its fields go with its state, its steps, evaluations and best
 * with the task, and its model has the shape that the task gives it.
 *
 * @param where name of the outcome in errors
 * @throws NativeMlpError INVALID_FILE
 */
export function checkOutcome(outcome: TrialOutcome, task: TrialTask, data: TaskData, where: string): void {
  const error = (problem: string) => invalidFile(where, problem)
  checkJson(outcomeSchema, outcome, { what: '', error })
  const problem = stateProblem(outcome, task, data) ?? historyProblem(outcome, task, data)
  if (problem !== null) throw error(problem)
  if (outcome.model !== null) checkModelShape(outcome.model, task, data, where)
}

function stateProblem(outcome: TrialOutcome, { config, untilStep }: TrialTask, data: TaskData): string | null {
  const { state, reason, best, collapsed, steps, digest, timing, model } = outcome
  const { epochs, patience, stopOnCollapse } = picked(config, ['epochs', 'patience', 'stopOnCollapse'])
  const total = epochs * stepsPerEpochOf(config, data.train.length)
  const end = Math.min(total, untilStep ?? total)
  if ((reason !== undefined) !== (state === 'failed' || collapsed !== null)) return `state ${state}: wrong reason`
  if ((model === null) !== (digest === null)) return 'expected both a model and its digest, or neither'
  if (state === 'failed') return steps === null && digest === null ? null : 'a failed trial has no steps and no model'
  if (state === 'paused') {
    return digest === null && steps === end && end < total
      ? null
      : `expected a pause at step ${untilStep}, got ${steps}`
  }
  if (state !== (collapsed === null ? 'completed' : 'collapsed')) return `state ${state} contradicts its collapse`
  if (best === null || digest === null || timing === null) return `incomplete result of a trial with state ${state}`
  const isShort = patience !== null || stopOnCollapse
  const isInRange = steps !== null && (steps === total || (isShort && steps > 0)) && steps <= end
  return isInRange ? null : `expected ${isShort ? 'at most ' : ''}${end} steps, got ${steps}`
}

function historyProblem({ history, best, collapsed, steps }: TrialOutcome, task: TrialTask, data: TaskData) {
  const { config } = task
  const { evaluateOn, loss, epochs, selectBy } = picked(config, ['evaluateOn', 'loss', 'epochs', 'selectBy'])
  const expected: readonly string[] = evaluateOn ?? (data.test ? ['valid', 'test'] : ['valid'])
  const perEpoch = stepsPerEpochOf(config, data.train.length)
  let last = -1
  for (const entry of history) {
    const { step, epoch } = entry
    if (step <= last || step >= (steps ?? epochs * perEpoch)) return `evaluation at step ${step} after step ${last}`
    if (epoch !== Math.floor(step / perEpoch)) return `evaluation at step ${step} of epoch ${epoch}`
    last = step
    for (const set of SET_NAMES) {
      const metrics = entry[set]
      if ((metrics !== undefined) !== expected.includes(set)) return `evaluation at step ${step} on other sets`
      if (metrics && Number.isNaN(metrics.accuracy) === LOSS_INFO[loss].hasAccuracy) {
        return `${set} at step ${step}: accuracy ${metrics.accuracy} with loss '${loss}'`
      }
      if (metrics && isOnRequest(selectBy) && metrics[selectBy] === undefined)
        return `${set} at step ${step}: no ${selectBy}`
    }
  }
  if (best !== null && !history.some((entry) => isSameEntry(entry, best))) return 'its best is not in its history'
  if (collapsed && !history.some(({ step }) => step === collapsed.step)) return 'its collapse is not in its history'
  return null
}

function isSameEntry(a: HistoryEntry, b: HistoryEntry): boolean {
  return a.step === b.step && a.epoch === b.epoch && SET_NAMES.every((set) => hasSameMetrics(a[set], b[set]))
}

function hasSameMetrics(a: Partial<SetMetrics> = {}, b: Partial<SetMetrics> = {}): boolean {
  const names = Object.keys({ ...a, ...b }) as (keyof SetMetrics)[]
  return names.every((name) => Object.is(a[name], b[name]))
}

function checkModelShape(bytes: Uint8Array, { config }: TrialTask, { train }: TaskData, where: string): void {
  const model = decodeModel(bytes, where)
  const { layers, ...options } = modelOptionsOf(config, train)
  const [expected, found] = [layers, model.layerSizes].map((sizes) => sizes.join('-'))
  if (expected !== found) throw invalidFile(where, `expected a model ${expected}, got ${shortened(found)}`)
  for (const key of ['activation', 'outputActivation', 'loss', 'inputScale', 'inputKind'] as const) {
    if (options[key] === model[key]) continue
    throw invalidFile(where, `its model: expected ${key} ${options[key]}, got ${model[key]}`)
  }
}
