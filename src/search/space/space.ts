import {
  closest,
  finiteInRange,
  integerInRange,
  isObject,
  knownOptions,
  listOf,
  trueOrFalse,
} from '../../core/checks.js'
import { describe, invalidArgument, NativeMlpError } from '../../core/errors.js'
import { checkValue, labelled, NAMES, type Name, rowOf } from '../../train/config.js'
import { isVaried, PARAMETER_NAMES, TRIAL_NAMES, type TrialParameters } from './parameters.js'

/**
 * The search space, as plain data for a JSON file: for each parameter a list of values, one of the ranges below, or a
 * single value for all trials.
 *
 *     { learningRate: logUniform(0.001, 0.5), hidden: integer(32, 512, { log: true }), activation: ['relu', 'tanh'],
 *       init: categorical(['he', 'glorot'], { when: { activation: ['relu'] } }), epochs: 5 }
 *
 * A list is always a list of values to try: `hidden: [512, 256]` is two networks, `hidden: [[512, 256]]` one of two layers.
 */
export type SearchSpace = { readonly [K in keyof TrialParameters]?: Choice<TrialParameters[K]> | TrialParameters[K] }

/** The choice for a parameter: a list of values is short for `{ values }`. Ranges are for numbers only. */
export type Choice<T> = readonly T[] | Categorical<T> | (T extends number ? Uniform | LogUniform | IntegerRange : never)

/** Condition on other parameters: each named parameter must have one of the listed values. */
export type Condition = { readonly [K in keyof TrialParameters]?: readonly TrialParameters[K][] }

export interface ChoiceOptions {
  /**
   * The parameter exists only if other parameters have these values. Otherwise it has its value in base, or the default of
   * `MLP`, `sgd` or `fit`, and its field in the results is empty.
   */
  readonly when?: Condition
}

/** One of these values, each equally likely. */
export interface Categorical<T> extends ChoiceOptions {
  readonly values: readonly T[]
}

/** A real number, uniform from low to high. */
export interface Uniform extends ChoiceOptions {
  readonly uniform: readonly [low: number, high: number]
}

/** A real number whose logarithm is uniform from log(low) to log(high): 0.001 to 0.01 as likely as 0.01 to 0.1; low > 0. */
export interface LogUniform extends ChoiceOptions {
  readonly logUniform: readonly [low: number, high: number]
}

/** An integer, uniform from low to high, both included. */
export interface IntegerRange extends ChoiceOptions {
  readonly integer: readonly [low: number, high: number]
  /** log-uniform, as `LogUniform`; low >= 1; default false */
  readonly log?: boolean
}

/** Whether a parameter is conditional, so that base may give its value elsewhere. */
export function isConditional(choice: unknown): boolean {
  return typeof choice === 'object' && choice !== null && 'when' in choice && choice.when !== undefined
}

/** `{ values }`: one of these values, each equally likely. */
export function categorical<const T>(values: readonly T[], options: ChoiceOptions = {}): Categorical<T> {
  listOf('categorical: values', values, 'values')
  knownOptions('categorical', options, ['when'])
  return { values, ...options }
}

/** `{ uniform: [low, high] }`: a real number, uniform from low to high. */
export function uniform(low: number, high: number, options: ChoiceOptions = {}): Uniform {
  checkBounds('uniform', low, high)
  knownOptions('uniform', options, ['when'])
  return { uniform: [low, high], ...options }
}

/** `{ logUniform: [low, high] }`: a real number whose logarithm is uniform; 0 < low < high. */
export function logUniform(low: number, high: number, options: ChoiceOptions = {}): LogUniform {
  checkBounds('logUniform', low, high)
  knownOptions('logUniform', options, ['when'])
  return { logUniform: [low, high], ...options }
}

/** `{ integer: [low, high] }`: an integer from low to high, both included; log-uniform with `log`. */
export function integer(low: number, high: number, options: ChoiceOptions & { log?: boolean } = {}): IntegerRange {
  checkBounds('integer', low, high)
  knownOptions('integer', options, ['when', 'log'])
  return { integer: [low, high], ...options }
}

/** A space says which bounds a parameter may have. */
function checkBounds(name: string, low: unknown, high: unknown): void {
  for (const [bound, value] of Object.entries({ low, high })) {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw invalidArgument(`${name}: ${bound}`, 'a number', value)
  }
}

