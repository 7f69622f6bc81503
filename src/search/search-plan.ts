import { availableParallelism } from 'node:os'
import { backendInfo, defaultBackend } from '../backend/index.js'
import { integerInRange, knownOptions, oneOf, signalOrNone, trueOrFalse } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import { Samples } from '../data/samples.js'
import { LOSS_INFO } from '../model/losses.js'
import { MLP } from '../model/mlp.js'
import { planFit } from '../train/fit-options.js'
import { expandGrid, type GridPoint, type SearchBase, type SearchGrid } from './grid.js'
import { fitOptions, modelOptions, type StudyData } from './run-trial.js'
import { selectionCaution } from './select.js'
import type { SearchCallbacks, SelectBy, Selection, SelectionMetric, StudyHeader } from './study.js'

export interface GridSearchOptions {
  readonly data: {
    readonly train: Samples
    /** chooses each trial's checkpoint and the best trial; default: 20 % of train, drawn from stream 'split' of base.seed */
    readonly valid?: Samples
    /** only looked at, unless selectBy is 'test' */
    readonly test?: Samples
  }
  readonly grid: SearchGrid
  readonly base?: SearchBase
  /** trials run at the same time, each on one thread; changes no result; default: the number of cores */
  readonly workers?: number
  /** default 'valid'; 'test' makes the test result of the best trial optimistic, and a process warning says so */
  readonly selectBy?: SelectBy
  /** default 'accuracy', or 'loss' for regression */
  readonly metric?: SelectionMetric
  /** keep the checkpoint of every trial, not only of the best; default false */
  readonly keepModels?: boolean
  /** each is called, in this order */
  readonly callbacks?: SearchCallbacks | readonly SearchCallbacks[]
  /** ends the study with an error of code ABORTED, giving up the trials that are running */
  readonly signal?: Signal
}

/** Options with every default filled in and every value checked. */
export interface SearchPlan {
  readonly header: StudyHeader
  readonly data: StudyData
  readonly points: readonly GridPoint[]
  readonly keepModels: boolean
  readonly callbacks: SearchCallbacks
  readonly signal: Signal | undefined
}

const OPTION_NAMES: readonly (keyof GridSearchOptions)[] = [
  'data',
  'grid',
  'base',
  'workers',
  'selectBy',
  'metric',
  'keepModels',
  'callbacks',
  'signal',
]
const CALLBACK_NAMES: readonly (keyof SearchCallbacks)[] = ['onStart', 'onTrialStart', 'onTrialProgress', 'onTrialEnd']
const MAX_WORKERS = 256

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong, before anything is computed */
export function planSearch(options: GridSearchOptions): SearchPlan {
  knownOptions('gridSearch', options ?? null, OPTION_NAMES)
  const { grid, base = {}, keepModels = false, callbacks = [], signal } = options
  const points = expandGrid(grid, base)
  const data = checkData(options.data, base)
  const selection = checkSelection(options, base, data)
  for (const point of points) checkPoint(point, data)
  trueOrFalse('keepModels', keepModels)
  signalOrNone('signal', signal)
  const workers = integerInRange('workers', options.workers ?? availableParallelism(), 1, MAX_WORKERS)
  const { backend, isa } = backendInfo()
  const header: StudyHeader = {
    grid,
    base,
    ...selection,
    size: points.length,
    rows: { train: data.train.length, valid: data.valid.length, test: data.test?.length ?? null },
    workers: Math.min(workers, points.length),
    backend,
    isa,
    family: defaultBackend().family,
    caution: selectionCaution(selection.selectBy),
  }
  return { header, data, points, keepModels, callbacks: checkCallbacks(callbacks), signal }
}

function checkData(data: GridSearchOptions['data'], { seed }: SearchBase): StudyData {
  knownOptions('data', data ?? null, ['train', 'valid', 'test'])
  for (const [name, set] of Object.entries(data)) {
    if (set !== undefined && !(set instanceof Samples)) throw invalidArgument(`data.${name}`, 'Samples', set)
  }
  const { train, valid, test } = data
  if (train === undefined) throw invalidArgument('data.train', 'Samples', train)
  return valid === undefined ? { ...train.split({ valid: 0.2, seed }), test } : { train, valid, test }
}

function checkSelection(options: GridSearchOptions, base: SearchBase, data: StudyData): Selection {
  const { loss = 'softmaxCrossEntropy', evaluateOn } = base
  const isClassifier = LOSS_INFO[loss].task === 'classification'
  const selectBy = oneOf('selectBy', options.selectBy ?? 'valid', ['valid', 'test'])
  const metric = oneOf('metric', options.metric ?? (isClassifier ? 'accuracy' : 'loss'), ['accuracy', 'loss'])
  if (metric === 'accuracy' && !isClassifier) throw invalidArgument('metric', `'loss' where loss is '${loss}'`, metric)
  if (data[selectBy] === undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', `selectBy: '${selectBy}' needs data.${selectBy}`)
  }
  for (const needed of new Set(['valid', selectBy] as const)) {
    if (evaluateOn === undefined || evaluateOn.includes(needed)) continue
    throw invalidArgument('base.evaluateOn', `a list with '${needed}', which selects`, evaluateOn)
  }
  return { selectBy, metric }
}

/** A network with a single hidden unit shows what is wrong with a trial's options without the cost of its own. */
function checkPoint({ trial, config, params }: GridPoint, data: StudyData): void {
  try {
    const model = new MLP({ ...modelOptions({ ...config, hidden: 1, init: 'he' }, data.train), seed: 1 })
    planFit(model, data.train, fitOptions(config, data))
  } catch (error) {
    if (!(error instanceof NativeMlpError)) throw error
    const where = Object.entries(params).map(([key, value]) => `${key} ${value}`)
    throw new NativeMlpError(error.code, `trial ${trial} (${where.join(', ')}): ${error.message}`, { cause: error })
  }
}

function checkCallbacks(callbacks: SearchCallbacks | readonly SearchCallbacks[]): SearchCallbacks {
  const isList = Array.isArray(callbacks)
  const list = (isList ? callbacks : [callbacks]) as readonly SearchCallbacks[]
  list.forEach((set, i) => {
    const where = isList ? `callbacks[${i}]` : 'callbacks'
    knownOptions(where, set ?? null, CALLBACK_NAMES)
    for (const name of CALLBACK_NAMES) {
      if (set[name] === undefined || typeof set[name] === 'function') continue
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
    onTrialEnd: async (event) => {
      for (const { onTrialEnd } of list) await onTrialEnd?.(event)
    },
  }
}
