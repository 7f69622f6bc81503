import { typedArrayName } from '../core/typed-arrays.js'

/** Numeric element types of the file formats, named as NumPy names them. */
export interface ElementArrays {
  uint8: Uint8Array
  int8: Int8Array
  uint16: Uint16Array
  int16: Int16Array
  uint32: Uint32Array
  int32: Int32Array
  uint64: BigUint64Array
  int64: BigInt64Array
  float32: Float32Array
  float64: Float64Array
}
export type ElementType = keyof ElementArrays
export type ElementArray = ElementArrays[ElementType]

type Constructor<A> = {
  new (length: number): A
  new (buffer: ArrayBuffer, byteOffset: number, length: number): A
  readonly BYTES_PER_ELEMENT: number
  readonly name: string
}

const CONSTRUCTORS: { readonly [T in ElementType]: Constructor<ElementArrays[T]> } = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
}

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

export function bytesPerElement(type: ElementType): number {
  return CONSTRUCTORS[type].BYTES_PER_ELEMENT
}

export function emptyElements(type: ElementType, length: number): ElementArray {
  return new CONSTRUCTORS[type](length)
}

/** The type of a typed array, or undefined for anything else. */
export function elementTypeOf(data: unknown): ElementType | undefined {
  const name = typedArrayName(data)
  return (Object.keys(CONSTRUCTORS) as ElementType[]).find((type) => CONSTRUCTORS[type].name === name)
}

/** `count` elements starting at `offset`, copied out of `bytes` into an aligned array in the host's byte order. */
export function decodeElements(
  bytes: Uint8Array,
  offset: number,
  count: number,
  type: ElementType,
  littleEndian: boolean,
): ElementArray {
  const size = bytesPerElement(type)
  const copy = new Uint8Array(count * size)
  copy.set(bytes.subarray(offset, offset + count * size))
  if (littleEndian !== HOST_IS_LITTLE) swapBytes(copy, size)
  return new CONSTRUCTORS[type](copy.buffer, 0, count)
}

/** The elements' bytes, little-endian, copied to `target` at `offset`. */
export function encodeElements(data: ElementArray, target: Uint8Array, offset: number): void {
  const room = target.subarray(offset, offset + data.byteLength)
  room.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  if (!HOST_IS_LITTLE) swapBytes(room, data.BYTES_PER_ELEMENT)
}

/** Reverses the bytes of each element. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size) {
    for (let i = start, j = start + size - 1; i < j; i++, j--) {
      const byte = bytes[i]
      bytes[i] = bytes[j]
      bytes[j] = byte
    }
  }
}

/** Number of elements of a shape, one for the empty shape; undefined if they take more than `maxBytes`. */
export function elementCount(shape: readonly number[], size: number, maxBytes: number): number | undefined {
  if (shape.includes(0)) return 0
  let count = 1
  for (const dim of shape) {
    count *= dim
    if (count * size > maxBytes) return undefined
  }
  return count * size > maxBytes ? undefined : count
}
