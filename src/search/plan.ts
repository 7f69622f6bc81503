import { availableParallelism } from 'node:os'
import { backendInfo, defaultBackend } from '../backend/index.js'
import { isCallable } from '../core/callable.js'
import { integerInRange, knownOptions, oneOf, signalOrNone, trueOrFalse } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { checkMetricName, isOnRequest, type MetricName } from '../core/metrics.js'
import type { Signal } from '../core/platform.js'
import { LOSS_INFO, outputsFor } from '../model/losses.js'
import { MLP } from '../model/mlp.js'
import { picked } from '../train/config.js'
import { planFit } from '../train/fit-options.js'
import { fitOptionsOf, modelOptionsOf } from '../train/from-config.js'
import { hiddenSizes } from '../train/hyper-parameter-kinds.js'
import { checkMetricOfModel, checkMetricOfSet } from '../train/metrics/measure.js'
import { checkCallbacks, type GridSearchOptions, OPTION_NAMES, type SearchOptions } from './options.js'
import type { GridPoint, SearchBase } from './space/grid.js'
import { TRIAL_NAMES } from './space/parameters.js'
import type { Pruner } from './space/rungs.js'
import { type ChosenStrategy, chooseStrategy, prunerOf, type Sampler, samplerOf } from './space/strategy.js'
import { isStudyFolder, StudyFolder } from './store/folder.js'
import { planSets } from './study/sets.js'
import type { SearchCallbacks, StudyHeader } from './study/study.js'
import { checkStack, type StackOption } from './threads/stack.js'
import { checkObjective, type Selection, selectionCaution, withBestRule } from './trial/ranking.js'
import type { StudyData } from './trial/run-task.js'
import type { Executor } from './trial/task.js'

/** Options with every default filled in and every value checked. */
export interface SearchPlan {
  readonly header: StudyHeader
  /** the data of each fold; one where there are none */
  readonly folds: readonly StudyData[]
  /** as `pruner` of this study alone: it changes with its results */
  readonly sampler: Sampler
  readonly pruner: Pruner
  readonly folder: StudyFolder | null
  /** null: worker threads of this process */
  readonly executor: ((header: StudyHeader) => Executor | Promise<Executor>) | null
  readonly stack: StackOption
  readonly callbacks: Required<SearchCallbacks>
  readonly signal: Signal | undefined
}

const MAX_WORKERS = 256

/**
 * What `search` would do.
 *
 * @param given the options
 * @param caller the name of the function in messages about its options
 * @param chosen what `chooseStrategy` has made of the options; default: it is asked now
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong, before anything is computed
 */
export function planSearch(
  given: SearchOptions | GridSearchOptions,
  caller: keyof typeof OPTION_NAMES = 'search',
  chosen?: ChosenStrategy,
): SearchPlan {
  knownOptions(caller, given ?? null, OPTION_NAMES[caller])
  knownOptions('base', given.base, TRIAL_NAMES)
  const options = { ...given, base: withBestRule(given.base === undefined ? {} : given.base, metricOf(given)) }
  const { base, keepModels = false, callbacks = [], signal } = options
  const executor = options.executor ?? null
  const strategy = chosen ?? chooseStrategy(options)
  const { points } = strategy
  const sets = planSets(options, base)
  const [data] = sets.folds
  const selection = checkSelection(options, base, sets.folds)
  const smallest = [...sets.folds].sort((a, b) => a.train.length - b.train.length)[0]
  for (const point of points) checkPoint(point, smallest)
  if (executor !== null && !isCallable(executor)) throw invalidArgument('executor', 'a function', executor)
  const ranking = { ...selection, base }
  const header: StudyHeader = {
    ...headerOf(options, strategy),
    ...selection,
    ...sets.division,
    keepModels: trueOrFalse('keepModels', keepModels),
    rows: { train: data.train.length, valid: data.valid.length, test: data.test?.length ?? null },
    dataDigest: sets.digest,
    recipe: sets.recipe,
    caution: selectionCaution(selection.selectBy),
  }
  return {
    header,
    folds: sets.folds,
    sampler: samplerOf(strategy, ranking, (point) => checkPoint(point, smallest)),
    pruner: prunerOf(strategy, smallest.train.length, ranking),
    folder: checkFolder(options),
    executor,
    stack: checkStack(options.stack ?? 'auto'),
    callbacks: checkCallbacks(callbacks),
    signal: signalOrNone('signal', signal),
  }
}

