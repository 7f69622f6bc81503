import { invalidFile } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { isFloat32Array, isUint8Array } from '../core/typed-arrays.js'
import { type IdxArray, readIdx } from '../formats/idx.js'
import { toPath } from '../formats/path.js'
import { MAX_CLASSES } from './samples-options.js'

/** Rows of values as stored in a file. */
export interface FileRows {
  /** sizes, outermost first: [rows, ...] */
  readonly shape: readonly number[]
  /** row-major */
  readonly values: Uint8Array | Float32Array
}

/** Reads the values of an IDX file: bytes as bytes, all other types as float32. @throws as `readIdx` */
export async function readIdxRows(path: string, shared = false): Promise<FileRows> {
  return idxRows(await readIdx(path, { shared }), path)
}

/** @throws NativeMlpError INVALID_FILE for an array without elements, or a value outside the range of float32 */
export function idxRows({ type, dims, data }: IdxArray, path: string): FileRows {
  if (data.length === 0) throw invalidFile(path, `expected at least one value, got ${dims.join(' x ')} ${type}`, 4)
  return { shape: dims, values: isUint8Array(data) ? data : finiteFloats(data, path) }
}

function finiteFloats(data: Exclude<IdxArray['data'], Uint8Array>, path: string): Float32Array {
  const floats = isFloat32Array(data) ? data : Float32Array.from(data)
  const at = floats.findIndex((value) => !Number.isFinite(value))
  if (at < 0) return floats
  throw invalidFile(path, `value ${at} is ${data[at]}, expected a finite number in the range of float32`)
}

/** Reads the labels of an IDX file of one dimension and any type. @throws as `readIdx` and `idxLabels` */
export async function readIdxLabels(path: string): Promise<Int32Array> {
  return idxLabels(await readIdx(path), path)
}

/** @throws NativeMlpError INVALID_FILE unless there is one dimension of nonnegative integers */
export function idxLabels({ type, dims, data }: IdxArray, path: string): Int32Array {
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
  const imageShape = rest.length === 2 ? ([rest[0], rest[1]] as const) : null
  return { cols: rest.reduce((product, size) => product * size, 1), imageShape }
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but a path, a file: URL or undefined */
export function pathOrNone(name: string, path: FilePath | undefined): string | undefined {
  return path === undefined ? undefined : toPath(path, name)
}
