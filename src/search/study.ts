import type { BackendInfo } from '../backend/index.js'
import type { Collapse, HistoryEntry, TrialSummary } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import type { MLP } from '../model/mlp.js'
import type { FitTiming } from '../train/fit-result.js'
import type { SearchBase, SearchGrid } from './grid.js'
import type { TrialConfig } from './trial-config.js'

export type SelectBy = 'valid' | 'test'
export type SelectionMetric = 'accuracy' | 'loss'

/** How the best trial is chosen: by this number of this set, at each trial's own checkpoint. */
export interface Selection {
  readonly selectBy: SelectBy
  readonly metric: SelectionMetric
}

/**
 * What came of one trial. Its metrics are those of its checkpoint, the evaluation with the best validation. All but
 * `timing` follows from the configuration, the data and the numeric family.
 */
export interface TrialResult extends TrialSummary {
  readonly config: TrialConfig
  /** one entry per evaluation, up to where a failed trial failed */
  readonly history: readonly HistoryEntry[]
  readonly collapsed: Collapse | null
  /** steps done; null where the trial failed */
  readonly steps: number | null
  /** `parametersDigest` of the checkpoint; null where the trial failed */
  readonly digest: string | null
  /** seconds; null where the trial failed */
  readonly timing: FitTiming | null
  /** 0-based number of the worker that ran it */
  readonly worker: number
}

/** What is known of a study before its first trial. */
export interface StudyHeader extends Selection {
  readonly grid: SearchGrid
  readonly base: SearchBase
  /** number of trials */
  readonly size: number
  /** rows of each set */
  readonly rows: { readonly train: number; readonly valid: number; readonly test: number | null }
  readonly workers: number
  readonly backend: BackendInfo['backend']
  readonly isa: string
  readonly family: NumericFamily
  /** why the figures of the best trial promise too much, where they do */
  readonly caution: string | null
}

export interface Study extends StudyHeader {
  /** null when no trial completed */
  readonly best: TrialResult | null
  /** the best trial's checkpoint */
  readonly bestModel: MLP | null
  /** in trial order */
  readonly trials: readonly TrialResult[]
  /** the checkpoint of each trial that did not fail; empty without `keepModels` */
  readonly models: ReadonlyMap<number, MLP>
  readonly seconds: number
}

export interface TrialStartEvent {
  readonly trial: number
  readonly params: TrialSummary['params']
  readonly worker: number
  /** about this share of the whole study's work, 0..1 */
  readonly weight: number
}

export interface TrialProgressEvent extends TrialStartEvent {
  /** the evaluation just made */
  readonly entry: HistoryEntry
  /** share of its steps done, 0..1 */
  readonly share: number
}

export interface TrialEndEvent {
  readonly result: TrialResult
  /** whether it is the best so far */
  readonly isBest: boolean
  /** its checkpoint when it is the best so far, or with `keepModels`; else null */
  readonly model: MLP | null
  /** trials finished, this one included */
  readonly finished: number
}

/** Where `gridSearch` hands out what happens. What a callback throws ends the study with that error. */
export interface SearchCallbacks {
  readonly onStart?: (header: StudyHeader) => void | Promise<void>
  readonly onTrialStart?: (event: TrialStartEvent) => void
  readonly onTrialProgress?: (event: TrialProgressEvent) => void
  /** one call at a time, in the order in which trials finish; the study does not end before its promise does */
  readonly onTrialEnd?: (event: TrialEndEvent) => void | Promise<void>
}
