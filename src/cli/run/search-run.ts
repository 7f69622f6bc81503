import { existsSync } from 'node:fs'
import { type ErrorCode, NativeMlpError } from '../../core/errors.js'
import { nowMs } from '../../core/timers.js'
import { type LoadedData, loadData } from '../../data/load.js'
import type { Samples } from '../../data/samples.js'
import type { DataRecipe, DataSpec } from '../../data/spec.js'
import { saveModel } from '../../io/model-file.js'
import type { SearchProgress } from '../../progress/index.js'
import type { SearchOptions } from '../../search/options.js'
import { planSearch, type SearchPlan } from '../../search/plan.js'
import { queueAddress } from '../../search/queue/connection.js'
import { onQueue } from '../../search/queue/executor.js'
import { runPlan } from '../../search/search.js'
import type { SearchBase } from '../../search/space/grid.js'
import type { SearchSpace } from '../../search/space/space.js'
import type { ChosenStrategy } from '../../search/space/strategy.js'
import { StudyFolder } from '../../search/store/folder.js'
import { refit } from '../../search/study/refit.js'
import type { Study, StudyHeader } from '../../search/study/study.js'
import type { StackOption } from '../../search/threads/stack.js'
import { bestTrial, type SelectBy, type SelectionMetric } from '../../search/trial/ranking.js'
import type { TrialResult } from '../../search/trial/result.js'
import type { PresetName } from '../../train/presets.js'
import type { RunConfig } from '../config/config.js'
import { limitsFor } from '../config/preset-values.js'
import type { SearchPlanOptions } from '../config/search-config.js'
import { shellWord } from '../terminal.js'
import { drawSearchFigures } from './figures.js'
import { makeNumbered } from './out-folder.js'

export interface SearchRequest extends Pick<RunConfig, 'atMost'> {
  readonly preset: PresetName
  readonly grid: SearchSpace
  readonly base: SearchBase
  readonly selectBy: SelectBy
  readonly metric: SelectionMetric
  readonly plan: SearchPlanOptions
  /** what these options make of the space, where that is known already */
  readonly chosen?: ChosenStrategy
  /** with a digest, data of another one are refused */
  readonly data: DataSpec | DataRecipe
  /** the same, if loaded already */
  readonly loaded?: LoadedData | null
  /** undefined: runs/search-<preset>, or the first such name that is free */
  readonly out: string | undefined
  readonly overwrite: boolean
  /** continue the study in `out` */
  readonly resume: boolean
  /** keep the model of every trial, not only of the best */
  readonly keepModels: boolean
  readonly workers: number | undefined
  readonly stack: StackOption | undefined
  /** execute trials on the workers of a queue: its URL, or true for that of the environment */
  readonly queue: string | true | undefined
  readonly figures: boolean
  /** train the best trial again on training and validation rows together */
  readonly refit: boolean
}

export interface SearchContext {
  readonly signal: AbortSignal
  readonly progress: SearchProgress
}

/** How a search ended, and what is in its folder. */
export interface FinishedSearch {
  readonly status: 'completed' | 'interrupted'
  readonly folder: StudyFolder
  readonly header: StudyHeader
  /** those that finished, in trial order */
  readonly trials: readonly TrialResult[]
  readonly best: TrialResult | null
  readonly figures: readonly string[]
  /** computed by the workers of a queue */
  readonly isQueued: boolean
  /** whether the best was to be trained again on all rows */
  readonly isRefit: boolean
  readonly seconds: number
  /** whether `search --resume` can continue it */
  readonly canResume: boolean
}

/**
 * Searches and fills a study folder, which is made once the options are known to be valid. Either way the folder keeps the
 * finished trials and the checkpoints of the others.
 *
 * @returns also for an interrupted search, with its finished trials
 * @throws NativeMlpError for a search that fails
 */
