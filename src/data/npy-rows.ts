import { invalidFile } from '../core/errors.js'
import { isBigIntArray } from '../core/typed-arrays.js'
import type { NpyArray } from '../formats/npy.js'
import { type FileRows, idxLabels, idxRows, type NumberArray } from './idx-rows.js'

/** Rows of a NumPy array: uint8 as bytes, all other types as float32. @throws as `idxRows` */
export function npyRows(array: NpyArray, name: string): FileRows {
  const { type, dims, data } = numbersOf(array)
  if (dims.length === 0) throw invalidFile(name, 'expected rows, got a scalar')
  // truth values are numbers; bytes would be scaled
  const values = array.dtype === 'bool' ? Float32Array.from(data) : data
  return idxRows({ type, dims, data: values }, name)
}

/** Classes of rows: one dimension of any type, or a single column. @throws as `idxLabels` */
export function npyLabels(array: NpyArray, name: string): Int32Array {
  const { type, dims, data } = numbersOf(array)
  return idxLabels({ type, dims: dims.length === 2 && dims[1] === 1 ? [dims[0]] : dims, data }, name)
}

/** [rows][columns] targets of a regression, or flags of several labels. @throws as `idxRows` */
export function npyTargets(array: NpyArray, name: string): { targets: Float32Array; rows: number } {
  const { type, dims, data } = numbersOf(array)
  if (dims.length !== 1 && dims.length !== 2) {
    throw invalidFile(name, `expected targets in one or two dimensions, got ${dims.join(' x ')} ${type}`)
  }
  const { values } = idxRows({ type, dims, data: Float64Array.from(data) }, name)
  return { targets: values as Float32Array, rows: dims[0] }
}

/** Whether the array can be classes: whole numbers of an integer type in one dimension or one column. */
export function areLabels({ dtype, shape }: NpyArray): boolean {
  return !dtype.startsWith('float') && (shape.length === 1 || (shape.length === 2 && shape[1] === 1))
}

function numbersOf({ dtype, shape, data }: NpyArray): NumberArray {
  return { type: dtype, dims: shape, data: isBigIntArray(data) ? Float64Array.from(data, Number) : data }
}
