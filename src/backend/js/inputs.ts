import { invalidArgument } from '../../core/errors.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import type { Batch, Dataset, InputStatistics, Matrix } from '../operands.js'

/** Below this fraction of non-zeros lists are faster than the dense kernel, including building them. */
const SPARSE_BELOW = 0.7

export function dataset(
  values: Uint8Array | Float32Array,
  rows: number,
  cols: number,
  table: Float32Array | null,
  statistics?: InputStatistics,
): Dataset {
  if (values.length < rows * cols) {
    throw invalidArgument('dataset', `at least ${rows} x ${cols} = ${rows * cols} values`, values)
  }
  if (isUint8Array(values) ? table?.length !== 256 : table !== null) {
    throw invalidArgument('dataset table', 'a Float32Array of length 256 for bytes, null for floats', table)
  }
  const { nonzeros } = statistics ?? measure(values, rows, cols, table)
  return { rows, cols, density: rows * cols === 0 ? 0 : nonzeros / (rows * cols), values, table }
}

export function measure(
  values: Uint8Array | Float32Array,
  rows: number,
  cols: number,
  table: Float32Array | null,
): InputStatistics {
  const nonzeros = isUint8Array(values)
    ? countBytes(values, rows * cols, table as Float32Array)
    : countFloats(values, rows * cols)
  return { nonzeros, longestRow: -1 }
}

function countBytes(values: Uint8Array, length: number, table: Float32Array): number {
  const counts = new Float64Array(256)
  for (let i = 0; i < length; i++) counts[values[i]]++
  let count = 0
  for (let byte = 0; byte < 256; byte++) if (table[byte] !== 0) count += counts[byte]
  return count
}

function countFloats(values: Float32Array, length: number): number {
  let count = 0
  for (let i = 0; i < length; i++) if (values[i] !== 0) count++
  return count
}

/**
 * A mini-batch holds only its row numbers: the first layer reads the data set, as lists or as panels, directly into the
 * buffers of the kernels.
 */
export class JsBatch implements Batch {
  readonly kind = 'batch'
  readonly cols: number
  readonly capacity: number
  rows = 0
  dataset: Dataset
  readonly rowIndices: Int32Array

  constructor(dataset: Dataset, capacity: number) {
    this.dataset = dataset
    this.cols = dataset.cols
    this.capacity = capacity
    this.rowIndices = new Int32Array(capacity)
  }

  get sparse(): boolean {
    return this.dataset.density < SPARSE_BELOW
  }

  /** share of the inputs that are multiplied */
  get inputShare(): number {
    return this.sparse ? this.dataset.density : 1
  }
}

/** Narrows the opaque type. @throws NativeMlpError INVALID_ARGUMENT for a batch of another backend */
export function ownBatch(batch: Batch | Matrix): JsBatch {
  if (!(batch instanceof JsBatch)) throw invalidArgument('batch', 'a batch made by the js backend', batch)
  return batch
}

export function gather(dataset: Dataset, rowIndices: Int32Array, batch: Batch): void {
  gatherRange(dataset, rowIndices, 0, rowIndices.length, ownBatch(batch))
}

/** gather of rowIndices[begin .. end-1]. */
export function gatherRange(
  dataset: Dataset,
  rowIndices: Int32Array,
  begin: number,
  end: number,
  batch: JsBatch,
): void {
  if (end - begin > batch.capacity) throw invalidArgument('rowIndices', `at most ${batch.capacity} rows`, end - begin)
  if (dataset.cols !== batch.cols) throw invalidArgument('dataset', `${batch.cols} columns`, dataset.cols)
  const { values, rows, cols } = dataset
  if (values.length < rows * cols) throw invalidArgument('values', `${rows} x ${cols} values`, values)
  for (let i = begin; i < end; i++) {
    const row = rowIndices[i]
    if (row < 0 || row >= dataset.rows) throw invalidArgument(`rowIndices[${i}]`, `a row 0..${dataset.rows - 1}`, row)
    batch.rowIndices[i - begin] = row
  }
  batch.dataset = dataset
  batch.rows = end - begin
}
