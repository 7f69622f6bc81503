import { invalidFile } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { isFloat32Array, isUint8Array } from '../core/typed-arrays.js'
import type { ElementArrays } from '../formats/elements.js'
import { readIdx } from '../formats/idx.js'
import { toPath } from '../formats/path.js'
import { MAX_CLASSES } from './samples-options.js'

/** Rows of values as stored in a file. */
export interface FileRows {
  /** sizes, outermost first: [rows, ...] */
  readonly shape: readonly number[]
  /** row-major */
  readonly values: Uint8Array | Float32Array
}

/** An array of any format, without bigints. */
export interface NumberArray {
  /** element type, for errors */
  readonly type: string
  /** sizes, outermost first */
  readonly dims: readonly number[]
  readonly data: Exclude<ElementArrays[keyof ElementArrays], BigInt64Array | BigUint64Array>
}

/** Reads the values of an IDX file: bytes as bytes, all other types as float32. @throws as `readIdx` */
export async function readIdxRows(path: string, shared = false): Promise<FileRows> {
  return idxRows(await readIdx(path, { shared }), path)
}

/** @throws NativeMlpError INVALID_FILE for an array without elements, or a value outside the range of float32 */
export function idxRows({ type, dims, data }: NumberArray, path: string): FileRows {
  if (data.length === 0) throw invalidFile(path, `expected at least one value, got ${dims.join(' x ')} ${type}`, 4)
  return { shape: dims, values: isUint8Array(data) ? data : finiteFloats(data, path) }
}

function finiteFloats(data: Exclude<NumberArray['data'], Uint8Array>, path: string): Float32Array {
  const floats = isFloat32Array(data) ? data : Float32Array.from(data)
  const at = floats.findIndex((value) => !Number.isFinite(value))
  if (at < 0) return floats
  throw invalidFile(path, `value ${at} is ${data[at]}, expected a finite number in the range of float32`)
}

/** Reads the labels of an IDX file of one dimension and any type. @throws as `readIdx` and `idxLabels` */
export async function readIdxLabels(path: string): Promise<Int32Array> {
  return idxLabels(await readIdx(path), path)
}

/** Columns of QMNIST's labels, of which the first is the class; the others tell the writer and the origin. */
const QMNIST_COLUMNS = 8

/** @throws NativeMlpError INVALID_FILE unless there is one dimension of nonnegative integers */
export function idxLabels({ type, dims, data }: NumberArray, path: string): Int32Array {
  if (dims.length === 2 && dims[1] === QMNIST_COLUMNS && type === 'int32') {
    const first = Int32Array.from({ length: dims[0] }, (_, row) => data[row * QMNIST_COLUMNS])
    return idxLabels({ type, dims: [dims[0]], data: first }, path)
  }
  if (dims.length !== 1 || data.length === 0) {
    throw invalidFile(path, `expected labels in one dimension, not empty, got ${dims.join(' x ')} ${type}`, 3)
  }
  const at = data.findIndex((label: number) => !(Number.isInteger(label) && label >= 0 && label < MAX_CLASSES))
  if (at < 0) return Int32Array.from(data)
  const expected = `an integer from 0 to ${MAX_CLASSES - 1}`
  throw invalidFile(path, `label of row ${at}: expected ${expected}, got ${data[at]}`, 8 + at * data.BYTES_PER_ELEMENT)
}

/** The columns of a row, and its shape if it is an image. */
export function rowShape(shape: readonly number[]): { cols: number; imageShape: readonly [number, number] | null } {
  const [, ...rest] = shape
  // one channel is no dimension of its own: [height, width, 1] or [1, height, width]
  const sizes =
    rest.length === 3 && rest[2] === 1 ? rest.slice(0, 2) : rest.length === 3 && rest[0] === 1 ? rest.slice(1) : rest
  const imageShape = sizes.length === 2 ? ([sizes[0], sizes[1]] as const) : null
  return { cols: rest.reduce((product, size) => product * size, 1), imageShape }
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but a path, a file: URL or undefined */
export function pathOrNone(name: string, path: FilePath | undefined): string | undefined {
  return path === undefined ? undefined : toPath(path, name)
}
