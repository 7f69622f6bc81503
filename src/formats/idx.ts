import { invalidFile } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { bytesPerElement, decodeElements, type ElementArrays, elementCount } from './elements.js'
import { looksLike } from './foreign.js'
import { gunzipExactly, gunzipStart, isGzip } from './gzip.js'
import { toPath } from './path.js'
import { checkReadOptions, DEFAULT_MAX_BYTES, newBytes, type ReadOptions, readFileBytes } from './read-file.js'

export type IdxType = 'uint8' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64'

/** An array of the IDX format, the one of MNIST and its relatives (described on Yann LeCun's MNIST page). */
export interface IdxArray {
  readonly type: IdxType
  /** sizes, outermost first, e.g. [60000, 28, 28] */
  readonly dims: readonly number[]
  /** row-major, as long as the product of dims */
  readonly data: ElementArrays[IdxType]
}

/** Third byte of the magic number -> element type. */
const TYPE_CODES: ReadonlyMap<number, IdxType> = new Map([
  [0x08, 'uint8'],
  [0x09, 'int8'],
  [0x0b, 'int16'],
  [0x0c, 'int32'],
  [0x0d, 'float32'],
  [0x0e, 'float64'],
])

/** Bytes of the longest header: the magic number and 255 dimensions. */
const MAX_HEADER = 4 + 4 * 255

interface IdxHeader {
  readonly type: IdxType
  readonly dims: readonly number[]
  /** elements */
  readonly count: number
  /** where the data begins */
  readonly offset: number
  /** length the whole file must have */
  readonly total: number
}

/**
 * Parses the bytes of an IDX file (big-endian). One-byte elements are views of `bytes`, others are copied.
 * @param name what to call the file in errors
 * @throws NativeMlpError INVALID_FILE naming file and byte offset: wrong magic, truncated, trailing bytes, too large
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const header = parseHeader(bytes, name, DEFAULT_MAX_BYTES)
  checkLength(header, bytes.length, name)
  return decode(header, bytes)
}

/**
 * Reads an IDX file, plain or gzipped (recognised by its contents, not its name). A gzipped one is never inflated further
 * than its own IDX header announces.
 * @throws NativeMlpError INVALID_FILE, or FILE_SYSTEM when it cannot be read
 */
export async function readIdx(path: FilePath, options: ReadOptions = {}): Promise<IdxArray> {
  const file = toPath(path)
  const limits = checkReadOptions('readIdx', options)
  const bytes = await readIdxBytes(file, limits)
  return decode(parseHeader(bytes, file, limits.maxBytes), bytes)
}

/** The uncompressed bytes of an IDX file, as many as its header announces. @throws NativeMlpError as `readIdx` */
export async function readIdxBytes(path: string, limits: Required<ReadOptions>): Promise<Uint8Array> {
  const bytes = await readFileBytes(path, limits)
  if (!isGzip(bytes)) {
    checkLength(parseHeader(bytes, path, limits.maxBytes), bytes.length, path)
    return bytes
  }
  const name = `${path} (inflated)`
  const header = parseHeader(await gunzipStart(bytes, name, MAX_HEADER), name, limits.maxBytes)
  const contents = await gunzipExactly(bytes, name, header.total)
  if (!limits.shared) return contents
  const copy = newBytes(contents.length, true)
  copy.set(contents)
  return copy
}

function parseHeader(bytes: Uint8Array, name: string, maxBytes: number): IdxHeader {
  if (bytes.length < 4) throw invalidFile(name, `truncated: an IDX header needs at least 8 bytes`, bytes.length)
  const type = TYPE_CODES.get(bytes[2])
  if (bytes[0] !== 0 || bytes[1] !== 0 || type === undefined) {
    const magic = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const expected = 'expected 00 00, a type (08, 09, 0b..0e) and a count'
    throw invalidFile(name, `not an IDX file: ${expected}, got ${magic}${looksLike(bytes)}`, 0)
  }
  const dimensions = bytes[3]
  if (dimensions === 0) throw invalidFile(name, 'expected at least one dimension, got 0', 3)
  const offset = 4 + 4 * dimensions
  if (bytes.length < offset) {
    throw invalidFile(name, `truncated: ${dimensions} dimensions need a header of ${offset} bytes`, bytes.length)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, offset)
  const dims = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const size = bytesPerElement(type)
  const count = elementCount(dims, size, maxBytes - offset)
  if (count === undefined) {
    throw invalidFile(name, `announces ${dims.join(' x ')} ${type}, more than the limit of ${maxBytes} bytes`, 4)
  }
  return { type, dims, count, offset, total: offset + count * size }
}

function checkLength({ type, dims, total }: IdxHeader, length: number, name: string): void {
  if (length === total) return
  const announced = `${dims.join(' x ')} ${type} take ${total} bytes, the file has ${length}`
  if (length < total) throw invalidFile(name, `truncated: ${announced}`, length)
  throw invalidFile(name, `trailing bytes: ${announced}`, total)
}

function decode({ type, dims, count, offset }: IdxHeader, bytes: Uint8Array): IdxArray {
  if (type === 'uint8') return { type, dims, data: bytes.subarray(offset, offset + count) }
  if (type === 'int8') return { type, dims, data: new Int8Array(bytes.buffer, bytes.byteOffset + offset, count) }
  return { type, dims, data: decodeElements(bytes, offset, count, type, false) as IdxArray['data'] }
}
