import { resolve } from 'node:path'
import { integerInRange } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import { mnist } from '../data/mnist.js'
import type { Samples } from '../data/samples.js'
import type { SearchProgress } from '../progress/index.js'
import { gridSearch } from '../search/grid-search.js'
import { type GridSearchOptions, planSearch } from '../search/search-plan.js'
import { compareTrials, competes } from '../search/select.js'
import type { StudyHeader, TrialResult } from '../search/study.js'
import { StudyFolder } from '../search/study-folder.js'
import { makeNumbered } from './run-folder.js'
import type { SearchConfig } from './search-config.js'
import { drawHeatmaps } from './search-figures.js'

export interface SearchRequest extends SearchConfig {
  /** folder of the data; undefined: wherever `mnist` finds them */
  readonly data: string | undefined
  /** undefined: runs/search-<preset>, or the first such name that is free */
  readonly out: string | undefined
  readonly overwrite: boolean
  readonly workers: number | undefined
  readonly figures: boolean
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
  /** those that finished, in trial order */
  readonly trials: readonly TrialResult[]
  readonly best: TrialResult | null
  readonly figures: readonly string[]
  readonly seconds: number
}

/**
 * Searches on MNIST and fills a study folder, which is made once all that is asked for is known to fit together. An
 * interrupted search returns with the trials that had finished; one that fails throws. Either way the folder holds them.
 */
export async function searchRun(request: SearchRequest, { signal, progress }: SearchContext): Promise<FinishedSearch> {
  const start = performance.now()
  if (request.out !== undefined) await studyFolder(request.out, request, '').check()
  const { source, ...data } = await loadSets(request, signal)
  const rows = `${data.train.length} train, ${data.valid.length} validation, ${data.test.length} test rows`
  progress.say(`data: ${source}: ${rows}`)
  const { grid, base, selectBy, metric, workers } = request
  const trials: TrialResult[] = []
  const collect = { onTrialEnd: ({ result }: { result: TrialResult }) => void trials.push(result) }
  const options: GridSearchOptions = { data, grid, base, selectBy, metric, workers, signal }
  const { header } = planSearch(options)
  const path = request.out ?? (await makeNumbered(`search-${request.preset}`))
  const folder = studyFolder(path, request, source)
  const finished = async (status: FinishedSearch['status'], figures: readonly string[] = []) => ({
    ...{ status, folder, header, figures, best: bestOf(trials, header) },
    trials: trials.sort((a, b) => a.trial - b.trial),
    seconds: (performance.now() - start) / 1000,
  })
  try {
    await gridSearch({ ...options, folder, callbacks: [collect, progress.callbacks] }).finally(progress.stop)
    const figures = request.figures ? await drawHeatmaps(folder.file('figures'), trials, signal) : []
    return await finished('completed', figures)
  } catch (error) {
    if (!(error instanceof NativeMlpError) || error.code !== 'ABORTED') throw error
    return await finished('interrupted')
  }
}

function studyFolder(
  path: string,
  { overwrite, data, preset, seed, training }: SearchRequest,
  source: string,
): StudyFolder {
  const { scale, validFraction, stratified, limitTrain, limitTest } = training
  const splitSeed = training.splitSeed ?? seed
  const folder = data === undefined ? null : resolve(data)
  return new StudyFolder(path, {
    overwrite,
    about: { folder, source, preset, scale, validFraction, splitSeed, stratified, limitTrain, limitTest },
  })
}

async function loadSets({ training, seed, data }: SearchRequest, signal: AbortSignal) {
  const { scale, validFraction, splitSeed, stratified, limitTrain, limitTest } = training
  const { train, test, source } = await mnist({ dir: data, scale, shared: true, signal })
  return {
    ...first(train, limitTrain, '--limit-train').split({ valid: validFraction, seed: splitSeed ?? seed, stratified }),
    test: first(test, limitTest, '--limit-test'),
    source,
  }
}

function first(set: Samples, limit: number | null, name: string): Samples {
  return limit === null ? set : set.take(integerInRange(name, limit, 1, set.length))
}

function bestOf(trials: readonly TrialResult[], header: StudyHeader): TrialResult | null {
  const completed = trials.filter((trial) => competes(trial, header))
  return completed.sort((a, b) => compareTrials(a, b, header))[0] ?? null
}
