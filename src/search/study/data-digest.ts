import { createHash, type Hash } from 'node:crypto'
import type { Samples } from '../../data/samples.js'
import type { StudyData } from '../trial/run-task.js'

/** Rows copied together before they are hashed. */
const BLOCK = 256

/**
 * What the sets of a study hold, as a sha256 in hexadecimal: rows in order, classes and targets, what the values mean. Sets
 * that hold the same have the same digest, however their arrays lie in memory.
 */
export function dataDigest({ train, valid, test }: Omit<StudyData, 'valid'> & { readonly valid?: Samples }): string {
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
