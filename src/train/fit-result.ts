import type { Collapse, HistoryEntry } from '../core/results.js'

/** Why a run ended; 'paused': at `untilStep`, to be resumed or not. */
export type StopReason = 'completed' | 'early' | 'collapsed' | 'paused'

export interface FitResult {
  /** one entry per evaluation, in order; those before `resume` too */
  readonly history: readonly HistoryEntry[]
  /** the evaluation with the best validation (see `selectBy`); null when there was none */
  readonly best: HistoryEntry | null
  /** steps done, those before `resume` too */
  readonly steps: number
  readonly stopped: StopReason
  /** set when the hidden units were found dead */
  readonly collapsed: Collapse | null
  /** seconds; the only part of a result that differs between equal runs */
  readonly timing: FitTiming
}

export interface FitTiming {
  /** this call of `fit`, callbacks and pauses included */
  readonly total: number
  readonly training: number
  readonly evaluation: number
}
