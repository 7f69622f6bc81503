import type { Collapse, HistoryEntry } from '../core/results.js'
import type { TrainingCheckpoint } from './checkpoint.js'
import type { Waiting } from './early-stopping.js'
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
  readonly waiting: Waiting
  collapsed: Collapse | null
  stopped: StopReason | null
  /** of the current epoch */
  epoch: EpochSums
}

export const NO_SUMS: Readonly<EpochSums> = { loss: 0, correct: 0, rows: 0 }

/** Where a run begins: at step 0, or at its checkpoint. */
export function firstState(checkpoint: TrainingCheckpoint | null): TrainingState {
  if (checkpoint === null) {
    const waiting = { reference: null, evaluations: 0 }
    return { step: 0, history: [], best: null, waiting, collapsed: null, stopped: null, epoch: { ...NO_SUMS } }
  }
  const { step, history, best, waiting, collapsed, epoch } = checkpoint
  return {
    step,
    history: [...history],
    best: best === null ? null : history[best],
    waiting: { ...waiting },
    collapsed,
    stopped: null, // a run that has stopped has no checkpoint
    epoch: { ...epoch },
  }
}
