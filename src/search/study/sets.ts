import { integerInRange, knownOptions, trueOrFalse } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { kFold } from '../../data/folds.js'
import { Samples } from '../../data/samples.js'
import type { SearchOptions } from '../options.js'
import type { SearchBase } from '../space/grid.js'
import type { StudyData } from '../trial/run-task.js'
import { dataDigest } from './data-digest.js'

/** The sets of a study. */
export interface StudySets {
  /** one where there are no folds */
  readonly folds: readonly StudyData[]
  readonly stratified: boolean
  readonly splitSeed: number
  readonly digest: string
}

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong */
export function planSets(options: SearchOptions, base: SearchBase): StudySets {
  const { data } = options
  knownOptions('data', data ?? null, ['train', 'valid', 'test'])
  for (const [name, set] of Object.entries(data)) {
    if (set !== undefined && !(set instanceof Samples)) throw invalidArgument(`data.${name}`, 'Samples', set)
  }
  const { train, valid, test } = data
  if (train === undefined) throw invalidArgument('data.train', 'Samples', train)
  const stratified = trueOrFalse('stratified', options.stratified ?? false)
  const seed = integerInRange('splitSeed', options.splitSeed ?? base.seed ?? 1, 0)
  const folds = integerInRange('folds', options.folds ?? 1, 1, 1000)
  if (folds === 1) {
    const sets =
      valid === undefined ? { ...train.split({ valid: 0.2, seed, stratified }), test } : { train, valid, test }
    return { folds: [sets], stratified, splitSeed: seed, digest: dataDigest(sets) }
  }
  if (valid !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'data.valid: expected none with folds, each of which is one in turn')
  }
  const sets = kFold(train, { folds, seed, stratified })
  return {
    folds: sets.map((fold) => ({ ...fold, test })),
    stratified,
    splitSeed: seed,
    digest: dataDigest({ train, test }),
  }
}
