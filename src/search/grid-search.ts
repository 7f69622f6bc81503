import type { GridSearchOptions } from './options.js'
import { planSearch } from './plan.js'
import { runPlan } from './search.js'
import type { Study } from './study/study.js'

/**
 * Trains a model for every point of a grid and says which is best: `search` with strategy 'grid'. Trials run on worker
 * threads, side by side, and share the data, the split, the batch stream and, where they have the same shape, the initial
 * parameters; so results depend neither on the number of workers nor on their order. A trial that fails or whose hidden
 * units die is marked with the reason and does not compete; the study goes on.
 *
 * @throws NativeMlpError as `search`
 */
export async function gridSearch(options: GridSearchOptions): Promise<Study> {
  return await runPlan(planSearch(options, 'gridSearch'))
}