/** The validated choice of a parameter. */
export type Range =
  | { readonly kind: 'values'; readonly values: readonly unknown[] }
  | { readonly kind: 'uniform' | 'logUniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'integer'; readonly low: number; readonly high: number; readonly log: boolean }

/** A validated varied parameter. */
export interface Axis {
  readonly key: keyof TrialParameters
  readonly range: Range
  /** by parameter, the values for which this one exists, as `labelled`; empty: always */
  readonly when: ReadonlyMap<string, readonly (number | string | boolean)[]>
}

/** A validated search space. */
export interface CheckedSpace {
  /** parameters precede those whose conditions name them; otherwise in the order of the space */
  readonly axes: readonly Axis[]
  /** values for all trials: base, and the single values of the space */
  readonly fixed: Readonly<Record<string, unknown>>
}

const KINDS = ['values', 'uniform', 'logUniform', 'integer'] as const
const LARGEST_SPAN = 4294967296

/**
 * @param where name of the space in messages: 'grid' or 'space'
 * @param base validated values for all trials
 * @param takesSingleValues whether a parameter may have a single value instead of a choice
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt name, INVALID_ARGUMENT for any other error
 */
export function checkSpace(space: unknown, where: string, base: object, takesSingleValues: boolean): CheckedSpace {
  knownOptions(where, space ?? null, TRIAL_NAMES)
  const entries = Object.entries(space as object).filter(([, choice]) => choice !== undefined)
  if (entries.length === 0) throw invalidArgument(where, 'at least one parameter with a list of values', space)
  const fixed: Record<string, unknown> = { ...base }
  const axes: Axis[] = []
  for (const [name, choice] of entries) {
    const key = checkName(name, where)
    const axis = takesSingleValues && isSingle(choice) ? null : checkAxis(key, `${where}.${key}`, choice)
    if (Object.hasOwn(base, key) && !axis?.when.size) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${key}: given both in ${where} and in base`)
    }
    if (axis) axes.push(axis)
    else fixed[key] = checkValue(key, `${where}.${key}`, choice)
  }
  checkNeeded(axes, fixed, where)
  return { axes: inOrderOfConditions(axes, fixed, where), fixed }
}

/** Whether a parameter exists at a point. @param config values fixed or chosen so far */
export function isActive({ when }: Axis, config: Readonly<Record<string, unknown>>): boolean {
  for (const [key, allowed] of when) {
    if (config[key] === undefined || !allowed.includes(labelled(key as Name, config[key]))) return false
  }
  return true
}

function checkName(name: string, where: string): keyof TrialParameters {
  if (!isVaried(name as Name)) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${where}.${name}: the same in all trials, give it in base`)
  }
  return name as keyof TrialParameters
}

/** A number, a word, a boolean, or the two standard deviations of `init`. */
function isSingle(choice: unknown): boolean {
  return typeof choice !== 'object' || choice === null || (isObject(choice) && 'weights' in choice)
}

function checkAxis(key: keyof TrialParameters, where: string, choice: unknown): Axis {
  if (!isObject(choice))
    return { key, range: { kind: 'values', values: checkValues(key, where, choice) }, when: ALWAYS }
  const kinds = KINDS.filter((kind) => Object.hasOwn(choice, kind))
  const [kind] = kinds
  if (kinds.length !== 1) throw noKind(where, choice, kinds)
  knownOptions(where, choice, [kind, 'when', ...(kind === 'integer' ? ['log'] : [])])
  const range: Range =
    kind === 'values'
      ? { kind, values: checkValues(key, `${where}.values`, choice.values) }
      : checkRange(key, kind, where, choice)
  return { key, range, when: checkCondition(key, `${where}.when`, choice.when) }
}

const ALWAYS: Axis['when'] = new Map()

function noKind(where: string, choice: object, kinds: readonly string[]): NativeMlpError {
  const known = '{ values }, { uniform }, { logUniform } or { integer }'
  if (kinds.length > 1) {
    return new NativeMlpError('INVALID_ARGUMENT', `${where}: expected one of ${known}, got ${kinds.join(' and ')}`)
  }
  for (const key of Object.keys(choice)) {
    const near = closest(key, [...KINDS, 'when', 'log'])
    if (near === undefined || near === key) continue
    return new NativeMlpError('UNKNOWN_OPTION', `${where}: unknown option ${describe(key)}; did you mean '${near}'?`)
  }
  return invalidArgument(where, `a list of values, or one of ${known}`, choice)
}

