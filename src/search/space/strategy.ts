import { integerInRange, oneOf } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import type { GridSearchOptions, SearchOptions } from '../options.js'
import type { Strategy } from '../study/study.js'
import { expandGrid, type GridPoint } from './grid.js'
import { completeHalving, type HalvingOptions } from './halving.js'
import { sampleSpace } from './random.js'
import type { SearchSpace } from './space.js'

/** The trials of a study, and how they were chosen. */
export interface PlannedPoints {
  readonly points: readonly GridPoint[]
  readonly strategy: Strategy
  readonly space: SearchSpace
  /** of the draws; null where nothing is drawn */
  readonly seed: number | null
  readonly halving: HalvingOptions | null
  readonly repeats: number
}

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong */
export function planPoints(options: SearchOptions | GridSearchOptions): PlannedPoints {
  const { grid, space, base = {}, trials, halving, seed, ...rest } = options as SearchOptions
  if (grid !== undefined && space !== undefined) throw refused('space: expected one of grid and space, got both')
  const given = (grid ?? space) as SearchSpace
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
  const points = isDrawn
    ? sampleSpace(given, { trials, seed: drawSeed, base, repeats })
    : expandGrid(given, base, { repeats })
  const rungs = strategy === 'halving' ? completeHalving(halving, base.epochs) : null
  return { points, strategy, space: given, seed: isDrawn ? drawSeed : null, halving: rungs, repeats }
}

function refused(message: string): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', message)
}
