import { isCallable } from '../core/callable.js'
import { knownOptions } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import type { FilePath, Signal } from '../core/platform.js'
import type { LoadedData } from '../data/load.js'
import type { Samples } from '../data/samples.js'
import type { SearchGrid } from './space/grid.js'
import type { SearchSpace } from './space/space.js'
import type { StrategyOptions } from './space/strategy.js'
import type { StudyFolder } from './store/folder.js'
import type { SearchCallbacks, StudyHeader } from './study/study.js'
import type { StackOption } from './threads/stack.js'
import type { SelectBy, SelectionMetric } from './trial/ranking.js'
import type { Executor } from './trial/task.js'

/** What chooses the best trial, e.g. 'valid.accuracy': a metric (docs/metrics.md) of a set, at each trial's own checkpoint. */
export type Objective = `${SelectBy}.${SelectionMetric}`

export interface SearchOptions extends StrategyOptions {
  /** what `loadData` returns, or sets from elsewhere */
  readonly data: Partial<Pick<LoadedData, 'recipe' | 'schema' | 'source' | 'notes'>> & {
    readonly train: Samples
    /** chooses each trial's checkpoint and the best trial; default: drawn from train; none with folds */
    readonly valid?: Samples
    /** only looked at, unless the objective is of 'test' */
    readonly test?: Samples
  }
  /** only so many training rows, the first, validation included; null (default): all */
  readonly limitTrain?: number | null
  /** only so many test rows, the first; null (default): all */
  readonly limitTest?: number | null
  /** share of the training rows drawn for validation, between 0 and 1; default 0.2; none with `data.valid` */
  readonly validFraction?: number
  /** k-fold cross-validation instead of a validation set: k >= 2; the objective is the mean over the folds */
  readonly folds?: number
  /** give every fold, or the validation set that is drawn, the same share of each class; default false */
  readonly stratified?: boolean
  /** of the validation set that is drawn, or of the folds; default base.seed, or 1 */
  readonly splitSeed?: number
  /** trials run at the same time, each on one thread; changes no result; default: the number of cores */
  readonly workers?: number
  /**
   * how many trials on the same batches through networks of the same shape each worker trains in lock-step; changes no
   * result; 'auto' (default): as many as is fast; false: one at a time
   */
  readonly stack?: StackOption
  /** default 'valid.accuracy', 'valid.loss' for regression; or `selectBy` and `metric` */
  readonly objective?: Objective
  /** default 'valid'; 'test' makes the test result of the best trial optimistic, and a process warning says so */
  readonly selectBy?: SelectBy
  /** default 'accuracy', or 'loss' for regression; another one is measured in every evaluation of every trial */
  readonly metric?: SelectionMetric
  /** keep the checkpoint of every trial, not only of the best; default false */
  readonly keepModels?: boolean
  /** where the study is kept, so that it can be resumed; a path stands for `new StudyFolder(path, { resume })` */
  readonly folder?: StudyFolder | FilePath
  /** with the path of a folder: go on with the study there, if there is one; default false */
  readonly resume?: boolean
  /** who computes, opened for this study and closed at its end; default: worker threads of this process */
  readonly executor?: (header: StudyHeader) => Executor | Promise<Executor>
  /** each is called, in this order */
  readonly callbacks?: SearchCallbacks | readonly SearchCallbacks[]
  /** ends the study with an error of code ABORTED; with a folder, after the last checkpoints of what was running */
  readonly signal?: Signal
}

/** A search of every point of a grid. */
export type GridSearchOptions = Omit<
  SearchOptions,
  'grid' | 'space' | 'strategy' | 'trials' | 'seed' | 'halving' | 'tpe'
> & {
  readonly grid: SearchGrid | SearchSpace
}

const GRID_OPTION_NAMES: readonly (keyof GridSearchOptions)[] = [
  ...(['data', 'grid', 'base', 'workers', 'stack', 'selectBy', 'metric', 'keepModels', 'callbacks', 'signal'] as const),
  ...(['objective', 'folds', 'stratified', 'splitSeed', 'repeats', 'folder', 'resume', 'executor'] as const),
  ...(['limitTrain', 'limitTest', 'validFraction'] as const),
]

export const OPTION_NAMES = {
  gridSearch: GRID_OPTION_NAMES,
  search: [...GRID_OPTION_NAMES, 'space', 'strategy', 'trials', 'seed', 'halving', 'tpe'],
} as const

const NAMES: readonly (keyof SearchCallbacks)[] = [
  'onStart',
  'onTrialStart',
  'onTrialProgress',
  'onTrialPause',
  'onTrialEnd',
]

/** One set of callbacks that calls each of them in turn. @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION */
export function checkCallbacks(callbacks: SearchCallbacks | readonly SearchCallbacks[]): Required<SearchCallbacks> {
  const isList = Array.isArray(callbacks)
  // without the holes of a sparse list
  const list: readonly SearchCallbacks[] = Array.from(isList ? callbacks : [callbacks])
  list.forEach((set, i) => {
    const where = isList ? `callbacks[${i}]` : 'callbacks'
    knownOptions(where, set ?? null, NAMES)
    for (const name of NAMES) {
      if (set[name] === undefined || isCallable(set[name])) continue
      throw invalidArgument(`${where}.${name}`, 'a function', set[name])
    }
  })
  return {
    onStart: async (header) => {
      for (const { onStart } of list) await onStart?.(header)
    },
    onTrialStart: (event) => {
      for (const { onTrialStart } of list) onTrialStart?.(event)
    },
    onTrialProgress: (event) => {
      for (const { onTrialProgress } of list) onTrialProgress?.(event)
    },
    onTrialPause: (event) => {
      for (const { onTrialPause } of list) onTrialPause?.(event)
    },
    onTrialEnd: async (event) => {
      for (const { onTrialEnd } of list) await onTrialEnd?.(event)
    },
  }
}
