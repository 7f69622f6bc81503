import { integerInRange, oneOf } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import type { Selection } from '../trial/ranking.js'
import type { TrialResult } from '../trial/result.js'
import { checkRepeats, expandGrid, type GridPoint, type SearchBase } from './grid.js'
import { completeHalving, type HalvingOptions, halvingRungs, rungStep } from './halving.js'
import { checkBase } from './parameters.js'
import { sampleSpace } from './random.js'
import { type Pruner, RungPruner } from './rungs.js'
import { checkSpace, type SearchSpace } from './space.js'
import { checkTpe, type TpeOptions, TpeSampler } from './tpe.js'

export const STRATEGIES = ['grid', 'random', 'halving', 'tpe'] as const

/**
 * How trials are chosen: all points of a grid; random points; either with early pruning of the worse ones; points proposed from
 * results.
 */
export type Strategy = (typeof STRATEGIES)[number]

/** The space and the selection of its points. */
export interface StrategyOptions {
  /** lists of values, or any other choice of a space; one of `grid` and `space` */
  readonly grid?: SearchSpace
  /** as `grid`, with another default of `strategy` */
  readonly space?: SearchSpace
  /**
   * 'grid' (default with `grid`): every combination; 'random' (default with `space`): `trials` points drawn at random;
   * 'halving': of these, or of the whole grid without `trials`, the better ones continue, rung by rung; 'tpe': `trials` points,
   * each proposed from the results of earlier ones
   */
  readonly strategy?: Strategy
  /** number of points drawn */
  readonly trials?: number
  /** of the draws; default 1; the trials themselves depend only on base.seed */
  readonly seed?: number
  /** the rungs of strategy 'halving'; default { minEpochs: base.epochs / 9, maxEpochs: base.epochs, factor: 3 } */
  readonly halving?: HalvingOptions
  /** of strategy 'tpe'; default { ahead: 4, startup: 10 } */
  readonly tpe?: TpeOptions
  /** number of runs of each point, with the seeds base.seed (default 1), base.seed + 1, ...; default 1 */
  readonly repeats?: number
  /** hyper-parameters common to all trials */
  readonly base?: SearchBase
}

/** Proposes the points of a study. */
export interface Sampler {
  /** the points that follow from the results told so far, in trial order: the first ones of the study, and more each time */
  ask(): readonly GridPoint[]
  /** the result of a trial that has ended; in any order */
  tell(result: TrialResult): void
}

/** A strategy with validated options, and its proposed points. */
export interface ChosenStrategy {
  readonly strategy: Strategy
  readonly space: SearchSpace
  /** of the draws; null where nothing is drawn */
  readonly seed: number | null
  /** with strategy 'tpe' those of strategy 'random', as many */
  readonly points: readonly GridPoint[]
  readonly halving: HalvingOptions | null
  readonly tpe: Required<TpeOptions> | null
  readonly repeats: number
  readonly base: SearchBase
}

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong */
export function chooseStrategy(options: StrategyOptions): ChosenStrategy {
  const { grid, space, base = {}, trials, halving, tpe, seed, ...rest } = options
  if (grid !== undefined && space !== undefined) throw refused('space: expected one of grid and space, got both')
  const given = grid ?? (space as SearchSpace)
  const byDefault = space === undefined ? 'grid' : 'random'
  const strategy = oneOf('strategy', rest.strategy ?? byDefault, STRATEGIES)
  if ((strategy === 'random' || strategy === 'tpe') && trials === undefined) {
    throw refused(`trials: expected a number with strategy '${strategy}'`)
  }
  if (strategy === 'grid' && trials !== undefined)
    throw refused("trials: a grid tries every point; see strategy 'random'")
  for (const [name, value] of Object.entries({ halving, tpe })) {
    if (value !== undefined && name !== strategy) throw refused(`${name}: expected with strategy '${name}' alone`)
  }
  const repeats = integerInRange('repeats', rest.repeats ?? 1, 1, 1000)
  const isDrawn = trials !== undefined
  if (!isDrawn && seed !== undefined) throw refused('seed: nothing is drawn; that of the trials is base.seed')
  const drawSeed = integerInRange('seed', seed ?? 1, 0)
  const rungs = strategy === 'halving' ? completeHalving(halving, base.epochs) : null
  const estimators = strategy === 'tpe' ? checkTpe(tpe) : null
  return {
    ...{ strategy, space: given, base, repeats },
    seed: isDrawn ? drawSeed : null,
    points: isDrawn
      ? sampleSpace(given, { trials, seed: drawSeed, base, repeats })
      : expandGrid(given, base, { repeats }),
    halving: rungs,
    tpe: estimators,
  }
}

/**
 * @param selection which result is better
 * @param check throws for a point that cannot be trained
 */
export function samplerOf(chosen: ChosenStrategy, selection: Selection, check: (point: GridPoint) => void): Sampler {
  const { tpe, space, base, seed, repeats, points } = chosen
  if (tpe === null) return { ask: () => points, tell: () => undefined }
  const checked = checkSpace(space, 'space', checkBase(base), true)
  const seeds = checkRepeats(repeats, 'space', space, checked.fixed)
  return new TpeSampler({ ...tpe, space: checked, seed: seed!, seeds, drawn: points, selection, check })
}

/**
 * @param rows training rows of the smallest fold
 * @throws NativeMlpError as `halvingRungs`; INVALID_ARGUMENT if a trial is not evaluated by the end of a rung
 */
export function prunerOf({ halving, points }: ChosenStrategy, rows: number, selection: Selection): Pruner {
  if (halving === null) return neverPrune(points.length)
  const rungs = halvingRungs(points.length, halving)
  for (const rung of rungs) for (const { config } of points) rungStep(rung, config, rows)
  return new RungPruner(rungs, selection, halving.asynchronous ? (halving.factor ?? 3) : null)
}

/** All trials train to their ends. */
function neverPrune(trials: number): Pruner {
  return { rungs: [{ rung: 0, trials, epochs: null, steps: null, keep: 0 }], tell: () => [] }
}

function refused(message: string): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', message)
}
