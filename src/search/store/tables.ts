import { checking, integerInRange, listOf, objectOf, oneOf } from '../../core/checks.js'
import { checkMetricName, isOnRequest } from '../../core/metrics.js'
import type { SetMetrics, TrialSummary } from '../../core/results.js'
import { packageVersion } from '../../core/version.js'
import { MAX_FOLDS } from '../../data/division.js'
import { type CsvValue, toCsv } from '../../formats/csv.js'
import type { StudyHeader } from '../study/study.js'
import { rankTrials, type Selection } from '../trial/ranking.js'
import { type FoldResult, summarizeFolds, type TableTrial, type TrialResult } from '../trial/result.js'
import { trialEvent } from './codec.js'
import { studyIdentity } from './identity.js'

const SETS = ['valid', 'test', 'train'] as const

/** A column of results.csv: its name, and its field for a trial. */
type Column = readonly [name: string, field: (trial: TableTrial) => CsvValue]

/**
 * The text of results.csv: one row per trial in trial order, with scikit-learn's names where they exist: `param_*` for varied
 * parameters, `rank_valid_accuracy` (or the selection in use) for the rank among the completed ones. The metrics are those of the
 * trial's checkpoint, `valid_loss`, `valid_accuracy` and so on, after them the one that the study selects by (`valid_f1Macro`);
 * in a study with folds `split0_valid_loss`, ... of each fold, then `mean_valid_loss` and `std_valid_loss` (of the population).
 * A parameter that does not exist at a point is an empty field; hidden layers are `64` or `64x32`.
 * It contains no times: equal studies give equal texts.
 *
 * @param trials finished ones, in any order; all of one study
 * @throws NativeMlpError INVALID_ARGUMENT for what are not trials, or no selection
 */
export function resultsCsv(
  trials: readonly TableTrial[],
  selection: Selection & { readonly grid?: object; readonly space?: object; readonly folds?: number | null },
): string {
  return checking('resultsCsv', () => {
    checkStates(trials)
    oneOf('selection.selectBy', Object(selection).selectBy, ['valid', 'test'])
    checkMetricName('selection.metric', selection.metric)
    integerInRange('selection.folds', selection.folds ?? 0, 0, MAX_FOLDS)
    return resultTable(trials, selection)
  })
}

function resultTable(trials: readonly TableTrial[], selection: Parameters<typeof resultsCsv>[1]): string {
  const ordered = inOrder(trials)
  const ranks = rankTrials(trials, selection)
  const metrics = metricNames(ordered)
  const folds = Math.max(selection.folds ?? 0, ...ordered.map((trial) => trial.folds?.length ?? 0))
  const columns: Column[] = [
    ['trial', ({ trial }) => trial],
    ['state', ({ state }) => state],
    ['reason', ({ reason }) => reason],
    ...(ordered.some(({ rung }) => rung !== undefined) ? [['rung', ({ rung }) => rung] satisfies Column] : []),
    ...parameterNames(ordered, selection).map(
      (key): Column => [`param_${key}`, ({ params }) => withoutDate(params[key])],
    ),
    ['steps', ({ steps }) => steps],
    ...(folds > 1 ? foldColumns(folds, metrics) : plainColumns(metrics)),
    [`rank_${selection.selectBy}_${selection.metric}`, ({ trial }) => ranks.get(trial)],
  ]
  return toCsv(
    columns.map(([name]) => name),
    ordered.map((trial) => columns.map(([, field]) => field(trial))),
  )
}

const STATES = ['completed', 'collapsed', 'failed', 'pruned'] as const

function checkStates(trials: readonly TableTrial[]): void {
  listOf('trials', trials, 'results of trials').forEach((trial, i) => {
    integerInRange(`trials[${i}].trial`, Object(trial).trial, 0)
    oneOf(`trials[${i}].state`, trial.state, STATES)
    objectOf(`trials[${i}].params`, trial.params, 'an object of values')
  })
}

function plainColumns(metrics: MetricNames): Column[] {
  return [
    ['best_step', ({ bestStep }) => bestStep],
    ...metricColumns('', metrics, (trial) => trial),
    ['digest', ({ digest }) => digest],
  ]
}

function foldColumns(folds: number, metrics: MetricNames): Column[] {
  const each = Array.from({ length: folds }, (_, fold): Column[] => {
    const of = (trial: TableTrial): FoldResult | undefined => trial.folds?.[fold]
    return [
      [`split${fold}_best_step`, (trial) => of(trial)?.best?.step],
      ...metricColumns(`split${fold}_`, metrics, (trial) => of(trial)?.best ?? {}),
      [`split${fold}_digest`, (trial) => of(trial)?.digest],
    ]
  })
  const summary = ({ folds }: TableTrial) => summarizeFolds(folds ?? [])
  return [
    ...each.flat(),
    ...metricColumns('mean_', metrics, (trial) => (trial.folds ? summary(trial) : {})),
    ...metricColumns('std_', metrics, (trial) => (trial.folds ? summary(trial).std : {})),
  ]
}

type MetricNames = readonly (keyof SetMetrics)[]

