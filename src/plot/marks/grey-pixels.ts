import { invalidArgument } from '../../core/errors.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import type { ImageShape } from '../page/pixels.js'

/** 'dark' draws high values dark on white, as ink on paper; 'light' draws them light on black. */
export type Ink = 'dark' | 'light'

/** The values drawn as white and black: all of 0..255 for bytes, 0..max for other data that is never negative. */
export function pixelRange(
  images: Uint8Array | Float32Array,
  shown: readonly number[],
  shape: ImageShape,
): [number, number] {
  if (isUint8Array(images)) return [0, 255]
  const size = shape[0] * shape[1]
  let [low, high] = [0, 0]
  for (const row of shown) {
    for (let i = row * size; i < (row + 1) * size; i++) {
      if (!Number.isFinite(images[i])) throw invalidArgument(`data.images[${i}]`, 'a finite number', images[i])
      low = Math.min(low, images[i])
      high = Math.max(high, images[i])
    }
  }
  return [low, high > low ? high : low + 1]
}

/** RGB bytes of image `row`. */
export function greyPixels(
  images: Uint8Array | Float32Array,
  row: number,
  [height, width]: ImageShape,
  [low, high]: readonly [number, number],
  ink: Ink,
): Uint8Array {
  const size = height * width
  const pixels = new Uint8Array(size * 3)
  for (let i = 0; i < size; i++) {
    const level = Math.round((255 * (images[row * size + i] - low)) / (high - low))
    pixels.fill(ink === 'dark' ? 255 - level : level, i * 3, i * 3 + 3)
  }
  return pixels
}
