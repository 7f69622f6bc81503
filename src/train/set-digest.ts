import type { Samples } from '../data/samples.js'
import { fnv1a } from '../model/digest.js'

/** Rows whose values are hashed; hashing all would take as long as training on them. */
const LOOKED_AT = 64

/**
 * Digest of a set: FNV-1a over the label of every row in order, and over the values and targets of 64 evenly spaced rows.
 * Sets of the same rows in the same order have the same digest, whatever the layout of their arrays.
 */
export function setDigest(data: Samples): string {
  const { rows, labels, values, cols, targets, targetCols } = data
  const arrays: Float32Array[] = []
  if (labels !== null) arrays.push(Float32Array.from(rows, (row) => labels[row]))
  const count = Math.min(LOOKED_AT, rows.length)
  for (let i = 0; i < count; i++) {
    const row = rows[Math.floor((i * rows.length) / count)]
    arrays.push(Float32Array.from(values.subarray(row * cols, (row + 1) * cols)))
    if (targets !== null) arrays.push(targets.slice(row * targetCols, (row + 1) * targetCols))
  }
  return fnv1a(arrays)
}
