import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ErrorCode, NativeMlpError } from '../../core/errors.js'
import { saveModel } from '../../io/model-file.js'
import type { SearchProgress } from '../../progress/index.js'
import type { SearchOptions } from '../../search/options.js'
import { planSearch } from '../../search/plan.js'
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
import type { SearchPlanOptions } from '../config/search-config.js'
import { shellWord } from '../terminal.js'
import { drawSearchFigures } from './figures.js'
import { makeNumbered } from './out-folder.js'
import { loadStudySets, type StudyRecipe } from './study-data.js'

export interface SearchRequest {
  readonly preset: PresetName
  readonly grid: SearchSpace
  readonly base: SearchBase
  readonly selectBy: SelectBy
  readonly metric: SelectionMetric
  readonly plan: SearchPlanOptions
  /** what these options make of the space, where that is known already */
  readonly chosen?: ChosenStrategy
  /** what is made of MNIST */
  readonly recipe: StudyRecipe
  /** folder of the data; undefined: wherever `mnist` finds them */
  readonly data: string | undefined
  /** undefined: runs/search-<preset>, or the first such name that is free */
  readonly out: string | undefined
  readonly overwrite: boolean
  /** continue the study in `out` */
  readonly resume: boolean
  /** the model of every trial, not only of the best */
  readonly keepModels: boolean
  readonly workers: number | undefined
  readonly stack: StackOption | undefined
  /** computes on workers of a queue: its URL, or true for that of the environment */
  readonly queue: string | true | undefined
  readonly figures: boolean
  /** train the best trial again on training and validation rows together */
  readonly refit: boolean
}

export interface SearchContext {
  readonly signal: AbortSignal
  readonly progress: SearchProgress
}

/** How a search went, and what stands in its folder. */
export interface FinishedSearch {
  readonly status: 'completed' | 'interrupted'
  readonly folder: StudyFolder
  readonly header: StudyHeader
  readonly recipe: StudyRecipe
  /** folder of the data, as it was asked for */
  readonly data: string | undefined
  /** those that finished, in trial order */
  readonly trials: readonly TrialResult[]
  readonly best: TrialResult | null
  readonly figures: readonly string[]
  /** computed by the workers of a queue */
  readonly isQueued: boolean
  /** whether it was asked for the best trained again on all rows */
  readonly isRefit: boolean
  readonly seconds: number
  /** whether `search --resume` can continue it */
  readonly canResume: boolean
}

/**
 * Searches on MNIST and fills a study folder, which is made once all that is asked for is known to fit together. An
 * interrupted search returns with the trials that had finished; one that fails throws. Either way the folder holds them, and
 * where the others stand.
 */
export async function searchRun(request: SearchRequest, { signal, progress }: SearchContext): Promise<FinishedSearch> {
  const start = performance.now()
  const { recipe, overwrite, resume, out } = request
  if (out !== undefined) await new StudyFolder(out, { overwrite, resume }).check()
  const { source, ...data } = await loadStudySets(recipe, request.data, signal)
  const validation = data.valid ? `${data.valid.length} validation` : `${recipe.folds} folds`
  progress.log(`data: ${source}: ${data.train.length} train, ${validation}, ${data.test.length} test rows`)
  const trials: TrialResult[] = []
  const collect = { onTrialEnd: ({ result }: { result: TrialResult }) => void trials.push(result) }
  const options = { ...searchOptions(request, data, progress.log), signal, callbacks: [collect, progress.callbacks] }
  // what is wrong is found before a folder is made
  const planned = planSearch(options, 'search', request.chosen)
  const path = out ?? (await makeNumbered(`search-${request.preset}`))
  const folder = new StudyFolder(path, { overwrite, resume, about: aboutOf(request, source) })
  const plan = { ...planned, folder }
  const finished = async (status: FinishedSearch['status'], figures: readonly string[] = []) => ({
    ...{ status, folder, header: plan.header, recipe, data: request.data, figures },
    ...{ isQueued: request.queue !== undefined, isRefit: request.refit },
    best: bestTrial(trials, plan.header),
    trials: trials.sort((a, b) => a.trial - b.trial),
    seconds: (performance.now() - start) / 1000,
    canResume: existsSync(folder.file('journal')),
  })
  try {
    const study = await runPlan(plan).finally(progress.stop)
    if (request.refit && study.best) await saveRefit(study, data, folder, signal)
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

/** With these codes the folder belongs to another search, or cannot be resumed as it is. */
const REFUSED: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'INVALID_FILE', 'RESULTS_DIFFER']

/** The command that resumes the search in a folder. */
export function resumeWords({ path }: StudyFolder, queue: string | true | undefined): string {
  const server = queue === undefined ? '' : ` --queue ${queueAddress(queue === true ? undefined : queue).shown}`
  return `to resume: npx native-mlp search --resume ${shellWord(path)}${server}`
}

async function saveRefit(study: Study, data: SearchOptions['data'], folder: StudyFolder, signal: AbortSignal) {
  const { model } = await refit(study, data, { signal })
  await saveModel(folder.file('refit'), model)
}

function searchOptions(
  { grid, base, selectBy, metric, plan, workers, stack, queue, recipe, keepModels }: SearchRequest,
  data: SearchOptions['data'],
  say: (line: string) => void,
): SearchOptions {
  const executor = queue === undefined ? undefined : onQueue({ url: queue === true ? undefined : queue, recipe, say })
  return { data, grid, base, selectBy, metric, ...plan, workers, stack, keepModels, executor }
}

/** What `search --resume` needs to know beside the study. */
function aboutOf({ preset, recipe, data }: SearchRequest, source: string) {
  const { scale, validFraction, limitTrain, limitTest } = recipe
  return {
    folder: data === undefined ? null : resolve(data),
    source,
    preset,
    scale,
    validFraction,
    limitTrain,
    limitTest,
  }
}
