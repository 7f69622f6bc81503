import { integerInRange, knownOptions } from '../../core/checks.js'
import { erf, exp, log } from '../../core/elementary.js'
import { NativeMlpError } from '../../core/errors.js'
import { type RandomStream, randomStream } from '../../core/random.js'
import { labelled, type Name } from '../../train/config.js'
import { bestFirst, type Selection } from '../trial/ranking.js'
import { type FoldResult, summarizeFolds, type TrialResult } from '../trial/result.js'
import { type Choices, type GridPoint, labels, repeated } from './grid.js'
import type { TrialConfig } from './parameters.js'
import { between, rounded, within } from './random.js'
import { type Axis, type CheckedSpace, isActive, type Range } from './space.js'

/** Options of strategy 'tpe'. */
export interface TpeOptions {
  /**
   * point i follows from the results of points 0 to i - ahead alone: after the first ones at most this number of points, each
   * with its repeats, are in progress at once, and any number of workers gives the same points; >= 1, default 4
   */
  readonly ahead?: number
  /** number of first points, which are those of strategy 'random'; >= 1, default 10 */
  readonly startup?: number
}

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the invalid option */
export function checkTpe(options: TpeOptions = {}): Required<TpeOptions> {
  knownOptions('tpe', options, ['ahead', 'startup'])
  return {
    ahead: integerInRange('tpe.ahead', options.ahead ?? 4, 1),
    startup: integerInRange('tpe.startup', options.startup ?? 10, 1),
  }
}

/** Of n results so far the best ceil(sqrt(n) / 2), but no more than this number, are the good ones. */
const MOST_GOOD = 25
/** Draws of a parameter from the good results, of which the one with the largest ratio of densities is proposed. */
const CANDIDATES = 24
/** Proposals after which a point that is known already, or not possible, gives way to a random one. */
const ATTEMPTS = 20

export interface TpeSetting extends Required<TpeOptions> {
  readonly space: CheckedSpace
  readonly seed: number
  /** of the repeats of each point */
  readonly seeds: readonly (number | null)[]
  /** distinct points drawn at random, with their repeats: as many as the study has */
  readonly drawn: readonly GridPoint[]
  readonly selection: Selection
  /** @throws NativeMlpError for a point that cannot be trained */
  readonly check: (point: GridPoint) => void
}

interface Point {
  readonly chosen: Choices
  readonly params: GridPoint['params']
}

/**
 * Proposes points by tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kegl, "Algorithms for hyper-parameter
 * optimization", 2011). Each parameter has two densities: one around its values in the best few results, one around those in
 * the others; of some draws from the first, the one with the largest ratio of the two is proposed. As in Hyperopt and
 * Optuna a number has a mixture of truncated normals, as wide as the gap to its neighbours, and one as wide as the range; a
 * list has counts plus one. A parameter that exists under a condition learns from the points where it exists.
 */
export class TpeSampler {
  readonly #size: number
  readonly #setting: TpeSetting
  readonly #results = new Map<number, TrialResult>()
  readonly #known: GridPoint[] = []
  readonly #points: Point[] = []
  readonly #seen = new Set<string>()
  /** the first points, all of whose repeats have ended */
  #ended = 0

  constructor(setting: TpeSetting) {
    this.#setting = setting
    this.#size = setting.drawn.length
  }