function checkValues(key: keyof TrialParameters, where: string, values: unknown): readonly unknown[] {
  if (!Array.isArray(values) || values.length === 0) {
    throw invalidArgument(where, 'a list of at least one value', values)
  }
  const first = new Map<number | string | boolean, number>()
  return Array.from(values, (value, i) => {
    const checked = checkValue(key, `${where}[${i}]`, value)
    const label = labelled(key, checked)
    if (first.has(label)) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${where}[${i}]: ${label} occurs already at ${first.get(label)}`)
    }
    first.set(label, i)
    return checked
  })
}

function checkRange(
  key: keyof TrialParameters,
  kind: 'uniform' | 'logUniform' | 'integer',
  where: string,
  choice: Readonly<Record<string, unknown>>,
): Range {
  const { range } = rowOf(key)
  if (range !== 'real' && range !== 'integer') throw invalidArgument(where, 'a list of values', choice)
  if (range !== 'real' && kind !== 'integer')
    throw invalidArgument(where, 'a list of values or { integer: [low, high] }', choice)
  const bounds = choice[kind]
  if (!Array.isArray(bounds) || bounds.length !== 2) throw invalidArgument(`${where}.${kind}`, '[low, high]', bounds)
  const log = kind === 'logUniform' || trueOrFalse(`${where}.log`, choice.log ?? false)
  const [low, high] = bounds.map((bound, i) => checkBound(key, `${where}.${kind}[${i}]`, bound, kind))
  if (log && !(low > 0)) throw invalidArgument(`${where}.${kind}[0]`, 'a number > 0, because it has no logarithm', low)
  if (!(low < high)) throw invalidArgument(`${where}.${kind}`, '[low, high] with low < high', bounds)
  if (kind !== 'integer') return { kind, low, high }
  if (high - low >= LARGEST_SPAN) throw invalidArgument(`${where}.integer`, 'at most 2^32 numbers', bounds)
  return { kind, low, high, log }
}

function checkBound(key: keyof TrialParameters, where: string, bound: unknown, kind: string): number {
  const number = kind === 'integer' ? integerInRange(where, bound, 0) : finiteInRange(where, bound, 0)
  checkValue(key, where, number, '')
  return number
}

function checkCondition(key: string, where: string, when: unknown): Axis['when'] {
  if (when === undefined) return ALWAYS
  knownOptions(where, when, PARAMETER_NAMES)
  const entries = Object.entries(when as object).filter(([, values]) => values !== undefined)
  if (entries.length === 0)
    throw invalidArgument(where, "a parameter with its values, e.g. { activation: ['relu'] }", when)
  return new Map(
    entries.map(([name, values]) => {
      if (name === key) throw new NativeMlpError('INVALID_ARGUMENT', `${where}.${name}: depends on itself`)
      const parameter = name as keyof TrialParameters
      const checked = checkValues(parameter, `${where}.${name}`, values)
      return [name, checked.map((value) => labelled(parameter, value))]
    }),
  )
}

function checkNeeded(axes: readonly Axis[], fixed: object, where: string): void {
  for (const needed of NAMES.filter((name) => rowOf(name).default === undefined)) {
    if (Object.hasOwn(fixed, needed)) continue
    const axis = axes.find(({ key }) => key === needed)
    if (axis === undefined) {
      throw new NativeMlpError(
        'INVALID_ARGUMENT',
        `${needed}: expected values in ${where}, or one in base, got neither`,
      )
    }
    if (axis.when.size > 0) {
      const message = `${needed}: exists only under a condition; give it a value in base for the other trials`
      throw new NativeMlpError('INVALID_ARGUMENT', message)
    }
  }
}

/** Sorts parameters topologically: those that a condition names come first. */
function inOrderOfConditions(axes: readonly Axis[], fixed: object, where: string): Axis[] {
  const waiting = [...axes]
  const ordered: Axis[] = []
  while (waiting.length > 0) {
    const isFree = ({ when }: Axis) => waiting.every(({ key }) => !when.has(key))
    const next = waiting.findIndex(isFree)
    if (next < 0) {
      const circle = waiting.map(({ key }) => key).join(', ')
      throw new NativeMlpError('INVALID_ARGUMENT', `${where}: the conditions of ${circle} depend on each other`)
    }
    ordered.push(...waiting.splice(next, 1))
  }
  for (const { key, when } of axes) {
    for (const parent of when.keys()) {
      if (Object.hasOwn(fixed, parent) || axes.some((axis) => axis.key === parent)) continue
      const message = `${where}.${key}.when.${parent}: expected ${parent} in ${where} or in base, got neither`
      throw new NativeMlpError('INVALID_ARGUMENT', message)
    }
  }
  return ordered
}
