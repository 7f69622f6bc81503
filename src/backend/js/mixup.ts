import { isUint8Array } from '../../core/typed-arrays.js'
import type { Matrix } from '../operands.js'
import type { JsBatch } from './inputs.js'
import { type Rectangle, whole } from './product.js'

/** out = (1 - share) row + share next row of each row of the batch, the first after the last, or a part of it. */
export function mixRows(
  batch: JsBatch,
  out: Matrix,
  share: number,
  { row0, rowEnd, col0, colEnd }: Rectangle = whole(batch.rows, batch.cols),
): void {
  const { rowIndices, rows } = batch
  const { values, cols, table } = batch.dataset
  const rest = 1 - share
  out.rows = rows
  for (let r = row0; r < rowEnd; r++) {
    const own = rowIndices[r] * cols
    const next = rowIndices[(r + 1) % rows] * cols
    const to = r * out.stride
    if (isUint8Array(values)) {
      const meaning = table as Float32Array
      for (let c = col0; c < colEnd; c++) {
        out.values[to + c] = rest * meaning[values[own + c]] + share * meaning[values[next + c]]
      }
    } else {
      for (let c = col0; c < colEnd; c++) out.values[to + c] = rest * values[own + c] + share * values[next + c]
    }
  }
}

/** losses = (1 - share) losses + share others, in rows from..to-1 */
export function mixLosses(losses: Float64Array, others: Float64Array, share: number, from: number, to: number): void {
  for (let r = from; r < to; r++) losses[r] = (1 - share) * losses[r] + share * others[r]
}

/** The same for gradients. */
export function mixGradients(
  gradient: Matrix,
  { stride, values }: Matrix,
  share: number,
  from: number,
  to: number,
): void {
  for (let r = from; r < to; r++) {
    const at = r * gradient.stride
    for (let c = 0; c < gradient.cols; c++) {
      gradient.values[at + c] = (1 - share) * gradient.values[at + c] + share * values[r * stride + c]
    }
  }
}
