import type { BackendInfo } from '../backend/index.js'
import type { HistoryEntry } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import type { SamplesDescription } from '../data/samples.js'
import type { TrialOutcome } from './run-trial.js'
import type { TrialConfig } from './trial-config.js'

/** What a worker thread starts with: the study's data, in shared memory. */
export interface WorkerInput {
  readonly train: SamplesDescription
  readonly valid: SamplesDescription
  readonly test: SamplesDescription | null
}

/** To a worker: run this trial; one at a time. */
export interface TrialRequest {
  readonly config: TrialConfig
}

/** From a worker: once when it can take trials, then for each trial its evaluations and what came of it. */
export type WorkerMessage =
  | ({ readonly type: 'ready'; readonly family: NumericFamily } & Pick<BackendInfo, 'isa' | 'threads'>)
  | { readonly type: 'evaluation'; readonly entry: HistoryEntry; readonly share: number }
  | { readonly type: 'done'; readonly outcome: TrialOutcome }
