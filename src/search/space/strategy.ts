import { integerInRange, oneOf } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import type { Selection } from '../trial/ranking.js'
import { type GridPoint, gridSampler, type SearchBase } from './grid.js'
import { completeHalving, type HalvingOptions, halvingPruner, type Rung, type RungResult } from './halving.js'
import { randomSampler } from './random.js'
import type { SearchSpace } from './space.js'

/** How trials are chosen: all points of a grid; random points; either with early pruning of the worse ones. */
export type Strategy = 'grid' | 'random' | 'halving'

/** The space and the selection of its points. */
export interface StrategyOptions {
  /** lists of values, or any other choice of a space; one of `grid` and `space` */
  readonly grid?: SearchSpace
  /** as `grid`, with another default of `strategy` */
  readonly space?: SearchSpace
  /**
   * 'grid' (default with `grid`): every combination; 'random' (default with `space`): `trials` points drawn at random;
   * 'halving': of these, or of the whole grid without `trials`, the better ones continue, rung by rung
   */
  readonly strategy?: Strategy
  /** number of points drawn */
  readonly trials?: number
  /** of the draws; default 1; the trials themselves depend only on base.seed */
  readonly seed?: number
  /** the rungs of strategy 'halving'; default { minEpochs: base.epochs / 9, maxEpochs: base.epochs, factor: 3 } */
  readonly halving?: HalvingOptions
  /** number of runs of each point, with the seeds base.seed (default 1), base.seed + 1, ...; default 1 */
  readonly repeats?: number
  /** hyper-parameters common to all trials */
  readonly base?: SearchBase
}

/** Proposes the points of a study. */
export interface Sampler {
  /** of the draws; null where nothing is drawn */
  readonly seed: number | null
  /** the points to try, in trial order */
  ask(): readonly GridPoint[]
}

/** Selects the trials that continue at the end of each rung. */
export interface Pruner {
  /** in order; the remaining trials train through the last one to their ends */
  readonly rungs: readonly Rung[]
  /**
   * @param results of every trial that has trained through the rung
   * @returns the numbers of the trials that continue, ascending
   */
  tell(rung: Rung, results: readonly RungResult[]): readonly number[]
}

/** A strategy with validated options, and its proposed points. */
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
