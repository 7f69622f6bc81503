import { MAX_FLOAT32, oneOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'

/** Which values there are, and how flags of the command line and tables show them. */
export interface Kind<T> {
  /**
   * @param or what else is expected, for messages: ', or null for all rows'
   * @throws NativeMlpError INVALID_ARGUMENT calling the value, or the part of it that is wrong, by `name`
   */
  check(name: string, value: unknown, or?: string): T
  /** how null is called in flags and tables ('all'), and what it stands for ('all rows'); missing: null is not a value */
  readonly none?: { readonly word: string; readonly meaning: string }
  /** the argument of its flag in --help, '<n>'; null: there is none, `--name` is true and `--no-name` false */
  readonly argument: string | null
  /** what the text of a flag means, unchecked: text that cannot be read is returned as it is */
  read(text: string): unknown
  /** the text of a flag that means this value */
  write(value: T): string
  /** as it stands in a table; missing: as it is */
  label?(value: T): number | string | boolean
}

/** What a hyper-parameter is an option of: the data's loader, `MLP`, the optimizer, or `fit`. */
export type Part = 'data' | 'model' | 'loss' | 'optimizer' | 'fit'

/** What a search may choose from: real intervals, intervals of integers, lists of values; null: the same in all trials. */
export type SearchRange = 'real' | 'integer' | 'choice' | null

interface Properties<Default> {
  /** undefined: it has to be given */
  readonly default: Default
  /** for --help */
  readonly help: string
  /** for --help, what `--no-name` does; missing: it is not listed */
  readonly helpNo?: string
  /** whether trials that differ in it can share batches and memory: neither batches nor the time of a step depend on it */
  readonly lockstep?: boolean
  /** whether a resumed run may have another value than before */
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

/** @param word what flags and tables call null: 'all' @param meaning what it stands for: 'all rows' */
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

/** A value as it stands in a table. */
export function labelOfValue<T>({ label }: Kind<T>, value: T): number | string | boolean {
  return label ? label(value) : (value as number | string | boolean)
}

/** Text that is not a number stays text. */
export function readNumber(text: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text
}

/** Numbers with commas, or another separator, between them. */
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

/** What a step multiplies parameters or gradients by. */
export const factor = real('a number from 0 to 3.4e38', (value) => value >= 0 && value <= MAX_FLOAT32)

export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  return {
    check: (name, value) => oneOf(name, value, names),
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
