import type { Collapse, HistoryEntry } from '../../core/results.js'
import type { FitTiming } from '../../train/fit-result.js'
import type { TrialConfig } from '../space/parameters.js'

/** One piece of work: a trial (or one fold of it), up to a step. */
export interface TrialTask {
  readonly trial: number
  /** 0 where there are no folds */
  readonly fold: number
  readonly config: TrialConfig
  /** a rung of successive halving: pause after so many steps of the whole run; null: to the end */
  readonly untilStep: number | null
}

/** What came of a task, as data that can be posted between threads and machines. */
export interface TrialOutcome {
  /** 'paused': `untilStep` was reached before the end; the last checkpoint handed out is where it goes on */
  readonly state: 'completed' | 'collapsed' | 'failed' | 'paused'
  /** why it collapsed or failed */
  readonly reason?: string
  /** of the whole run, what was done before a checkpoint included; up to where a failed one failed */
  readonly history: readonly HistoryEntry[]
  /** the evaluation with the best validation so far; null where there was none */
  readonly best: HistoryEntry | null
  readonly collapsed: Collapse | null
  /** steps done in the whole run; null where it failed */
  readonly steps: number | null
  /** `parametersDigest` of the model; null where it failed or is paused */
  readonly digest: string | null
  /** seconds; null where it failed */
  readonly timing: FitTiming | null
  /** the model as `saveModel` writes it, with the parameters of `best`; null where it failed or is paused */
  readonly model: Uint8Array | null
}

export interface TaskCallbacks {
  /** also called again when another worker takes the task over; local workers have numbers from 0 */
  readonly onStart: (worker: number | string) => void
  /** @param share of the steps of the whole run done, 0..1 */
  readonly onEvaluation: (entry: HistoryEntry, share: number) => void
  /** the state of the unfinished training as `encodeCheckpoint` writes it, about once a second; the last is the valid one */
  readonly onCheckpoint: (bytes: Uint8Array) => void | Promise<void>
}

/**
 * Whoever computes tasks: worker threads of this process, or workers that a queue reaches. What a task gives depends only
 * on the task and the data, never on the executor, the worker, or where it was interrupted.
 */
export interface Executor {
  /** how many tasks it likes to have at once */
  readonly slots: number
  /**
   * Runs a task from its beginning or a checkpoint. What goes wrong in training, or takes its workers down again and again,
   * is an outcome with state 'failed'. The promise of `onCheckpoint` for a pause is awaited before it resolves.
   *
   * @throws NativeMlpError ABORTED when the executor is closed meanwhile; anything else ends the study
   */
  run(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks): Promise<TrialOutcome>
  /** Ends what is running, each task with a last checkpoint where that can be had at once. May be called twice. */
  close(): Promise<void>
}
