import { integerInRange } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { type Fold, kFold } from './folds.js'
import type { Samples } from './samples.js'

/** How loaded rows become the sets of a run or a study, as plain JSON. */
export interface Division {
  /** only so many training rows, the first; null: all. What validates is drawn from them. */
  readonly limitTrain: number | null
  /** only so many test rows, the first; null: all */
  readonly limitTest: number | null
  /** share of the training rows drawn for validation, between 0 and 1; unused with folds */
  readonly validFraction: number
  /** of the validation set or the folds */
  readonly splitSeed: number
  /** give every set the same share of each class */
  readonly stratified: boolean
  /** parts of the training rows that validate in turn; 1: a validation set of `validFraction` instead */
  readonly folds: number
}

export interface DividedData {
  /** the training rows, those that validate included */
  readonly train: Samples
  readonly test?: Samples
  /** one where there are no folds; each with the same test set */
  readonly folds: readonly (Fold & { readonly test?: Samples })[]
}

/** @throws NativeMlpError INVALID_ARGUMENT naming the member of the division that does not go with the sets */
export function divide(sets: { readonly train: Samples; readonly test?: Samples }, division: Division): DividedData {
  const { limitTrain, limitTest, validFraction, splitSeed: seed, stratified, folds: count } = division
  const train = first(sets.train, limitTrain, 'limitTrain')
  if (sets.test === undefined && limitTest !== null)
    throw invalidArgument('limitTest', 'null without test rows', limitTest)
  const test = sets.test && { test: first(sets.test, limitTest, 'limitTest') }
  const folds =
    count > 1
      ? kFold(train, { folds: count, seed, stratified })
      : [train.split({ valid: validFraction, seed, stratified })]
  return { train, ...test, folds: folds.map((fold) => ({ ...fold, ...test })) }
}

function first(set: Samples, limit: number | null, name: string): Samples {
  return limit === null ? set : set.take(integerInRange(name, limit, 1, set.length))
}