/** Loss and accuracy, then those asked for in order of first occurrence. */
function metricNames(trials: readonly TableTrial[]): MetricNames {
  const sets = trials.flatMap((trial) => [trial, ...(trial.folds ?? []).map(({ best }) => best)])
  const found = sets.flatMap((each) => SETS.flatMap((set) => Object.keys(each?.[set] ?? {}))).filter(isOnRequest)
  return [...new Set<keyof SetMetrics>(['loss', 'accuracy', ...found])]
}

function metricColumns(
  prefix: string,
  metrics: MetricNames,
  of: (trial: TableTrial) => { readonly [set in (typeof SETS)[number]]?: SetMetrics },
): Column[] {
  return SETS.flatMap((set) =>
    metrics.map((metric): Column => [`${prefix}${set}_${metric}`, (trial) => number(of(trial)[set]?.[metric])]),
  )
}

/** In the order of the space; parameters of only some trials, such as the seed of repeats, in order of first occurrence. */
function parameterNames(trials: readonly TableTrial[], { grid, space }: { grid?: object; space?: object }): string[] {
  const named = Object.keys(space ?? grid ?? {})
  const met = new Set(trials.flatMap(({ params }) => Object.keys(params)))
  if (met.size === 0) return named
  return [...named.filter((key) => met.has(key)), ...[...met].filter((key) => !named.includes(key))]
}

/** Sizes of several layers, '10-5', as '10x5': a spreadsheet takes the first form for a date. `--hidden` reads both. */
function withoutDate(value: CsvValue): CsvValue {
  return typeof value === 'string' && /^\d+(-\d+)+$/.test(value) ? value.replaceAll('-', 'x') : value
}

/** The text of timings.csv: seconds of each trial, and the worker that ran it. */
export function timingsCsv(trials: readonly Pick<TrialResult, 'trial' | 'worker' | 'timing'>[]): string {
  return checking('timingsCsv', () => timingTable(listOf('trials', trials, 'results of trials')))
}

function timingTable(trials: readonly Pick<TrialResult, 'trial' | 'worker' | 'timing'>[]): string {
  const columns = ['trial', 'worker', 'total_seconds', 'training_seconds', 'evaluation_seconds']
  trials.forEach((trial, i) => {
    integerInRange(`trials[${i}].trial`, Object(trial).trial, 0)
  })
  const rows = inOrder(trials).map(({ trial, worker, timing }): CsvValue[] => {
    return [trial, worker, timing?.total, timing?.training, timing?.evaluation]
  })
  return toCsv(columns, rows)
}

/** One line of trials.jsonl, line feed included: the whole result of a trial. JSON has no NaN: it becomes null. */
export function trialLine(result: TrialResult): string {
  const { event: _, ...known } = trialEvent(result)
  return `${JSON.stringify(known)}\n`
}

function inOrder<T extends Pick<TrialSummary, 'trial'>>(trials: readonly T[]): T[] {
  return [...trials].sort((a, b) => a.trial - b.trial)
}

/** The accuracy of a regression is an empty field. */
function number(value: number | undefined): CsvValue {
  return Number.isNaN(value) ? undefined : value
}

export type StudyStatus = 'running' | 'completed' | 'interrupted' | 'failed'

export interface StudyJsonFields {
  readonly header: StudyHeader
  readonly status: StudyStatus
  readonly error?: unknown
  readonly about: Readonly<Record<string, unknown>>
  readonly started: Date
  readonly trials: readonly TrialResult[]
  readonly best: TrialResult | null
}

/** The contents of study.json: the study and its status, for people; no program reads it. */
export function studyJson({ header, status, error, about, started, trials, best }: StudyJsonFields): object {
  const { base, size, rows, dataDigest, recipe, workers, backend, isa, family, caution } = header
  const ended = new Date()
  const isRunning = status === 'running'
  return {
    format: 'native-mlp study',
    formatVersion: 3,
    version: packageVersion,
    status,
    reason: error === undefined ? undefined : (error as Error).message,
    seed: base.seed ?? 1,
    config: studyIdentity(header),
    caution,
    data: { ...about, recipe, rows, digest: dataDigest },
    backend: { name: backend, isa, workers, contract: family.contract },
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    times: {
      started: started.toISOString(),
      ended: isRunning ? undefined : ended.toISOString(),
      total: isRunning ? undefined : (ended.getTime() - started.getTime()) / 1000,
    },
    trials: { size, ...countStates(trials) },
    best: best && bestOf(best),
  }
}

/** Number of trials by state. */
export function countStates(trials: readonly Pick<TrialResult, 'state'>[]): Record<TrialResult['state'], number> {
  const counts = { completed: 0, collapsed: 0, failed: 0, pruned: 0 }
  checking('trials', () => {
    for (const [i, trial] of listOf('trials', trials, 'results of trials').entries()) {
      counts[oneOf(`trials[${i}].state`, Object(trial).state, STATES)]++
    }
  })
  return counts
}

function bestOf({ trial, params, bestStep, train, valid, test, digest }: TrialResult) {
  return { trial, params, bestStep, train, valid, test, digest }
}
