import type { Collapse, HistoryEntry } from '../core/results.js'

/** Why a run ended. */
export type StopReason = 'completed' | 'early' | 'collapsed'

export interface FitResult {
  /** one entry per evaluation, in order */
  readonly history: readonly HistoryEntry[]
  /** the evaluation with the best validation (the earlier on ties); null when there was none */
  readonly best: HistoryEntry | null
  /** steps done */
  readonly steps: number
  readonly stopped: StopReason
  /** set when the hidden units were found dead */
  readonly collapsed: Collapse | null
  /** seconds; the only part of a result that differs between equal runs */
  readonly timing: FitTiming
}

export interface FitTiming {
  /** the whole run, callbacks and pauses included */
  readonly total: number
  readonly training: number
  readonly evaluation: number
}
