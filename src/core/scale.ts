import { isUint8Array } from './typed-arrays.js'

/** Input value of byte i: `'unit'` i / 255, `'raw'` i. Saved with a model under this name. */
export const INPUT_SCALES = ['unit', 'raw'] as const
export type InputScale = (typeof INPUT_SCALES)[number]

/**
 * Kind of the input rows: bytes, which are scaled, or floats, which are used unscaled. Floats may also be declared as bytes
 * that are already scaled.
 */
export const INPUT_KINDS = ['bytes', 'floats'] as const
export type InputKind = (typeof INPUT_KINDS)[number]

const tables = new Map<InputScale, Float32Array>()

/**
 * [256] input value of every byte, rounded to float32 once. Always the same array, so that sets with shared values also
 * share their backend dataset; do not write to it.
 */
export function byteTable(scale: InputScale): Float32Array {
  let table = tables.get(scale)
  if (table === undefined) {
    table = Float32Array.from({ length: 256 }, (_, i) => (scale === 'unit' ? Math.fround(i / 255) : i))
    tables.set(scale, table)
  }
  return table
}

/**
 * Position of the first value that is no byte in this scale, or -1: floats of 0 to 255 that are declared as bytes scaled to 0..1
 * would be taken for inputs 255 times as large.
 */
export function firstUnscaled(values: ArrayLike<number>, scale: InputScale): number {
  const largest = scale === 'unit' ? 1 : 255
  for (let i = 0; i < values.length; i++) if (!(values[i] >= 0 && values[i] <= largest)) return i
  return -1
}

/** "0 to 1, a byte in the scale 'unit'" */
export function scaledWords(scale: InputScale): string {
  return `0 to ${scale === 'unit' ? 1 : 255}, a byte in the scale '${scale}'`
}

/** The kind of plain values. */
export function kindOf(values: Uint8Array | Float32Array): InputKind {
  return isUint8Array(values) ? 'bytes' : 'floats'
}
