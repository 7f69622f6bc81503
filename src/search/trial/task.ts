import type { Collapse, HistoryEntry } from '../../core/results.js'
import type { FitTiming } from '../../train/fit-result.js'
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
