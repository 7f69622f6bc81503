import { knownOptions } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { TrialSummary } from '../core/results.js'
import {
  checkBase,
  checkParameter,
  hiddenSizes,
  PARAMETER_NAMES,
  SETTING_NAMES,
  type TrialConfig,
  type TrialParameters,
  type TrialSettings,
} from './trial-config.js'

/** The values to try of each parameter; trials are all their combinations, the last parameter changing fastest. */
export type SearchGrid = { readonly [K in keyof TrialParameters]?: readonly TrialParameters[K][] }

/** What is the same in every trial. */
export type SearchBase = Partial<TrialParameters & TrialSettings>

/** One point of a grid. */
export interface GridPoint {
  /** 0-based position in the nested order of the grid */
  readonly trial: number
  /** the varied parameters as they are shown and written */
  readonly params: TrialSummary['params']
  readonly config: TrialConfig
}

export const MAX_TRIALS = 100_000

/**
 * All points of a grid, in nested order: the first parameter changes slowest.
 *
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt parameter; INVALID_ARGUMENT naming a value that is wrong or occurs
 *   twice, an empty list, a parameter given both in grid and in base, a missing one, more than 100,000 trials
 */
export function expandGrid(grid: SearchGrid, base: SearchBase = {}): GridPoint[] {
  const fixed = checkBase(base)
  const axes = checkGrid(grid, fixed)
  for (const needed of ['learningRate', 'hidden'] as const) {
    if (grid[needed] === undefined && fixed[needed] === undefined) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${needed}: expected values in grid, or one in base, got neither`)
    }
  }
  const count = axes.reduce((product, [, values]) => product * values.length, 1)
  if (count > MAX_TRIALS) throw invalidArgument('grid', `at most ${MAX_TRIALS} trials`, count)
  return Array.from({ length: count }, (_, trial) => {
    const point = pointOf(axes, trial)
    const params = Object.fromEntries(Object.entries(point).map(([key, value]) => [key, shown(key, value)]))
    return { trial, params, config: { ...fixed, ...point } as TrialConfig }
  })
}

/** A parameter's value as one number, word or truth value: hidden [512, 256] becomes '512-256'. */
export function shown(key: string, value: unknown): number | string | boolean {
  if (key === 'hidden') {
    const sizes = hiddenSizes(value as TrialParameters['hidden'])
    return sizes.length === 1 ? sizes[0] : sizes.join('-') || 'none'
  }
  if (typeof value !== 'object') return value as number | string | boolean
  const { weights, biases } = value as { weights: number; biases: number }
  return `weights ${weights} biases ${biases}`
}

type Axis = readonly [key: keyof TrialParameters, values: readonly unknown[]]

function checkGrid(grid: unknown, fixed: object): Axis[] {
  knownOptions('grid', grid ?? null, PARAMETER_NAMES.concat(SETTING_NAMES as never[]))
  const entries = Object.entries(grid as object).filter(([, values]) => values !== undefined)
  if (entries.length === 0) throw invalidArgument('grid', 'at least one parameter with a list of values', grid)
  return entries.map(([name, values]) => {
    if (SETTING_NAMES.includes(name as keyof TrialSettings)) {
      throw new NativeMlpError('INVALID_ARGUMENT', `grid.${name}: the same in all trials, give it in base`)
    }
    if (Object.hasOwn(fixed, name))
      throw new NativeMlpError('INVALID_ARGUMENT', `${name}: given both in grid and in base`)
    const key = name as keyof TrialParameters
    return [key, checkValues(key, values)]
  })
}

function checkValues(key: keyof TrialParameters, values: unknown): readonly unknown[] {
  if (!Array.isArray(values) || values.length === 0) {
    throw invalidArgument(`grid.${key}`, 'a list of at least one value', values)
  }
  const first = new Map<number | string | boolean, number>()
  return Array.from(values, (value, i) => {
    const checked = checkParameter(key, `grid.${key}[${i}]`, value)
    const label = shown(key, checked)
    if (first.has(label)) {
      throw new NativeMlpError('INVALID_ARGUMENT', `grid.${key}[${i}]: ${label} occurs already at ${first.get(label)}`)
    }
    first.set(label, i)
    return checked
  })
}

function pointOf(axes: readonly Axis[], trial: number): Record<string, unknown> {
  const point: [string, unknown][] = []
  let rest = trial
  for (const [key, values] of [...axes].reverse()) {
    point.push([key, values[rest % values.length]])
    rest = Math.floor(rest / values.length)
  }
  return Object.fromEntries(point.reverse())
}
