import type { BackendInfo } from '../../backend/index.js'
import type { HistoryEntry, TrialSummary } from '../../core/results.js'
import type { NumericFamily } from '../../core/types.js'
import type { Division } from '../../data/division.js'
import type { DataRecipe } from '../../data/spec.js'
import type { MLP } from '../../model/mlp.js'
import type { SearchBase } from '../space/grid.js'
import type { HalvingOptions } from '../space/halving.js'
import type { SearchSpace } from '../space/space.js'
import type { Strategy } from '../space/strategy.js'
import type { TpeOptions } from '../space/tpe.js'
import type { Selection } from '../trial/ranking.js'
import type { TrialResult } from '../trial/result.js'

/** What is known of a study before its first trial. */
export interface StudyHeader extends Selection, Division {
  readonly strategy: Strategy
  /** what varies */
  readonly grid: SearchSpace
  readonly base: SearchBase
  /** of the draws; null where every point of a grid is tried */
  readonly seed: number | null
  readonly halving: HalvingOptions | null
  /** of strategy 'tpe' */
  readonly tpe: Required<TpeOptions> | null
  /** trials of each point, with seeds of their own */
  readonly repeats: number
  readonly keepModels: boolean
  /** number of trials */
  readonly size: number
  /** rows of each set; with folds, of the first one's */
  readonly rows: { readonly train: number; readonly valid: number; readonly test: number | null }
  /** `dataDigest` of the sets as they were given */
  readonly dataDigest: string
  /** how `loadData` loads them again; null for sets from elsewhere */
  readonly recipe: DataRecipe | null
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
  /** the best trial's checkpoint; null with folds, where each trial has several: see `refit` */
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
  /** 0 where there are no folds */
  readonly fold: number
  readonly worker: number | string
  /** about this share of the whole study's work, 0..1 */
  readonly weight: number
}

export interface TrialProgressEvent extends TrialStartEvent {
  /** the evaluation just made */
  readonly entry: HistoryEntry
  /** share of the trial's steps done, of all its folds together, 0..1 */
  readonly share: number
}

export interface TrialPauseEvent {
  readonly trial: number
  /** 0-based rung of successive halving that it has reached; others decide whether it goes on */
  readonly rung: number
}

export interface TrialEndEvent {
  readonly result: TrialResult
  /** whether it is the best so far */
  readonly isBest: boolean
  /** its checkpoint when it is the best so far, or with `keepModels`; else null */
  readonly model: MLP | null
  /** trials finished, this one included */
  readonly finished: number
  /** about this share of the whole study's work, 0..1 */
  readonly weight: number
  /** it had finished before the study was resumed */
  readonly isEarlier: boolean
}

/** Where a search hands out what happens. What a callback throws ends the study with that error. */
export interface SearchCallbacks {
  readonly onStart?: (header: StudyHeader) => void | Promise<void>
  /** also when a trial goes on: after a pause, after a crash of its worker, in a resumed study; and for each fold */
  readonly onTrialStart?: (event: TrialStartEvent) => void
  readonly onTrialProgress?: (event: TrialProgressEvent) => void
  readonly onTrialPause?: (event: TrialPauseEvent) => void
  /** one call at a time, in the order in which trials finish; the study does not end before its promise does */
  readonly onTrialEnd?: (event: TrialEndEvent) => void | Promise<void>
}
