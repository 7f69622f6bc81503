import { MAX_FLOAT32, oneOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'

/** The valid values of a hyper-parameter, and their form in command-line flags and tables. */
export interface Kind<T> {
  /**
   * @param or alternative to name in messages: ', or null for all rows'
   * @throws NativeMlpError INVALID_ARGUMENT naming the value, or its invalid part, by `name`
   */
  check(name: string, value: unknown, or?: string): T
  /** word for null in flags and tables ('all'), and its meaning ('all rows'); missing: null is not a value */
  readonly none?: { readonly word: string; readonly meaning: string }
  /** the argument of its flag in --help, '<n>'; null: no argument, `--name` is true and `--no-name` false */
  readonly argument: string | null
  /** parses the text of a flag without checking the value; returns text that it cannot parse unchanged */
  read(text: string): unknown
  /** the text of the flag for this value */
  write(value: T): string
  /** the value in tables; missing: the value itself */
  label?(value: T): number | string | boolean
}

/** The component that a hyper-parameter configures: the data loader, `MLP`, its loss, the optimizer, or `fit`. */
export type Part = 'data' | 'model' | 'loss' | 'optimizer' | 'fit'

/** The ranges that a search accepts: real intervals, integer intervals, lists of values; null: fixed in all trials. */
export type SearchRange = 'real' | 'integer' | 'choice' | null

interface Properties<Default> {
  /** undefined: required */
  readonly default: Default
  /** for --help */
  readonly help: string
  /** for --help, what `--no-name` does; missing: not listed */
  readonly helpNo?: string
  /** trials that differ in it can share batches and memory, because batches and step time do not depend on it */
  readonly lockstep?: boolean
  /** a resumed run may change it */
  readonly isFreeOnResume?: boolean
}

/** A row of the table of hyper-parameters. */
export interface HyperParameter<
  T = unknown,
  P extends Part = Part,
  R extends SearchRange = SearchRange,
  Default extends T | undefined = T | undefined,
> extends Kind<T>,
    Properties<Default> {
  readonly of: P
  readonly range: R
}

export function row<P extends Part, R extends SearchRange, T, const Default extends T | undefined>(
  of: P,
  range: R,
  kind: Kind<T>,
  properties: Properties<Default>,
): HyperParameter<T, P, R, Default> {
  return { of, range, ...kind, ...properties }
}

/** @param word null in flags and tables: 'all' @param meaning its meaning: 'all rows' */
export function orNull<T>(kind: Kind<T>, word: string, meaning: string): Kind<T | null> {
  return {
    check: (name, value, or = `, or null for ${meaning}`) => (value === null ? null : kind.check(name, value, or)),
    none: { word, meaning },
    argument: kind.argument,
    read: (text) => (text === word ? null : kind.read(text)),
    write: (value) => (value === null ? word : kind.write(value)),
    label: (value) => (value === null ? word : labelOfValue(kind, value)),
  }
}

/** The form of a value in tables. */
export function labelOfValue<T>({ label }: Kind<T>, value: T): number | string | boolean {
  return label ? label(value) : (value as number | string | boolean)
}

/** Parses a number; returns other text unchanged. */
export function readNumber(text: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text
}

/** Numbers separated by commas or another separator. */
export function readNumbers(text: string, separator = ','): unknown[] {
  return text.split(separator).map((item) => readNumber(item.trim()))
}

/** @param expected for messages: 'a number >= 0' */
export function real(expected: string, isIn: (value: number) => boolean): Kind<number> {
  return {
    check(name, value, or = '') {
      if (typeof value === 'number' && Number.isFinite(value) && isIn(value)) return value
      throw invalidArgument(name, expected + or, value)
    },
    argument: '<x>',
    read: readNumber,
    write: String,
  }
}

export function integerFrom(min: number): Kind<number> {
  const isIn = (value: number) => Number.isInteger(value) && value >= min && value <= Number.MAX_SAFE_INTEGER
  return { ...real(`an integer >= ${min}`, isIn), argument: '<n>' }
}

/** A factor of parameters or gradients in a step. */
export const factor = real('a number from 0 to 3.4e38', (value) => value >= 0 && value <= MAX_FLOAT32)

export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  return {
    check: (name, value, or = '') => oneOf(name, value, names, or),
    argument: '<name>',
    read: (text) => text,
    write: String,
  }
}

export const yesOrNo: Kind<boolean> = {
  check: trueOrFalse,
  argument: null,
  read: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  write: String,
}
