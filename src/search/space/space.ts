import type { TrialParameters } from './parameters.js'

/**
 * What a search tries, as plain data that can stand in a JSON file: for each parameter a list of values, one of the ranges
 * below, or a single value that is the same in all trials.
 *
 *     { learningRate: logUniform(0.001, 0.5), hidden: integer(32, 512, { log: true }), activation: ['relu', 'tanh'],
 *       init: categorical(['he', 'glorot'], { when: { activation: ['relu'] } }), epochs: 5 }
 *
 * A list is always a list of values to try: `hidden: [512, 256]` is two networks, `hidden: [[512, 256]]` one of two layers.
 */
export type SearchSpace = { readonly [K in keyof TrialParameters]?: Choice<TrialParameters[K]> | TrialParameters[K] }

/** What a parameter may be: a list of values means `{ values }`. Ranges are for numbers only. */
export type Choice<T> = readonly T[] | Categorical<T> | (T extends number ? Uniform | LogUniform | IntegerRange : never)

/** Values of other parameters under which one exists: all that are named must have one of the values listed. */
export type Condition = { readonly [K in keyof TrialParameters]?: readonly TrialParameters[K][] }

export interface ChoiceOptions {
  /**
   * The parameter exists only where other parameters have these values. Elsewhere it has the value base gives it, or the
   * default of `MLP`, `sgd` or `fit`, and is no column of the results.
   */
  readonly when?: Condition
}

/** One of these values, each equally likely. */
export interface Categorical<T> extends ChoiceOptions {
  readonly values: readonly T[]
}

/** A real number, every one from low to high equally likely. */
export interface Uniform extends ChoiceOptions {
  readonly uniform: readonly [low: number, high: number]
}

/** A real number whose logarithm is uniform from log(low) to log(high): 0.001 to 0.01 as likely as 0.01 to 0.1; low > 0. */
export interface LogUniform extends ChoiceOptions {
  readonly logUniform: readonly [low: number, high: number]
}

/** A whole number, every one from low to high, both included. */
export interface IntegerRange extends ChoiceOptions {
  readonly integer: readonly [low: number, high: number]
  /** small numbers likelier, as with `LogUniform`; low >= 1; default false */
  readonly log?: boolean
}

/** Whether a parameter does not exist at every point, so that base may say what it is elsewhere. */
export function isConditional(choice: unknown): boolean {
  return typeof choice === 'object' && choice !== null && 'when' in choice && choice.when !== undefined
}

/** `{ values }`: one of these values, each equally likely. */
export function categorical<const T>(values: readonly T[], options: ChoiceOptions = {}): Categorical<T> {
  return { values, ...options }
}

/** `{ uniform: [low, high] }`: a real number, every one from low to high equally likely. */
export function uniform(low: number, high: number, options: ChoiceOptions = {}): Uniform {
  return { uniform: [low, high], ...options }
}

/** `{ logUniform: [low, high] }`: a real number whose logarithm is uniform; 0 < low < high. */
export function logUniform(low: number, high: number, options: ChoiceOptions = {}): LogUniform {
  return { logUniform: [low, high], ...options }
}

/** `{ integer: [low, high] }`: a whole number from low to high, both included; with `log` small ones are likelier. */
export function integer(low: number, high: number, options: ChoiceOptions & { log?: boolean } = {}): IntegerRange {
  return { integer: [low, high], ...options }
}
