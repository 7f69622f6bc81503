import { createHash, type Hash } from 'node:crypto'
import { checking, knownOptions } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { isSamples, type Samples } from './samples.js'
import type { TableOrigin } from './samples-options.js'

/** The sets of a run or a study; any of them may be missing. */
export interface DigestedSets {
  readonly train?: Samples | undefined
  readonly valid?: Samples | undefined
  readonly test?: Samples | undefined
}

/** Rows copied into one block before hashing, if they are not contiguous. */
const BLOCK = 256

const known = new WeakMap<Samples, string>()

/**
 * SHA-256 in hexadecimal of the contents of sets: rows in order, classes, targets and scale. It does not depend on the
 * memory layout of the arrays. Each set is read once.
 *
 * @throws NativeMlpError INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function dataDigest(sets: DigestedSets): string {
  knownOptions('dataDigest', sets ?? null, ['train', 'valid', 'test'])
  const { train, valid, test } = sets
  for (const [name, set] of Object.entries({ train, valid, test })) {
    if (set !== undefined && !isSamples(set)) throw invalidArgument(`dataDigest: ${name}`, 'Samples', set)
  }
  const hash = createHash('sha256')
  for (const [name, set] of Object.entries({ train, valid, test })) if (set) hash.update(`${name} ${digestOf(set)}\n`)
  return hash.digest('hex')
}

function digestOf(set: Samples): string {
  let digest = known.get(set)
  if (digest === undefined) {
    digest = checking('dataDigest', () => {
      const hash = createHash('sha256')
      addSet(hash, set)
      return hash.digest('hex')
    })
    known.set(set, digest)
  }
  return digest
}

function addSet(hash: Hash, set: Samples): void {
  if (set.rows.length === 0) throw invalidArgument('dataDigest: rows', 'at least one, which was not transferred', 0)
  if (set.origin) {
    addRaw(hash, set.origin, set.rows)
    return
  }
  const { values, cols, labels, targets, targetCols, classes, classNames, rows } = set
  const kind = values.constructor.name
  // floats are not scaled
  const scale = set.kind === 'bytes' ? set.scale : null
  hash.update(JSON.stringify({ kind, length: rows.length, cols, targetCols, classes, classNames, scale }))
  addRows(hash, values, cols, rows)
  if (labels) addRows(hash, labels, 1, rows)
  if (targets) addRows(hash, targets, targetCols, rows)
}

/** Of the raw rows, and of how they are encoded. The encoded values follow from both. */
function addRaw(hash: Hash, { table, rows, options }: TableOrigin, of: Int32Array): void {
  const { rows: _, ...rest } = options
  const positions = rows === null ? of : of.map((row) => rows[row])
  hash.update(JSON.stringify({ ...rest, length: of.length }))
  for (const column of table.columns) {
    const { name, kind } = column
    hash.update(JSON.stringify({ name, kind, levels: kind === 'text' ? column.levels : [] }))
    addRows(hash, kind === 'text' ? column.codes : column.values, 1, positions)
  }
}

function addRows(
  hash: Hash,
  array: Uint8Array | Float32Array | Int32Array | Float64Array,
  cols: number,
  rows: Int32Array,
): void {
  const Copy = array.constructor as new (length: number) => Uint8Array
  const block = new Copy(BLOCK * cols)
  for (let start = 0; start < rows.length; start += BLOCK) {
    const some = rows.subarray(start, start + BLOCK)
    const first = some[0]
    if (some.every((row, i) => row === first + i)) {
      block.set((array as Uint8Array).subarray(first * cols, (first + some.length) * cols))
    } else {
      some.forEach((row, i) => {
        block.set((array as Uint8Array).subarray(row * cols, (row + 1) * cols), i * cols)
      })
    }
    hash.update(new Uint8Array(block.buffer, 0, some.length * cols * block.BYTES_PER_ELEMENT))
  }
}