export async function searchRun(request: SearchRequest, { signal, progress }: SearchContext): Promise<FinishedSearch> {
  const start = nowMs()
  const { overwrite, resume, out } = request
  if (out !== undefined) await new StudyFolder(out, { overwrite, resume }).check()
  const data = request.loaded ?? (await loadData(request.data, { shared: true, signal }))
  const trials: TrialResult[] = []
  const collect = { onTrialEnd: ({ result }: { result: TrialResult }) => void trials.push(result) }
  const options = { ...searchOptions(request, data, progress.log), signal, callbacks: [collect, progress.callbacks] }
  // validates before a folder is made
  const planned = planSearch(options, 'search', request.chosen)
  logData(data, planned, progress.log)
  if (planned.header.folds > 1 && !request.refit) progress.log(NO_MODEL)
  const path = out ?? (await makeNumbered(`search-${request.preset}`))
  const folder = new StudyFolder(path, { overwrite, resume, about: { source: data.source, preset: request.preset } })
  const plan = { ...planned, folder }
  const finished = async (status: FinishedSearch['status'], figures: readonly string[] = []) => ({
    ...{ status, folder, header: plan.header, figures },
    ...{ isQueued: request.queue !== undefined, isRefit: request.refit },
    best: bestTrial(trials, plan.header),
    trials: trials.sort((a, b) => a.trial - b.trial),
    seconds: (nowMs() - start) / 1000,
    canResume: existsSync(folder.file('journal')),
  })
  try {
    const study = await runPlan(plan).finally(progress.stop)
    if (request.refit && study.best) await saveRefit(study, data.train, folder, signal)
    const metric = `${plan.header.selectBy}.${plan.header.metric}` as const
    const figures = request.figures ? await drawSearchFigures(folder.file('figures'), trials, { metric, signal }) : []
    return await finished('completed', figures)
  } catch (error) {
    if (error instanceof NativeMlpError && error.code === 'ABORTED') return await finished('interrupted')
    const isOwn = !(error instanceof NativeMlpError && REFUSED.includes(error.code))
    if (isOwn && existsSync(folder.file('journal'))) progress.log(resumeWords(folder, request.queue))
    throw error
  }
}

const NO_MODEL =
  'with --folds there is no best.safetensors; --refit trains the best trial on all training rows at the end'

/** With these codes the folder belongs to another search, or cannot be resumed as it is. */
const REFUSED: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'INVALID_FILE', 'RESULTS_DIFFER']

/** The command that resumes the search in a folder. */
export function resumeWords({ path }: StudyFolder, queue: string | true | undefined): string {
  const server = queue === undefined ? '' : ` --queue ${queueAddress(queue === true ? undefined : queue).shown}`
  return `to resume: npx native-mlp search --resume ${shellWord(path)}${server}`
}

function logData({ source, train, notes }: LoadedData, { header }: SearchPlan, log: (line: string) => void): void {
  const { rows, folds, limitTrain } = header
  const known =
    folds > 1 ? `${limitTrain ?? train.length} train, ${folds} folds` : `${rows.train} train, ${rows.valid} validation`
  log(`data: ${source}: ${known}, ${rows.test ?? 'no'} test rows`)
  for (const note of notes) log(`      ${note}`)
}

async function saveRefit(study: Study, rows: Samples, folder: StudyFolder, signal: AbortSignal) {
  const train = study.limitTrain === null ? rows : rows.take(study.limitTrain)
  const { model } = await refit(study, { train }, { signal })
  await saveModel(folder.file('refit'), model)
}

function searchOptions(
  { grid, base, selectBy, metric, plan, atMost, workers, stack, queue, keepModels }: SearchRequest,
  data: LoadedData,
  log: (line: string) => void,
): SearchOptions {
  const executor = queue === undefined ? undefined : onQueue({ url: queue === true ? undefined : queue, log })
  const evaluateOn = base.evaluateOn?.filter((name) => name !== 'test' || data.test !== undefined)
  const own = { ...base, ...(evaluateOn && { evaluateOn }) }
  const limits = limitsFor(plan, atMost, data)
  return { data, grid, base: own, selectBy, metric, ...plan, ...limits, workers, stack, keepModels, executor }
}
