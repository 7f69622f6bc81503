import type { BackendInfo } from '../../backend/index.js'
import type { HistoryEntry } from '../../core/results.js'
import type { NumericFamily } from '../../core/types.js'
import type { SamplesDescription } from '../../data/samples.js'
import type { TrialOutcome, TrialTask } from '../trial/task.js'

/** The sets of a fold, in shared memory. */
export interface SharedSets {
  readonly train: SamplesDescription
  readonly valid: SamplesDescription
  readonly test: SamplesDescription | null
}

/** What a worker thread starts with: the study's data. */
export interface WorkerInput {
  /** one where the study has no folds */
  readonly folds: readonly SharedSets[]
}

/**
 * To a worker: run this task, in lock-step with the others it has; `id` tells them apart. Or: hand out last checkpoints and
 * give up what is running.
 */
export type TrialRequest =
  | {
      readonly type: 'run'
      readonly id: number
      readonly task: TrialTask
      readonly checkpoint: Uint8Array | null
    }
  | { readonly type: 'stop' }

/** What a worker says of a task: its evaluations and checkpoints and what came of it. */
export type TaskMessage =
  | { readonly type: 'evaluation'; readonly entry: HistoryEntry; readonly share: number }
  | { readonly type: 'checkpoint'; readonly bytes: Uint8Array }
  | { readonly type: 'done'; readonly outcome: TrialOutcome }
  /** it cannot go on from the checkpoint, and waits for another task */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'stopped' }

/** From a worker: 'ready' once when it can take tasks. */
export type WorkerMessage =
  | ({ readonly type: 'ready'; readonly family: NumericFamily } & Pick<BackendInfo, 'isa' | 'threads'>)
  | ({ readonly id: number } & TaskMessage)
