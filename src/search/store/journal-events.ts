import type { FitTiming } from '../../train/fit-result.js'
import type { TrialFold, TrialResult } from '../study/study.js'
import type { TrialOutcome } from '../trial/task.js'

export const JOURNAL_FORMAT = 'native-mlp journal'
/** Rises with every change of what a line means. */
export const JOURNAL_VERSION = 1

/** The first line of a journal. */
export interface JournalHeader {
  readonly format: typeof JOURNAL_FORMAT
  readonly formatVersion: typeof JOURNAL_VERSION
  /** of the package that began it */
  readonly version: string
  /** what decides the results, and so what a resumed study must have in common with it */
  readonly study: Readonly<Record<string, unknown>>
  /** sha256 of what the sets hold */
  readonly data: string
  /** maybe one that this version does not know */
  readonly family: { readonly name: string; readonly contract: number }
  /** what whoever began it wants to know when it goes on: where the data are, for example */
  readonly about: Readonly<Record<string, unknown>>
}

interface Written {
  /** when, in ISO 8601; nothing follows from it */
  readonly at?: string
}

/** A worker has begun a task, or goes on with it; of those that are lost in a crash nothing follows. */
export interface StartEvent extends Written {
  readonly event: 'start'
  readonly trial: number
  readonly fold: number
  readonly worker: number | string
}

/** A fold has ended, or a task is paused at a rung; a trial's only fold ends with the trial. */
export interface TaskEvent extends Written, Omit<TrialOutcome, 'timing' | 'model'> {
  readonly event: 'task'
  readonly trial: number
  readonly fold: number
  /** position in the rungs of successive halving; the last where there are none */
  readonly rung: number
  readonly seconds: FitTiming | null
  readonly worker: number | string
}

/** A trial has ended. */
export interface TrialEvent extends Written, Omit<TrialResult, 'timing' | 'folds'> {
  readonly event: 'trial'
  readonly seconds: FitTiming | null
  readonly folds?: readonly (Omit<TrialFold, 'timing'> & { readonly seconds: FitTiming | null })[]
}

/** A process goes on with the study. */
export interface ResumedEvent extends Written {
  readonly event: 'resumed'
}

/** Any line of a journal but the first. */
export type JournalEvent = StartEvent | TaskEvent | TrialEvent | ResumedEvent
