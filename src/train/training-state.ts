import type { Collapse, HistoryEntry } from '../core/results.js'
import type { PatienceState } from './early-stopping.js'
import type { StopReason } from './fit-result.js'

/** Sums over the steps of an epoch. */
export interface EpochSums {
  /** of the losses of the rows, each before its update */
  loss: number
  correct: number
  rows: number
}

/** Everything a run knows beside the model, its best parameters and the batch stream, as plain data. */
export interface TrainingState {
  /** steps done */
  step: number
  readonly history: HistoryEntry[]
  best: HistoryEntry | null
  readonly patience: PatienceState
  collapsed: Collapse | null
  stopped: StopReason | null
  /** of the current epoch */
  epoch: EpochSums
}

export const NO_SUMS: Readonly<EpochSums> = { loss: 0, correct: 0, rows: 0 }
