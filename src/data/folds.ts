import { integerInRange, knownOptions, trueOrFalse } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { randomStream } from '../core/random.js'
import { range } from './range.js'
import { classesOf, isSamples, type Samples } from './samples.js'
import { rowsByClass } from './split.js'

export interface FoldOptions {
  /** number of parts, from 2 to the number of rows; each is the validation set once */
  readonly folds: number
  /** seed of the stream 'folds'; default 1 */
  readonly seed?: number
  /** give every fold the same share of each class; default false */
  readonly stratified?: boolean
}

export interface Fold {
  readonly train: Samples
  readonly valid: Samples
}

/**
 * k-fold cross-validation (Stone, 1974; Kohavi, 1995): the rows are split at random into k parts whose sizes differ by at
 * most one; each part is the validation set of the others once. Every set keeps the original order of the rows and shares
 * their arrays; the columns of a table are learnt on the training rows of each fold alone. With `stratified`, folds also differ by at most one row in each class.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for more folds than rows, for `stratified` without labels, and for a nonempty
 *   class with fewer rows than folds; UNKNOWN_OPTION for a misspelt option
 */
export function kFold(samples: Samples, options: FoldOptions): Fold[] {
  if (!isSamples(samples)) throw invalidArgument('kFold', 'Samples', samples)
  knownOptions('kFold', options ?? null, ['folds', 'seed', 'stratified'])
  const folds = integerInRange('kFold: folds', options.folds, 2, Math.max(2, samples.length))
  if (folds > samples.length) throw invalidArgument('kFold', `at least ${folds} rows, one per fold`, samples.length)
  const stratified = trueOrFalse('kFold: stratified', options.stratified ?? false)
  const foldOf = deal(stratified ? checkedClasses(samples, folds) : [range(samples.length)], folds, options.seed ?? 1)
  const positions = range(samples.length)
  return Array.from({ length: folds }, (_, fold) => {
    const kept = positions.filter((i) => foldOf[i] !== fold)
    const [train, valid] = samples.divide(
      kept,
      positions.filter((i) => foldOf[i] === fold),
    )
    return { train, valid }
  })
}

/** Assigns the shuffled positions of each group to the folds in turn, continuing across groups. */
export function deal(groups: readonly Int32Array[], folds: number, seed: number): Int32Array {
  const random = randomStream(seed, 'folds')
  const foldOf = new Int32Array(groups.reduce((sum, { length }) => sum + length, 0))
  let dealt = 0
  for (const group of groups) {
    random.shuffle(group)
    for (const position of group) foldOf[position] = dealt++ % folds
  }
  return foldOf
}

function checkedClasses(samples: Samples, folds: number): Int32Array[] {
  const { classNames } = samples
  const groups = rowsByClass(classesOf(samples, 'kFold: stratified'))
  groups.forEach(({ length }, c) => {
    if (length === 0 || length >= folds) return
    const name = classNames[c] === String(c) ? `class ${c}` : `class ${c} ('${classNames[c]}')`
    const problem = `${name} has ${length} ${length === 1 ? 'row' : 'rows'}, fewer than the ${folds} folds`
    throw new NativeMlpError('INVALID_ARGUMENT', `kFold: stratified: ${problem}`)
  })
  return groups
}
