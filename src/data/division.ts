import { checking, integerInRange, objectOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { type Fold, kFold } from './folds.js'
import { type LoadedData, loadData } from './load.js'
import type { Samples } from './samples.js'
import type { LoadDataOptions } from './sources/source.js'
import type { DataRecipe, DataSpec } from './spec.js'
import { learnAgain, positionsOf, withTransform } from './table-samples.js'

/** How loaded rows are split into the sets of a run or a study, as plain JSON. */
export interface Division {
  /** use only the first n training rows, validation rows included; null: all */
  readonly limitTrain: number | null
  /** use only the first n test rows; null: all */
  readonly limitTest: number | null
  /** share of the training rows drawn for validation, between 0 and 1; unused with folds */
  readonly validFraction: number
  /** of the validation set or the folds */
  readonly splitSeed: number
  /** give every set the same share of each class */
  readonly stratified: boolean
  /** number of cross-validation folds; 1: a validation set of `validFraction` instead */
  readonly folds: number
}

export const MAX_FOLDS = 1000

/** Describes the sets of a run or a study as plain JSON, so that a worker on another machine can load them. */
export interface SetsRecipe extends Division {
  readonly data: DataRecipe
}

export interface DividedData {
  /** the training rows, validation rows included */
  readonly train: Samples
  readonly test?: Samples | undefined
  /** a single entry without folds; all with the same test set */
  readonly folds: readonly (Fold & { readonly test?: Samples | undefined })[]
}

/**
 * The division from options, with defaults: all rows, a fifth of them for validation, seed 1.
 *
 * @throws NativeMlpError INVALID_ARGUMENT naming the option that is wrong
 */
export function checkDivision(options: Partial<Division>): Division {
  const { limitTrain = null, limitTest = null, validFraction = 0.2 } = options
  if (typeof validFraction !== 'number' || !(validFraction > 0 && validFraction < 1)) {
    throw invalidArgument('validFraction', 'a number between 0 and 1', validFraction)
  }
  return {
    limitTrain: limitTrain === null ? null : integerInRange('limitTrain', limitTrain, 1),
    limitTest: limitTest === null ? null : integerInRange('limitTest', limitTest, 1),
    validFraction,
    splitSeed: integerInRange('splitSeed', options.splitSeed ?? 1, 0),
    stratified: trueOrFalse('stratified', options.stratified ?? false),
    folds: integerInRange('folds', options.folds ?? 1, 1, MAX_FOLDS),
  }
}

/**
 * @param sets if `valid` is given, no validation rows are drawn
 * @throws NativeMlpError INVALID_ARGUMENT for a limit greater than the number of rows; as `Samples.split` and `kFold`
 */
export function divide(
  sets: { readonly train: Samples; readonly valid?: Samples | undefined; readonly test?: Samples | undefined },
  division: Division,
): DividedData {
  const { limitTrain, limitTest, validFraction, splitSeed: seed, stratified, folds: count } = division
  if (sets.train.origin && !sets.valid) return divideTable(sets.train, sets.test, division)
  const train = first(sets.train, limitTrain, 'limitTrain')
  const test = sets.test && first(sets.test, limitTest, 'limitTest')
  const folds = () => {
    if (sets.valid) return [{ train, valid: sets.valid }]
    if (count > 1) return kFold(train, { folds: count, seed, stratified })
    return [train.split({ valid: validFraction, seed, stratified })]
  }
  return { train, test, folds: folds().map((fold) => ({ ...fold, test })) }
}

/** Divides the raw rows, and learns what their columns mean on the training rows of each fold alone. */
function divideTable(all: Samples, test: Samples | undefined, division: Division): DividedData {
  const rowsOfTest = test && first(positionsOf(test), division.limitTest, 'limitTest').rows
  const { folds, train } = divide({ train: positionsOf(all) }, { ...division, limitTest: null })
  const learnt = (positions: Samples) => learnAgain(all, positions.rows)
  const whole = train.length === all.length ? all : learnt(train)
  return {
    train: whole,
    test: test && withTransform(test, whole, rowsOfTest!),
    folds: folds.map((fold) => {
      const own = learnt(fold.train)
      return {
        train: own,
        valid: withTransform(all, own, fold.valid.rows),
        test: test && withTransform(test, own, rowsOfTest!),
      }
    }),
  }
}

/**
 * Loads the sets that a recipe describes.
 *
 * @param recipe a `SetsRecipe`, possibly from another machine
 * @param from location of the data on this machine; default: as in the recipe. The digest must match in any case.
 * @throws NativeMlpError INVALID_ARGUMENT for an invalid recipe and if the data digest does not match; as `loadData` and
 *   `divide`
 */
export async function loadSets(
  recipe: unknown,
  from: DataSpec | undefined,
  options: LoadDataOptions = {},
): Promise<DividedData & Pick<LoadedData, 'recipe' | 'schema' | 'source' | 'notes'>> {
  const { data, division } = checking('recipe', () => checkRecipe(recipe))
  const { digest, scale } = data
  if (from !== undefined) objectOf('from', from, 'an object with the name of a source')
  const loaded = await loadData(from === undefined ? data : { ...from, scale, digest }, options)
  return { ...loaded, ...divide(loaded, division) }
}

function checkRecipe(recipe: unknown): { data: DataRecipe; division: Division } {
  const { data, ...rest } = objectOf('recipe', recipe as SetsRecipe, 'the recipe of a study')
  const division = checkDivision(rest)
  if (typeof data?.digest !== 'string') throw invalidArgument('data.digest', 'a recipe with a digest', data)
  return { data, division }
}

function first(set: Samples, limit: number | null, name: string): Samples {
  return limit === null ? set : set.take(integerInRange(name, limit, 1, set.length))
}
