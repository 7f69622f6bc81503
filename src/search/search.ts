import { checking } from '../core/checks.js'
import type { GridSearchOptions, SearchOptions } from './options.js'
import { planSearch, type SearchPlan } from './plan.js'
import { StudyScheduler } from './study/scheduler.js'
import type { Study } from './study/study.js'

/**
 * Searches for good hyper-parameters: tries every point of a grid, points drawn at random, points proposed from the results so
 * far, or gives most of them up early by successive halving; with a validation set or k folds.
 *
 *     const study = await search({
 *       data: { train, valid },
 *       space: { learningRate: logUniform(0.001, 0.5), hidden: integer(32, 512, { log: true }) },
 *       strategy: 'halving',
 *       trials: 27,
 *       base: { epochs: 9 }, // of the best; most trials get one
 *       folder: 'runs/mine',
 *       resume: true,
 *     })
 *     const { model } = await refit(study, { train, valid })
 *
 * Results depend on data, options and numeric family alone: not on the number of workers, on who computes, on the order in
 * which trials finish, or on where the study was interrupted and resumed. A trial that fails or whose hidden units die is
 * marked with the reason and does not compete. A worker that crashes costs its trial's last second.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION before anything is computed; ABORTED when the signal fires;
 *   BACKEND_UNAVAILABLE when workers cannot start; of a folder what `StudyFolder` throws; what a callback throws. A study with
 *   a folder can be resumed after each of them.
 */
export async function search(options: SearchOptions): Promise<Study> {
  return await runPlan(checking('search', () => planSearch(options)))
}

export async function runPlan(plan: SearchPlan): Promise<Study> {
  const { caution } = plan.header
  if (caution) process.emitWarning(caution, 'NativeMlpWarning')
  let study: Study
  try {
    study = await new StudyScheduler(plan).run()
  } catch (error) {
    // where not even this can be written, the error at hand says more
    await plan.folder?.end(error).catch(() => undefined)
    throw error
  }
  await plan.folder?.end()
  return study
}

/**
 * Trains a model for every point of a grid and says which is best: `search` with strategy 'grid'. Trials run on worker
 * threads, side by side, and share the data, the split, the batch stream and, where they have the same shape, the initial
 * parameters; so results depend neither on the number of workers nor on their order. A trial that fails or whose hidden
 * units die is marked with the reason and does not compete; the study goes on.
 *
 * @throws NativeMlpError as `search`
 */
export async function gridSearch(options: GridSearchOptions): Promise<Study> {
  return await runPlan(checking('gridSearch', () => planSearch(options, 'gridSearch')))
}