  /** The points that follow from the results so far, in trial order. */
  ask(): readonly GridPoint[] {
    const { ahead, startup, seeds } = this.#setting
    for (;;) {
      const point = this.#points.length
      if (point * seeds.length >= this.#size) break
      if (point >= startup && this.#ended < point - ahead + 1) break
      this.#add(point < startup ? this.#drawn(point) : this.#propose(point))
    }
    return this.#known
  }

  /** In any order; another result of the same trial is ignored. */
  tell(result: TrialResult): void {
    if (!this.#results.has(result.trial)) this.#results.set(result.trial, result)
    while (this.#ended < this.#points.length && this.#repeats(this.#ended).every((found) => found)) this.#ended++
  }

  #repeats(point: number): (TrialResult | undefined)[] {
    const { seeds } = this.#setting
    return seeds.map((_, i) => this.#results.get(point * seeds.length + i))
  }

  #add({ chosen, params }: Point): void {
    const { space, seeds } = this.#setting
    const point = this.#points.length
    this.#points.push({ chosen, params })
    this.#seen.add(JSON.stringify(params))
    const config = { ...space.fixed, ...chosen } as TrialConfig
    for (const each of repeated([{ params, config }], seeds)) {
      this.#known.push({ ...each, trial: point * seeds.length + each.trial, point })
    }
  }

  /** Of the random points number i. */
  #drawn(i: number): Point {
    const { drawn, seeds, space } = this.#setting
    const { params, config } = drawn[i * seeds.length]
    const own = space.axes.filter(({ key }) => Object.hasOwn(params, key)).map(({ key }) => key)
    const pick = (from: object) => Object.fromEntries(own.map((key) => [key, from[key as keyof typeof from]]))
    return { chosen: pick(config), params: pick(params) as GridPoint['params'] }
  }

  #propose(point: number): Point {
    const { space, seed, ahead } = this.#setting
    const { good, others } = this.#divided(Math.max(0, point - ahead + 1))
    const streams = space.axes.map(({ key }) => randomStream(seed, `tpe ${point} ${key}`))
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const chosen: Record<string, unknown> = {}
      space.axes.forEach((axis, i) => {
        if (!isActive(axis, { ...space.fixed, ...chosen })) return
        chosen[axis.key] = bestCandidate(axis, good, others, streams[i])
      })
      const proposed = { chosen, params: labels(chosen) }
      if (!this.#seen.has(JSON.stringify(proposed.params)) && this.#isPossible(point, proposed)) return proposed
    }
    // as many distinct ones as the study has points: one of them is not known yet
    let next = 0
    while (this.#seen.has(JSON.stringify(this.#drawn(next).params))) next++
    return this.#drawn(next)
  }

  #isPossible(point: number, { chosen, params }: Point): boolean {
    const { space, seeds, check } = this.#setting
    const config = { ...space.fixed, ...chosen } as TrialConfig
    try {
      check({ trial: point * seeds.length, point, params, config })
      return true
    } catch (error) {
      if (error instanceof NativeMlpError) return false
      throw error
    }
  }

  /** The first `count` points, the best of them and the others. A point with a failed or collapsed repeat is not good. */
  #divided(count: number): { good: readonly Choices[]; others: readonly Choices[] } {
    const results = Array.from({ length: count }, (_, point) => {
      return { trial: point, ...summarizeFolds(this.#repeats(point).map((result) => foldOf(result!))) }
    })
    const competing = results.filter(({ state }) => state === 'completed')
    const most = Math.min(MOST_GOOD, Math.ceil(Math.sqrt(count) / 2))
    const good = new Set(
      bestFirst(competing, this.#setting.selection)
        .slice(0, most)
        .map(({ trial }) => trial),
    )
    const chosen = this.#points.slice(0, count).map((each) => each.chosen)
    return { good: chosen.filter((_, i) => good.has(i)), others: chosen.filter((_, i) => !good.has(i)) }
  }
}

/** A repeat of a point as `summarizeFolds` takes it. */
function foldOf({ state, reason, valid, test, steps, digest }: TrialResult): FoldResult {
  const best = { step: 0, epoch: 0, ...(valid && { valid }), ...(test && { test }) }
  const shown = state === 'pruned' ? 'completed' : state
  return { state: shown, ...(reason !== undefined && { reason }), best, steps, digest }
}

function bestCandidate(
  { key, range }: Axis,
  good: readonly Choices[],
  others: readonly Choices[],
  random: RandomStream,
): unknown {
  const [inGood, inOthers] = [good, others].map((points) => {
    return estimatorOf(
      key,
      range,
      points.filter((chosen) => Object.hasOwn(chosen, key)).map((chosen) => chosen[key]),
    )
  })
  let best: unknown
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < CANDIDATES; i++) {
    const value = inGood.draw(random)
    const ratio = log(inGood.density(value)) - log(inOthers.density(value))
    if (ratio > highest) [best, highest] = [value, ratio]
  }
  return best
}

interface Estimator {
  draw(random: RandomStream): unknown
  /** > 0 for every value of the range */
  density(value: unknown): number
}

function estimatorOf(key: Name, range: Range, observed: readonly unknown[]): Estimator {
  return range.kind === 'values'
    ? countsOf(key, range.values, observed)
    : kernelsOf(range, observed as readonly number[])
}

/** Lists and objects are equal if their labels are. */
function countsOf(key: Name, values: readonly unknown[], observed: readonly unknown[]): Estimator {
  const names = values.map((value) => labelled(key, value))
  const seen = observed.map((value) => labelled(key, value))
  const counts = names.map((name) => 1 + seen.filter((each) => each === name).length)
  const total = values.length + observed.length
  return {
    draw(random) {
      const drawn = random.int(total)
      let sum = 0
      return values.find((_, i) => {
        sum += counts[i]
        return drawn < sum
      })
    },
    density: (value) => counts[names.indexOf(labelled(key, value))] / total,
  }
}

interface Kernel {
  readonly mean: number
  readonly deviation: number
  /** of the normal distribution within the bounds */
  readonly mass: number
}

function kernelsOf(range: Exclude<Range, { kind: 'values' }>, observed: readonly number[]): Estimator {
  const { low, high } = range
  const isInteger = range.kind === 'integer'
  const isLog = isInteger ? range.log : range.kind === 'logUniform'
  const half = isInteger ? 0.5 : 0
  const at = (value: number) => (isLog ? log(value) : value)
  const [start, end] = [at(low - half), at(high + half)]
  const kernels = kernelsAround(observed.map(at), start, end)
  const sum = (of: (kernel: Kernel) => number) => kernels.reduce((all, each) => all + of(each), 0) / kernels.length
  return {
    draw(random) {
      const { mean, deviation } = kernels[random.int(kernels.length)]
      let drawn: number
      do drawn = mean + deviation * random.normal()
      while (drawn < start || drawn > end)
      const value = isLog ? between(low - half, high + half, (drawn - start) / (end - start)) : drawn
      return within(low, isInteger ? Math.round(value) : rounded(value), high)
    },
    density(value) {
      const x = value as number
      // of an integer the probability, of a real number the density: their ratios compare
      if (isInteger) return sum((kernel) => massBetween(kernel, at(x - 0.5), at(x + 0.5)) / kernel.mass)
      return sum(({ mean, deviation, mass }) => {
        const z = (at(x) - mean) / deviation
        return exp(-0.5 * z * z) / (deviation * mass)
      })
    },
  }
}

/** One around each observation, as wide as the larger gap to its neighbours, and one over the whole range. */
function kernelsAround(observed: readonly number[], start: number, end: number): Kernel[] {
  const width = end - start
  const centre = start + width / 2
  const means = [...observed, centre].sort((a, b) => a - b)
  const least = width / Math.min(100, 1 + means.length)
  const whole = means.indexOf(centre)
  return means.map((mean, i) => {
    const gap = Math.max(i > 0 ? mean - means[i - 1] : 0, i + 1 < means.length ? means[i + 1] - mean : 0)
    const deviation = i === whole ? width : Math.min(width, Math.max(least, gap))
    return { mean, deviation, mass: massBetween({ mean, deviation }, start, end) }
  })
}

function massBetween({ mean, deviation }: Pick<Kernel, 'mean' | 'deviation'>, low: number, high: number): number {
  const below = (x: number) => erf((x - mean) / (deviation * Math.SQRT2))
  return 0.5 * (below(high) - below(low))
}
