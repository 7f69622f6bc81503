import { checking, integerInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { TrialSummary } from '../../core/results.js'
import { labelled, type Name } from '../../train/config.js'
import { checkBase, type TrialConfig, type TrialParameters, type TrialSettings } from './parameters.js'
import { type Axis, checkSpace, isActive, type SearchSpace } from './space.js'

/** The values to try of each parameter; trials are all their combinations, the last parameter changing fastest. */
export type SearchGrid = { readonly [K in keyof TrialParameters]?: readonly TrialParameters[K][] }

/** Hyper-parameters common to all trials. */
export type SearchBase = Partial<TrialParameters & TrialSettings>

/** One trial of a search, before it runs. */
export interface GridPoint {
  /** 0-based position in the study */
  readonly trial: number
  /** 0-based number of the point of the space, common to its repeats; without repeats the number of the trial */
  readonly point: number
  /** the varied parameters in the form of tables */
  readonly params: TrialSummary['params']
  readonly config: TrialConfig
}

export interface GridOptions {
  /** number of runs of each point, with the seeds base.seed (default 1), base.seed + 1, ...; default 1 */
  readonly repeats?: number
}

export const MAX_TRIALS = 100_000

/**
 * All points of a grid, in nested order: the first parameter changes slowest. A parameter with a condition follows
 * those it depends on, and adds no points where it does not exist.
 *
 * @param grid lists of values; also `{ values, when }` and `{ integer: [low, high] }`, every number in between
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt parameter; INVALID_ARGUMENT naming an invalid or duplicate value, an
 *   empty list, a range that is not discrete, a parameter given both in grid and in base, a missing one, more than
 *   100,000 trials
 */
export function expandGrid(grid: SearchSpace, base: SearchBase = {}, options: GridOptions = {}): GridPoint[] {
  knownOptions('expandGrid', options, ['repeats'])
  return checking('grid', () => expanded(grid, base, options))
}

function expanded(grid: SearchSpace, base: SearchBase, options: GridOptions): GridPoint[] {
  const checked = checkBase(base)
  const { axes, fixed } = checkSpace(grid, 'grid', checked, false)
  const seeds = checkRepeats(options.repeats, 'grid', grid, checked)
  const lists = axes.map((axis) => ({ axis, values: valuesOf(axis) }))
  const count = countPoints(lists, fixed) * seeds.length
  if (count > MAX_TRIALS) throw invalidArgument('grid', `at most ${MAX_TRIALS} trials`, count)
  const configs: Choices[] = []
  expand(lists, fixed, {}, (chosen) => configs.push(chosen))
  return repeated(
    configs.map((chosen) => ({ params: labels(chosen), config: { ...fixed, ...chosen } as TrialConfig })),
    seeds,
  )
}

/** The chosen values in the form of tables. */
export function labels(chosen: Choices): TrialSummary['params'] {
  return Object.fromEntries(Object.entries(chosen).map(([key, value]) => [key, labelled(key as Name, value)]))
}

export type Choices = Readonly<Record<string, unknown>>

interface ListedAxis {
  readonly axis: Axis
  readonly values: readonly unknown[]
}

function valuesOf({ key, range }: Axis): readonly unknown[] {
  if (range.kind === 'values') return range.values
  const isDiscrete = range.kind === 'integer' && !range.log
  if (!isDiscrete) throw invalidArgument(`grid.${key}`, 'a list of values, because a grid tries every one', range.kind)
  const count = range.high - range.low + 1
  if (count > MAX_TRIALS) throw invalidArgument('grid', `at most ${MAX_TRIALS} trials`, count)
  return Array.from({ length: count }, (_, i) => range.low + i)
}

/** Without conditions the product of the list lengths; else counted, up to the limit. */
function countPoints(lists: readonly ListedAxis[], fixed: Choices): number {
  const product = lists.reduce((count, { values }) => count * values.length, 1)
  if (lists.every(({ axis }) => axis.when.size === 0)) return product
  let count = 0
  expand(lists, fixed, {}, () => ++count <= MAX_TRIALS)
  return count
}

/** @param found called for each point, in nested order; false stops the enumeration */
function expand(
  [first, ...rest]: readonly ListedAxis[],
  fixed: Choices,
  chosen: Choices,
  found: (chosen: Choices) => unknown,
): boolean {
  if (first === undefined) return found(chosen) !== false
  const { axis, values } = first
  if (!isActive(axis, { ...fixed, ...chosen })) return expand(rest, fixed, chosen, found)
  return values.every((value) => expand(rest, fixed, { ...chosen, [axis.key]: value }, found))
}

/**
 * The seeds of the repeats of each point: base.seed (default 1), base.seed + 1, ... A single repeat leaves base unchanged.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for repeats of a space that varies the seed itself
 */
export function checkRepeats(
  repeats: number | undefined,
  where: string,
  space: object,
  { seed = 1 }: { readonly seed?: number },
): readonly (number | null)[] {
  const count = integerInRange('repeats', repeats ?? 1, 1, 1000)
  if (count === 1) return [null]
  if (Object.hasOwn(space, 'seed')) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `repeats: each has a seed of its own, but ${where} varies the seed too`,
    )
  }
  return Array.from({ length: count }, (_, i) => integerInRange('repeats: the last seed', seed + i, 0))
}

/** Trials in the order of their points, repeats of a point adjacent. */
export function repeated(
  points: readonly Pick<GridPoint, 'params' | 'config'>[],
  seeds: readonly (number | null)[],
): GridPoint[] {
  return points.flatMap(({ params, config }, point) =>
    seeds.map((seed, i): GridPoint => {
      const trial = point * seeds.length + i
      if (seed === null) return { trial, point, params, config }
      return { trial, point, params: { ...params, seed }, config: { ...config, seed } }
    }),
  )
}
