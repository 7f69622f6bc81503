import { createHash, type Hash } from 'node:crypto'
import { integerInRange, knownOptions, trueOrFalse } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { kFold } from '../../data/folds.js'
import { Samples } from '../../data/samples.js'
import type { SearchOptions } from '../options.js'
import type { SearchBase } from '../space/grid.js'
import type { StudyData } from '../trial/run-task.js'

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
    return { folds: [sets], stratified, splitSeed: seed, digest: setsDigest(sets) }
  }
  if (valid !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'data.valid: expected none with folds, each of which is one in turn')
  }
  const sets = kFold(train, { folds, seed, stratified })
  return {
    folds: sets.map((fold) => ({ ...fold, test })),
    stratified,
    splitSeed: seed,
    digest: setsDigest({ train, test }),
  }
}

/** Rows copied together before they are hashed. */
const BLOCK = 256

/**
 * What the sets of a study hold, as a sha256 in hexadecimal: rows in order, classes and targets, what the values mean. Sets
 * that hold the same have the same digest, however their arrays lie in memory.
 */
export function setsDigest({ train, valid, test }: Omit<StudyData, 'valid'> & { readonly valid?: Samples }): string {
  const hash = createHash('sha256')
  for (const [name, set] of Object.entries({ train, valid, test })) if (set) addSet(hash, name, set)
  return hash.digest('hex')
}

function addSet(hash: Hash, name: string, set: Samples): void {
  const { values, cols, labels, targets, targetCols, classes, classNames, rows, scale } = set
  const kind = values.constructor.name
  hash.update(JSON.stringify({ name, kind, length: rows.length, cols, targetCols, classes, classNames, scale }))
  addRows(hash, values, cols, rows)
  if (labels) addRows(hash, labels, 1, rows)
  if (targets) addRows(hash, targets, targetCols, rows)
}

function addRows(hash: Hash, array: Uint8Array | Float32Array | Int32Array, cols: number, rows: Int32Array): void {
  const Copy = array.constructor as new (length: number) => Uint8Array
  const block = new Copy(BLOCK * cols)
  for (let start = 0; start < rows.length; start += BLOCK) {
    const some = rows.subarray(start, start + BLOCK)
    some.forEach((row, i) => {
      block.set((array as Uint8Array).subarray(row * cols, (row + 1) * cols), i * cols)
    })
    hash.update(new Uint8Array(block.buffer, 0, some.length * cols * block.BYTES_PER_ELEMENT))
  }
}
