import { integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { load } from './libraries.js'

/** Height and width of a row of pixels seen as an image. */
export type ImageShape = readonly [height: number, width: number]

/** Turns RGB bytes into the data URI of a PNG. */
export type PngEncoder = (rgb: Uint8Array, shape: ImageShape) => string

/** Checks that rows of `length` pixels are images of this shape. */
export function checkImageShape(name: string, shape: ImageShape, length: number): void {
  if (!Array.isArray(shape) || shape.length !== 2) throw invalidArgument(name, '[height, width]', shape)
  const height = integerInRange(`${name}[0]`, shape[0], 1)
  const width = integerInRange(`${name}[1]`, shape[1], 1)
  if (height * width !== length) throw invalidArgument(name, `height x width to be ${length} pixels`, shape)
}

/** PNGs are stored, not deflated: the output of zlib differs between machines, and images this small gain little. */
export async function loadPngEncoder(): Promise<PngEncoder> {
  const { PNG } = (await load('pngjs', () => import('pngjs'))).default
  return (rgb, [height, width]) => {
    const png = new PNG({ width, height })
    png.data = Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength)
    const bytes = PNG.sync.write(png, {
      colorType: 2,
      inputColorType: 2,
      inputHasAlpha: false,
      bitDepth: 8,
      filterType: 0,
      deflateLevel: 0,
    })
    return `data:image/png;base64,${bytes.toString('base64')}`
  }
}
