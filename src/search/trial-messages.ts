import type { BackendInfo } from '../backend/index.js'
import type { HistoryEntry } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import type { SamplesDescription } from '../data/samples.js'
import type { TrialOutcome, TrialTask } from './task.js'

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

/** To a worker: run this task; one at a time. Or: hand out a last checkpoint and give up what is running. */
export type TrialRequest =
  | {
      readonly type: 'run'
      readonly task: TrialTask
      readonly checkpoint: Uint8Array | null
    }
  | { readonly type: 'stop' }

/** From a worker: once when it can take tasks, then for each its evaluations and checkpoints and what came of it. */
export type WorkerMessage =
  | ({ readonly type: 'ready'; readonly family: NumericFamily } & Pick<BackendInfo, 'isa' | 'threads'>)
  | { readonly type: 'evaluation'; readonly entry: HistoryEntry; readonly share: number }
  | { readonly type: 'checkpoint'; readonly bytes: Uint8Array }
  | { readonly type: 'done'; readonly outcome: TrialOutcome }
  /** it cannot go on from the checkpoint, and waits for another task */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'stopped' }
