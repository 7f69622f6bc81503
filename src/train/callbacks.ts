import type { HistoryEntry } from '../core/results.js'
import type { TrainingCheckpoint } from './checkpoint.js'
import type { FitResult } from './fit-result.js'

export interface StartEvent {
  readonly epochs: number
  readonly stepsPerEpoch: number
  readonly batchSize: number
  /** epochs x stepsPerEpoch */
  readonly totalSteps: number
  /** steps done before: 0, or those of the checkpoint the run resumes from */
  readonly step: number
  /** rows of the training set */
  readonly rows: number
}

export interface StepEvent {
  /** 0-based, over the whole run */
  readonly step: number
  /** 0-based */
  readonly epoch: number
  /** rows of this batch */
  readonly rows: number
  /** mean loss of this batch before its update */
  readonly loss: number
  /** rows of this batch classified right before its update; 0 for regression */
  readonly correct: number
}

export interface EvaluationEvent {
  readonly entry: HistoryEntry
  /** whether this is the best validation so far */
  readonly isBest: boolean
}

export interface EpochEvent {
  /** 0-based */
  readonly epoch: number
  /** steps done in the whole run */
  readonly steps: number
  /** mean loss over the batches of this epoch, each taken before its update */
  readonly loss: number
  /** share classified right over the same batches; NaN for regression */
  readonly accuracy: number
}

export interface CheckpointEvent {
  /** an independent copy; training does not change it */
  readonly checkpoint: TrainingCheckpoint
}

/** Events of `fit`. If a callback throws or its promise rejects, the run ends with that error. */
export interface FitCallbacks {
  /** training waits for its promise, where it returns one */
  readonly onStart?: (event: StartEvent) => void
  /** called after each step: keep it short; training waits for its promise, where it returns one */
  readonly onStep?: (event: StepEvent) => void
  /** training waits for its promise */
  readonly onEvaluation?: (event: EvaluationEvent) => void | Promise<void>
  /** training waits for its promise */
  readonly onEpoch?: (event: EpochEvent) => void | Promise<void>
  /**
   * called between two steps every `checkpointEveryMs`, when `untilStep` is reached, and a last time when the signal fires,
   * before `fit` ends with ABORTED; training waits for its promise
   */
  readonly onCheckpoint?: (event: CheckpointEvent) => void | Promise<void>
  readonly onEnd?: (result: FitResult) => void | Promise<void>
}