/** Before its check. */
function metricOf({ metric, objective }: Pick<SearchOptions, 'metric' | 'objective'>): unknown {
  return typeof objective === 'string' ? objective.split('.')[1] : metric
}

function headerOf(options: SearchOptions | GridSearchOptions, chosen: ChosenStrategy) {
  const { base = {} } = options
  const { points, strategy, space, seed, halving, tpe, repeats } = chosen
  const workers = integerInRange('workers', options.workers ?? availableParallelism(), 1, MAX_WORKERS)
  const tasks = points.length * (options.folds ?? 1)
  const { backend, isa } = backendInfo()
  return {
    ...{ strategy, grid: space, base, seed, halving, tpe, repeats },
    size: points.length,
    workers: Math.min(workers, tasks),
    ...{ backend, isa },
    family: defaultBackend().family,
  }
}

function checkSelection(options: SearchOptions, base: SearchBase, folds: readonly StudyData[]): Selection {
  const [data] = folds
  const { loss, evaluateOn } = picked(base, ['loss', 'evaluateOn'])
  const isClassifier = LOSS_INFO[loss].hasAccuracy
  const { objective, ...given } = options
  if (objective !== undefined && (given.selectBy !== undefined || given.metric !== undefined)) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'objective: pass either objective or selectBy/metric, not both')
  }
  const both = objective === undefined ? given : checkObjective('objective', objective)
  const selectBy = oneOf('selectBy', both.selectBy ?? 'valid', ['valid', 'test'])
  const metric = checkMetricName('metric', both.metric ?? (isClassifier ? 'accuracy' : 'loss'))
  if (metric === 'accuracy' && !isClassifier) throw invalidArgument('metric', `'loss' where loss is '${loss}'`, metric)
  if (data[selectBy] === undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', `selectBy: '${selectBy}' needs data.${selectBy}`)
  }
  for (const needed of new Set(['valid', selectBy] as const)) {
    if (evaluateOn === null || evaluateOn.includes(needed)) continue
    throw invalidArgument('base.evaluateOn', `a list with '${needed}', which selects`, evaluateOn)
  }
  if (isOnRequest(metric)) checkOnRequest(metric, base, folds)
  return { selectBy, metric }
}

/** Trials measure only the metric of their best evaluation beside loss and accuracy, and in every fold. */
function checkOnRequest(metric: MetricName, base: SearchBase, folds: readonly StudyData[]): void {
  const { loss, evaluateOn, selectBy } = picked(base, ['loss', 'evaluateOn', 'selectBy'])
  if (selectBy !== metric) throw invalidArgument('base.selectBy', `'${metric}', which ranks the trials`, selectBy)
  const model = { loss, outputs: outputsFor(loss, folds[0].train) }
  checkMetricOfModel('metric', metric, model)
  folds.forEach((data, fold) => {
    for (const name of evaluateOn ?? (['valid', 'test'] as const)) {
      const set = data[name]
      const where = folds.length > 1 && name !== 'test' ? `data.${name} of fold ${fold}` : `data.${name}`
      if (set !== undefined) checkMetricOfSet(metric, model, set, where)
    }
  })
}

/** A network of as many layers with a single unit each shows what is wrong with a trial's options without the cost of its own. */
function checkPoint({ trial, config, params }: GridPoint, data: StudyData): void {
  try {
    const hidden = hiddenSizes(config.hidden).map(() => 1)
    const model = new MLP({ ...modelOptionsOf({ ...config, hidden, init: 'he' }, data.train), seed: 1 })
    planFit(model, data.train, { ...fitOptionsOf(config), valid: data.valid, test: data.test })
  } catch (error) {
    if (!(error instanceof NativeMlpError)) throw error
    const where = Object.entries(params).map(([key, value]) => `${key} ${value}`)
    throw new NativeMlpError(error.code, `trial ${trial} (${where.join(', ')}): ${error.message}`, { cause: error })
  }
}

function checkFolder({ folder, resume }: Pick<SearchOptions, 'folder' | 'resume'>): StudyFolder | null {
  if (resume !== undefined) trueOrFalse('resume', resume)
  if (folder === undefined) {
    if (resume === undefined) return null
    throw new NativeMlpError('INVALID_ARGUMENT', 'resume: needs folder')
  }
  if (!isStudyFolder(folder)) return new StudyFolder(folder, { resume })
  if (resume === undefined) return folder
  throw new NativeMlpError('INVALID_ARGUMENT', 'resume: needs folder as a path; a StudyFolder has its own')
}
