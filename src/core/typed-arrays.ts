/*
 * Typed arrays are told apart by their internal slots, because `instanceof` refuses arrays of another realm: of a vm context
 * or an iframe, and those of structuredClone under jest.
 */

type Named = { readonly [Symbol.toStringTag]: string }

/** The getter of %TypedArray%.prototype, which answers for arrays of every realm and for nothing else. */
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!

/** 'Float32Array' for example; undefined for anything but a typed array. */
export function typedArrayName(value: unknown): string | undefined {
  return tagOf.call(value as Named)
}

export function isFloat32Array(value: unknown): value is Float32Array {
  return typedArrayName(value) === 'Float32Array'
}

export function isFloat64Array(value: unknown): value is Float64Array {
  return typedArrayName(value) === 'Float64Array'
}

/** Also true for a Buffer. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return typedArrayName(value) === 'Uint8Array'
}

export function isInt32Array(value: unknown): value is Int32Array {
  return typedArrayName(value) === 'Int32Array'
}

/** Of 64-bit integers. */
export function isBigIntArray(value: unknown): value is BigInt64Array | BigUint64Array {
  return /^Big/.test(typedArrayName(value) ?? '')
}

const COPIES = { Uint8Array, Float32Array, Int32Array } as const

/** A copy of this realm, in a SharedArrayBuffer if the array is in one. */
export function copyOf<A extends Uint8Array | Float32Array | Int32Array>(array: A): A {
  const Copy = COPIES[typedArrayName(array) as keyof typeof COPIES] as unknown as new (from: SharedArrayBuffer | A) => A
  if (!isSharedBuffer(array.buffer)) return new Copy(array)
  const copy = new Copy(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy
}

export function isSharedBuffer(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'
}
