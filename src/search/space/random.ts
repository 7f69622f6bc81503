import { checking, integerInRange, knownOptions } from '../../core/checks.js'
import { exp, log } from '../../core/elementary.js'
import { invalidArgument, type NativeMlpError } from '../../core/errors.js'
import { type RandomStream, randomStream } from '../../core/random.js'
import { type Choices, checkRepeats, type GridPoint, labels, MAX_TRIALS, repeated, type SearchBase } from './grid.js'
import { checkBase, type TrialConfig } from './parameters.js'
import type { SearchSpace } from './space.js'
import { type CheckedSpace, checkSpace, isActive, type Range } from './space.js'

export interface SampleOptions {
  /** number of distinct points, >= 1 */
  readonly trials: number
  /** of the streams 'search learningRate', 'search l2', ...; default 1 */
  readonly seed?: number
  /** hyper-parameters common to all trials */
  readonly base?: SearchBase
  /** number of runs of each point, with the seeds base.seed (default 1), base.seed + 1, ...; default 1 */
  readonly repeats?: number
}

/** Consecutive duplicate draws after which the space is considered exhausted. */
const MAX_DRAWS = 100_000
/** Resolves any range, and survives writing and reading unchanged. */
const SIGNIFICANT_DIGITS = 6

/**
 * Points drawn at random from a search space (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012).
 * Each parameter has its own random stream, so point i depends only on space, base, seed and i: more trials with the same
 * seed start with the same points. Real numbers are rounded to six significant digits. Duplicates are redrawn.
 *
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt name; INVALID_ARGUMENT naming an invalid choice, a parameter given
 *   both in space and in base, a missing one, more trials than the space has points, more than 100,000 trials
 */
export function sampleSpace(space: SearchSpace, options: SampleOptions): GridPoint[] {
  knownOptions('sampleSpace', options ?? null, ['trials', 'seed', 'base', 'repeats'])
  return checking('space', () => sampled(space, options))
}

function sampled(space: SearchSpace, options: SampleOptions): GridPoint[] {
  const base = checkBase(options.base ?? {})
  const checked = checkSpace(space, 'space', base, true)
  const seeds = checkRepeats(options.repeats, 'space', space, checked.fixed)
  const trials = integerInRange('trials', options.trials, 1, Math.floor(MAX_TRIALS / seeds.length))
  const points = new Map<string, Pick<GridPoint, 'params' | 'config'>>()
  const stream = new PointStream(checked, integerInRange('seed', options.seed ?? 1, 0))
  let misses = 0
  while (points.size < trials) {
    const chosen = stream.next()
    const params = labels(chosen)
    const key = JSON.stringify(params)
    misses = points.has(key) ? misses + 1 : 0
    if (misses === MAX_DRAWS) throw tooMany(points.size, trials)
    if (misses === 0) points.set(key, { params, config: { ...checked.fixed, ...chosen } as TrialConfig })
  }
  return repeated([...points.values()], seeds)
}

function tooMany(found: number, trials: number): NativeMlpError {
  return invalidArgument('trials', `at most ${found}, because ${MAX_DRAWS} draws in a row gave no other point`, trials)
}

class PointStream {
  readonly #space: CheckedSpace
  readonly #streams: readonly RandomStream[]

  constructor(space: CheckedSpace, seed: number) {
    this.#space = space
    this.#streams = space.axes.map(({ key }) => randomStream(seed, `search ${key}`))
  }

  /** Draws every parameter, even if it does not exist at this point: conditions must not shift the streams. */
  next(): Choices {
    const { axes, fixed } = this.#space
    const chosen: Record<string, unknown> = {}
    axes.forEach((axis, i) => {
      const value = draw(axis.range, this.#streams[i])
      if (isActive(axis, { ...fixed, ...chosen })) chosen[axis.key] = value
    })
    return chosen
  }
}

function draw(range: Range, random: RandomStream): unknown {
  if (range.kind === 'values') return range.values[random.int(range.values.length)]
  const { low, high } = range
  if (range.kind === 'integer' && !range.log) return low + random.int(high - low + 1)
  const u = random.next()
  if (range.kind === 'uniform') return within(low, rounded(low + (high - low) * u), high)
  if (range.kind === 'logUniform') return within(low, rounded(between(low, high, u)), high)
  // half a number more at both ends, so that the bounds are as likely as their neighbours
  return within(low, Math.round(between(low - 0.5, high + 0.5, u)), high)
}

/** Interpolates between low and high in logarithms at fraction u. */
export function between(low: number, high: number, u: number): number {
  const start = log(low)
  return exp(start + (log(high) - start) * u)
}

/** The nearest number from low to high. */
export function within(low: number, value: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

/** To six significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS))
}
