import { checking, knownOptions, oneOf } from '../core/checks.js'
import { invalidArgument, invalidFile, shortened } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import {
  bytesPerElement,
  decodeElements,
  type ElementArray,
  type ElementType,
  elementCount,
  elementTypeOf,
  emptyElements,
  encodeElements,
} from './elements.js'
import { formatNpyHeader, parseNpyHeader } from './npy-header.js'
import { toPath } from './path.js'
import { checkReadOptions, type ReadOptions, readFileBytes } from './read-file.js'

/** Element types of .npy files. */
export type NpyType = ElementType | 'bool' | 'float16'

/** An array of NumPy's .npy format, in C order (row-major). */
export interface NpyArray {
  /**
   * NumPy's name of the element type in the file. 64-bit integers come as bigint arrays, 'bool' as bytes 0 and 1, 'float16' as
   * float32
   */
  readonly dtype: NpyType
  /** sizes, outermost first; [] for a scalar */
  readonly shape: readonly number[]
  readonly data: ElementArray
}

const DTYPES: ReadonlyMap<string, ElementType> = new Map([
  ['u1', 'uint8'],
  ['i1', 'int8'],
  ['u2', 'uint16'],
  ['i2', 'int16'],
  ['u4', 'uint32'],
  ['i4', 'int32'],
  ['u8', 'uint64'],
  ['i8', 'int64'],
  ['f4', 'float32'],
  ['f8', 'float64'],
])
/** Read, but not written. */
const READ_DTYPES: ReadonlyMap<string, NpyType> = new Map<string, NpyType>([
  ...DTYPES,
  ['b1', 'bool'],
  ['f2', 'float16'],
])
const CODES = new Map([...DTYPES].map(([code, dtype]) => [dtype, code]))

/**
 * Parses a .npy file of version 1, 2 or 3 (NumPy Enhancement Proposal 1). Fortran order is rearranged to C order.
 * @param name what to call the file in errors
 * @throws NativeMlpError INVALID_FILE naming file and byte offset: not .npy, truncated, trailing bytes, an
 * inconsistent header, or an element type this package does not read (complex, long double, texts, objects, records)
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const header = parseNpyHeader(bytes, name)
  const dtype = READ_DTYPES.get(header.descr.slice(1))
  const order = header.descr[0]
  const stored = storedAs(dtype)
  if (dtype === undefined || !'<>|'.includes(order) || (order === '|' && bytesPerElement(stored) > 1)) {
    const known = [...READ_DTYPES.values()].join(', ')
    throw invalidFile(
      name,
      `element type '${shortened(header.descr)}' is not supported; known: ${known}`,
      header.descrOffset,
    )
  }
  const { shape, dataOffset } = header
  const size = bytesPerElement(stored)
  const room = bytes.length - dataOffset
  const count = elementCount(shape, size, Math.max(room, 0))
  const announced = `shape (${shape.join(', ')}) of ${dtype}`
  if (count === undefined) throw invalidFile(name, `truncated: ${announced} needs more bytes than follow`, bytes.length)
  if (count * size < room) {
    throw invalidFile(name, `trailing bytes: ${announced} ends here`, dataOffset + count * size)
  }
  const decoded = decodeElements(bytes, dataOffset, count, stored, order !== '>')
  const data = header.fortranOrder ? toRowMajor(decoded, shape, stored) : decoded
  return { dtype, shape, data: dtype === 'float16' ? Float32Array.from(data as Uint16Array, halfToFloat) : data }
}

function storedAs(dtype: NpyType | undefined): ElementType {
  if (dtype === 'bool' || dtype === undefined) return 'uint8'
  return dtype === 'float16' ? 'uint16' : dtype
}

const word = new DataView(new ArrayBuffer(4))

/** The number with these bits of IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
function halfToFloat(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const sign = bits >> 15 === 1 ? -1 : 1
  if (exponent === 0) return sign * fraction * 5.9604644775390625e-8 // 2^-24
  // exponents are biased by 15 and 127; 31 is infinity or NaN, as 255
  word.setUint32(0, ((bits >> 15) << 31) | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13))
  return word.getFloat32(0)
}

/** @throws NativeMlpError INVALID_FILE as `parseNpy`, or FILE_SYSTEM when the file cannot be read */
export async function readNpy(path: FilePath, options: Omit<ReadOptions, 'shared'> = {}): Promise<NpyArray> {
  const file = toPath(path)
  return parseNpy(await readFileBytes(file, checkReadOptions('readNpy', options)), file)
}

/**
 * The bytes NumPy itself would write for a C-ordered array: version 1, little-endian.
 * @param array.dtype element type of the file; default that of `data`. Float data may be written as 'float32' (rounded to
 * nearest) or 'float64'; any other conversion is refused.
 * @throws NativeMlpError INVALID_ARGUMENT when data and shape do not fit together
 */
export function encodeNpy(array: { shape: readonly number[]; data: ElementArray; dtype?: ElementType }): Uint8Array {
  knownOptions('encodeNpy', array ?? null, ['shape', 'data', 'dtype'])
  return checking('encodeNpy', () => encode(array))
}

function encode(array: { shape: readonly number[]; data: ElementArray; dtype?: ElementType }): Uint8Array {
  const own = elementTypeOf(array.data)
  if (own === undefined) throw invalidArgument('data', 'a typed array of a .npy element type', array.data)
  const { shape } = array
  if (!Array.isArray(shape) || !Array.from(shape).every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw invalidArgument('shape', 'an array of integers >= 0', shape)
  }
  const count = elementCount(shape, 1, Number.MAX_SAFE_INTEGER)
  if (count !== array.data.length) {
    throw invalidArgument('data', `${count} elements for shape (${shape.join(', ')})`, array.data)
  }
  const dtype = array.dtype === undefined ? own : oneOf('dtype', array.dtype, [...CODES.keys()])
  const data = convert(array.data, own, dtype)
  const prefix = bytesPerElement(dtype) === 1 ? '|' : '<'
  const header = formatNpyHeader(prefix + CODES.get(dtype), shape)
  const bytes = new Uint8Array(header.length + data.byteLength)
  bytes.set(header)
  encodeElements(data, bytes, header.length)
  return bytes
}

function convert(data: ElementArray, from: ElementType, to: ElementType): ElementArray {
  if (from === to) return data
  if (from === 'float32' && to === 'float64') return Float64Array.from(data as Float32Array)
  if (from === 'float64' && to === 'float32') return Float32Array.from(data as Float64Array)
  throw invalidArgument('dtype', `'${from}', or between 'float32' and 'float64'`, to)
}

/** [i][j]... stored with i running fastest -> with the last index running fastest. */
function toRowMajor(data: ElementArray, shape: readonly number[], dtype: ElementType): ElementArray {
  const out = emptyElements(dtype, data.length)
  const index = shape.map(() => 0)
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, dim) => product * dim, 1))
  let from = 0
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]
      if (++index[axis] < shape[axis]) break
      index[axis] = 0
      from -= strides[axis] * shape[axis]
    }
  }
  return out
}
