import { invalidArgument } from '../core/errors.js'

/**
 * Resampling of images, each by its own transformation. Value (x, y) of the result is that of the image at
 *
 *     u = (x0 + x xx + y xy + field_x(x, y)) / 2^16        v = (y0 + x yx + y yy + field_y(x, y)) / 2^16
 *
 * by bilinear interpolation, 0 outside. All of this is integer arithmetic, which is exact, so that every backend and
 * instruction set gives the same bits; floats are interpolated with weights of 14 bits, each operation rounded once.
 */
export interface WarpSpec {
  /** sides of an image, 1..MAX_SIDE */
  readonly height: number
  readonly width: number
  /** null: no displacement but that of the six numbers */
  readonly field: FieldSpec | null
}

/**
 * A random displacement of each pixel: noise from -2^15 to 2^15 - 1, 0 outside the image, smoothed down the columns and
 * across the rows.
 */
export interface FieldSpec {
  /** [radius + 1] weights at distances 0, 1, ... from a pixel, 0..2^15 - 1; those of both sides sum to at most 2^15 = 1 */
  readonly down: Int32Array
  /** [radius + 1] the same across a row, times the amplitude */
  readonly across: Int32Array
  /** 1..30: bits by which the sums across are shifted, to the unit of 2^-16 pixels */
  readonly shift: number
}

export const MAX_SIDE = 1024

/** Integers of one image's transformation: two keys of its noise, x0, xx, xy, y0, yx, yy. */
export const WARP_VALUES = 8

/** Width of a row of noise: word (f rows + j) stride + x of an image is the noise of field f, rows 2j and 2j + 1, column x. */
export function noiseStride(width: number): number {
  return Math.ceil(width / 32) * 32
}

/** @throws NativeMlpError INVALID_ARGUMENT unless there is room for the images */
export function checkWarp({ height, width }: WarpSpec, cols: number, rows: number, warps: Int32Array): void {
  if (height * width !== cols) throw invalidArgument('warp', `images of ${cols} values`, `${height} x ${width}`)
  if (warps.length < rows * WARP_VALUES) {
    throw invalidArgument('warps', `at least ${WARP_VALUES} integers for each of ${rows} rows`, warps)
  }
}
