import { isUint8Array } from '../../core/typed-arrays.js'
import type { Dataset } from '../operands.js'
import type { JsBatch } from './inputs.js'
import { LIST_COLS, left, listBegin, listEnd, listOffset, TILE_ROWS } from './kernels.js'
import type { LeftOperand } from './operands.js'
import type { SparseOperand } from './product.js'

const NO_TABLE = new Float32Array(256)

/** The batch as left operand of `forward`: [rows][cols]. */
export class BatchRows implements LeftOperand, SparseOperand {
  #batch: JsBatch | null = null

  set(batch: JsBatch): this {
    this.#batch = batch
    return this
  }

  get longest(): number {
    return (this.#batch as JsBatch).cols
  }

  pack(row0: number, rows: number, k0: number, chunk: number): void {
    const { dataset, rowIndices } = this.#batch as JsBatch
    for (let r = 0; r < rows; r++) {
      const from = rowIndices[row0 + r] * dataset.cols + k0
      const to = (r >> 1) * TILE_ROWS * chunk + (r & 1)
      packRow(dataset, from, to, chunk)
    }
  }

  list(row0: number, rows: number): void {
    const { dataset, rowIndices } = this.#batch as JsBatch
    let p = 0
    for (let r = 0; r < rows; r++) {
      const from = rowIndices[row0 + r] * dataset.cols
      listBegin[r] = p
      p = isUint8Array(dataset.values)
        ? listBytes(dataset.values, dataset.table as Float32Array, from, dataset.cols, p)
        : listFloats(dataset.values, from, dataset.cols, p)
      listEnd[r] = p
    }
  }
}

function packRow(dataset: Dataset, from: number, to: number, chunk: number): void {
  if (isUint8Array(dataset.values)) packBytes(dataset.values, dataset.table as Float32Array, from, to, chunk)
  else packFloats(dataset.values, from, to, chunk)
}

function packBytes(values: Uint8Array, table: Float32Array, from: number, to: number, n: number): void {
  let p = to | 0
  for (let k = 0; k < n; k++) {
    left[p] = table[values[from + k]]
    p = (p + 2) | 0
  }
}

function packFloats(values: Float32Array, from: number, to: number, n: number): void {
  let p = to | 0
  for (let k = 0; k < n; k++) {
    left[p] = values[from + k]
    p = (p + 2) | 0
  }
}

function listBytes(values: Uint8Array, table: Float32Array, from: number, n: number, start: number): number {
  let p = start | 0
  for (let k = 0; k < n; k++) {
    const x = table[values[from + k]]
    if (x === 0) continue
    listOffset[p] = k * LIST_COLS
    left[p] = x
    p = (p + 1) | 0
  }
  return p
}

function listFloats(values: Float32Array, from: number, n: number, start: number): number {
  let p = start | 0
  for (let k = 0; k < n; k++) {
    const x = values[from + k]
    if (x === 0) continue
    listOffset[p] = k * LIST_COLS
    left[p] = x
    p = (p + 1) | 0
  }
  return p
}

/** The batch as left operand of `update`: [cols][rows], its transpose. */
export class BatchColumns implements LeftOperand, SparseOperand {
  #batch: JsBatch | null = null

  set(batch: JsBatch): this {
    this.#batch = batch
    return this
  }

  get longest(): number {
    return (this.#batch as JsBatch).rows
  }

  pack(col0: number, cols: number, k0: number, chunk: number): void {
    const { dataset, rowIndices } = this.#batch as JsBatch
    const table = dataset.table ?? NO_TABLE
    for (let k = 0; k < chunk; k++) {
      const from = rowIndices[k0 + k] * dataset.cols + col0
      if (isUint8Array(dataset.values)) spreadBytes(dataset.values, table, from, cols, k, chunk)
      else spreadFloats(dataset.values, from, cols, k, chunk)
    }
  }

  /** Every list has capacity for all rows of the batch, so that one pass over the rows fills them. */
  list(col0: number, cols: number): void {
    const { dataset, rowIndices, rows } = this.#batch as JsBatch
    const table = dataset.table ?? NO_TABLE
    for (let c = 0; c < cols; c++) {
      listBegin[c] = c * rows
      listEnd[c] = c * rows
    }
    for (let r = 0; r < rows; r++) {
      const from = rowIndices[r] * dataset.cols + col0
      if (isUint8Array(dataset.values)) appendBytes(dataset.values, table, from, cols, r)
      else appendFloats(dataset.values, from, cols, r)
    }
  }
}

/** One row of the data set becomes element k of `cols` rows of the operand. */
function spreadBytes(
  values: Uint8Array,
  table: Float32Array,
  from: number,
  cols: number,
  k: number,
  chunk: number,
): void {
  for (let c = 0; c < cols; c++) left[(c >> 1) * 2 * chunk + 2 * k + (c & 1)] = table[values[from + c]]
}

function spreadFloats(values: Float32Array, from: number, cols: number, k: number, chunk: number): void {
  for (let c = 0; c < cols; c++) left[(c >> 1) * 2 * chunk + 2 * k + (c & 1)] = values[from + c]
}

function appendBytes(values: Uint8Array, table: Float32Array, from: number, cols: number, r: number): void {
  const offset = r * LIST_COLS
  for (let c = 0; c < cols; c++) {
    const x = table[values[from + c]]
    if (x === 0) continue
    const p = listEnd[c]
    listOffset[p] = offset
    left[p] = x
    listEnd[c] = p + 1
  }
}

function appendFloats(values: Float32Array, from: number, cols: number, r: number): void {
  const offset = r * LIST_COLS
  for (let c = 0; c < cols; c++) {
    const x = values[from + c]
    if (x === 0) continue
    const p = listEnd[c]
    listOffset[p] = offset
    left[p] = x
    listEnd[c] = p + 1
  }
}
