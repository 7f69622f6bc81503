import { isUint8Array } from './typed-arrays.js'

/** What the byte i means as an input: `'unit'` i / 255, `'raw'` i itself. Saved with a model by this name. */
export const INPUT_SCALES = ['unit', 'raw'] as const
export type InputScale = (typeof INPUT_SCALES)[number]

/**
 * What rows of inputs are: bytes, which mean what a scale says, or floats, which are taken as they are. Floats may stand for
 * bytes after their scale.
 */
export const INPUT_KINDS = ['bytes', 'floats'] as const
export type InputKind = (typeof INPUT_KINDS)[number]

const tables = new Map<InputScale, Float32Array>()

/**
 * [256] the meaning of every byte, rounded to float32 once. The same array each time, so that sets which share their
 * values also share what a backend prepares from them; do not write to it.
 */
export function byteTable(scale: InputScale): Float32Array {
  let table = tables.get(scale)
  if (table === undefined) {
    table = Float32Array.from({ length: 256 }, (_, i) => (scale === 'unit' ? Math.fround(i / 255) : i))
    tables.set(scale, table)
  }
  return table
}

/** The kind of plain values. */
export function kindOf(values: Uint8Array | Float32Array): InputKind {
  return isUint8Array(values) ? 'bytes' : 'floats'
}
