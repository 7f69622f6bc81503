import { integerInRange, oneOf } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import type { Selection } from '../trial/ranking.js'
import { type GridPoint, gridSampler, type SearchBase } from './grid.js'
import { completeHalving, type HalvingOptions, halvingPruner, type Rung, type RungResult } from './halving.js'
import { randomSampler } from './random.js'
import type { SearchSpace } from './space.js'

/** How the trials are chosen: every point of a grid; points drawn at random; the same, given up early where others do better. */
export type Strategy = 'grid' | 'random' | 'halving'

/** What is tried, and how points are chosen. */
export interface StrategyOptions {
  /** lists of values, or anything else a space may have; one of `grid` and `space` */
  readonly grid?: SearchSpace
  /** the same: only the default of `strategy` is another one */
  readonly space?: SearchSpace
  /**
   * 'grid' (default with `grid`): every combination; 'random' (default with `space`): `trials` points drawn at random;
   * 'halving': of these, or of a whole grid without `trials`, the better ones train on, rung by rung
   */
  readonly strategy?: Strategy
  /** how many points are drawn */
  readonly trials?: number
  /** of the draws; default 1; what trials compute depends on base.seed alone */
  readonly seed?: number
  /** the rungs of strategy 'halving'; default { minEpochs: base.epochs / 9, maxEpochs: base.epochs, factor: 3 } */
  readonly halving?: HalvingOptions
  /** train each point this often, with the seeds base.seed (default 1), base.seed + 1, ...; default 1 */
  readonly repeats?: number
  /** what is the same in all trials */
  readonly base?: SearchBase
}

/** Proposes the points of a study. */
export interface Sampler {
  /** of the draws; null where nothing is drawn */
  readonly seed: number | null
  /** the points to try, in trial order */
  ask(): readonly GridPoint[]
}

/** Decides at the end of each rung which trials train on. */
export interface Pruner {
  /** in their order; all that are left train through the last one to their ends */
  readonly rungs: readonly Rung[]
  /**
   * @param results of every trial that has trained through the rung
   * @returns the numbers of the trials that train on, ascending
   */
  tell(rung: Rung, results: readonly RungResult[]): readonly number[]
}

/** A strategy with its options checked, and the points it has proposed. */
export interface ChosenStrategy {
  readonly strategy: Strategy
  readonly space: SearchSpace
  /** of the draws; null where nothing is drawn */
  readonly seed: number | null
  readonly points: readonly GridPoint[]
  readonly halving: HalvingOptions | null
  readonly repeats: number
}

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong */
export function chooseStrategy(options: StrategyOptions): ChosenStrategy {
  const { grid, space, base = {}, trials, halving, seed, ...rest } = options
  if (grid !== undefined && space !== undefined) throw refused('space: expected one of grid and space, got both')
  const given = grid ?? (space as SearchSpace)
  const byDefault = space === undefined ? 'grid' : 'random'
  const strategy = oneOf('strategy', rest.strategy ?? byDefault, ['grid', 'random', 'halving'])
  if (strategy === 'random' && trials === undefined) throw refused("trials: expected a number with strategy 'random'")
  if (strategy === 'grid' && trials !== undefined)
    throw refused("trials: a grid tries every point; see strategy 'random'")
  if (strategy !== 'halving' && halving !== undefined) throw refused("halving: expected with strategy 'halving' alone")
  const repeats = integerInRange('repeats', rest.repeats ?? 1, 1, 1000)
  const isDrawn = trials !== undefined
  if (!isDrawn && seed !== undefined) throw refused('seed: nothing is drawn; that of the trials is base.seed')
  const drawSeed = integerInRange('seed', seed ?? 1, 0)
  const sampler: Sampler = isDrawn
    ? randomSampler(given, { trials, seed: drawSeed, base, repeats })
    : gridSampler(given, base, { repeats })
  const rungs = strategy === 'halving' ? completeHalving(halving, base.epochs) : null
  return { strategy, space: given, seed: sampler.seed, points: sampler.ask(), halving: rungs, repeats }
}

/** @param rows training rows of the smallest fold */
export function prunerOf({ halving, points }: ChosenStrategy, rows: number, selection: Selection): Pruner {
  if (halving === null) return neverPrune(points.length)
  return halvingPruner(points, halving, rows, selection)
}

/** All trials train to their ends. */
function neverPrune(trials: number): Pruner {
  return { rungs: [{ rung: 0, trials, epochs: null, steps: null, keep: 0 }], tell: () => [] }
}

function refused(message: string): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', message)
}
