import { invalidArgument } from '../../core/errors.js'
import { counterWord } from '../../core/random.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import type { Dataset } from '../operands.js'
import { checkWarp, noiseStride, WARP_VALUES, type WarpSpec } from '../warp.js'

/** Resamples images one at a time, in memory of its own. */
export class JsWarp {
  readonly spec: WarpSpec
  /** [height][width] of the two fields, in 2^-16 pixels */
  readonly #fields: readonly [Int32Array, Int32Array]
  /** [pairs of rows][width] noise, and [height][width] after the first smoothing */
  readonly #noise: Int16Array
  readonly #smooth: Int16Array
  readonly #sums: Int32Array
  /** an image with a border of zeros: a row and a column before, two after */
  readonly #padded: Float64Array

  constructor(spec: WarpSpec) {
    const { height, width } = spec
    const size = spec.field === null ? 0 : height * width
    this.spec = spec
    this.#fields = [new Int32Array(size), new Int32Array(size)]
    this.#noise = new Int16Array(size)
    this.#smooth = new Int16Array(size)
    this.#sums = new Int32Array(width)
    this.#padded = new Float64Array((height + 3) * (width + 3))
  }

  /** out [rowIndices.length][cols] <- the rows, each by WARP_VALUES integers of `warps` */
  run(dataset: Dataset, rowIndices: Int32Array, warps: Int32Array, out: Uint8Array | Float32Array): void {
    const { values, rows, cols } = dataset
    checkWarp(this.spec, cols, rowIndices.length, warps)
    if (isUint8Array(values) !== isUint8Array(out) || out.length < rowIndices.length * cols) {
      throw invalidArgument('out', `room for ${rowIndices.length} x ${cols} values of the data set's type`, out)
    }
    for (let i = 0; i < rowIndices.length; i++) {
      const row = rowIndices[i]
      if (!(row >= 0 && row < rows)) throw invalidArgument(`rowIndices[${i}]`, `a row 0..${rows - 1}`, row)
      this.#pad(values, row * cols)
      if (this.spec.field !== null) this.#makeFields(warps[i * WARP_VALUES], warps[i * WARP_VALUES + 1])
      this.#resample(warps.subarray(i * WARP_VALUES + 2, (i + 1) * WARP_VALUES), out, i * cols)
    }
  }

  #pad(values: Uint8Array | Float32Array, from: number): void {
    const { height, width } = this.spec
    for (let y = 0; y < height; y++) {
      const to = (y + 1) * (width + 3) + 1
      for (let x = 0; x < width; x++) this.#padded[to + x] = values[from + y * width + x]
    }
  }

  #makeFields(key0: number, key1: number): void {
    const { height, width } = this.spec
    const { shift } = this.spec.field!
    const stride = noiseStride(width)
    const pairs = Math.ceil(height / 2)
    this.#fields.forEach((field, f) => {
      for (let y = 0; y < height; y += 2) {
        for (let x = 0; x < width; x++) {
          const word = counterWord(key0, key1, (f * pairs + y / 2) * stride + x)
          this.#noise[y * width + x] = word
          if (y + 1 < height) this.#noise[(y + 1) * width + x] = word >> 16
        }
      }
      for (let y = 0; y < height; y++) this.#smoothDown(y)
      for (let y = 0; y < height; y++) {
        this.#smoothAcross(y)
        for (let x = 0; x < width; x++) field[y * width + x] = (this.#sums[x] + (1 << (shift - 1))) >> shift
      }
    })
  }

  #smoothDown(y: number): void {
    const { height, width, field } = this.spec
    const { down } = field!
    const radius = down.length - 1
    const noise = this.#noise
    const sums = this.#sums.fill(1 << 14)
    for (let k = Math.max(0, y - radius); k <= Math.min(height - 1, y + radius); k++) {
      const weight = down[Math.abs(k - y)]
      const from = k * width
      for (let x = 0; x < width; x++) sums[x] += Math.imul(weight, noise[from + x])
    }
    for (let x = 0; x < width; x++) this.#smooth[y * width + x] = sums[x] >> 15
  }

  #smoothAcross(y: number): void {
    const { width, field } = this.spec
    const { across } = field!
    const radius = across.length - 1
    const sums = this.#sums.fill(0)
    for (let k = 0; k < width; k++) {
      const value = this.#smooth[y * width + k]
      const end = Math.min(width - 1, k + radius)
      for (let x = Math.max(0, k - radius); x <= end; x++) sums[x] += Math.imul(across[Math.abs(x - k)], value)
    }
  }

  #resample([x0, xx, xy, y0, yx, yy]: Int32Array, out: Uint8Array | Float32Array, to: number): void {
    const { height, width, field } = this.spec
    const interpolate = isUint8Array(out) ? interpolateBytes : interpolateFloats
    const stride = width + 3
    for (let y = 0; y < height; y++) {
      let u = x0 + Math.imul(y, xy)
      let v = y0 + Math.imul(y, yy)
      for (let x = 0; x < width; x++) {
        const i = y * width + x
        const [dx, dy] = field === null ? [0, 0] : [this.#fields[0][i], this.#fields[1][i]]
        const cu = Math.max(-65536, Math.min((u + dx) | 0, width << 16))
        const cv = Math.max(-65536, Math.min((v + dy) | 0, height << 16))
        const at = ((cv >> 16) + 1) * stride + (cu >> 16) + 1
        out[to + i] = interpolate(this.#padded, at, stride, (cu & 0xffff) >> 2, (cv & 0xffff) >> 2)
        u = (u + xx) | 0
        v = (v + yx) | 0
      }
    }
  }
}

export function warp(
  dataset: Dataset,
  rowIndices: Int32Array,
  warps: Int32Array,
  spec: WarpSpec,
  out: Uint8Array | Float32Array,
): void {
  new JsWarp(spec).run(dataset, rowIndices, warps, out)
}

const ONE = 1 << 14

/** @param fx the fractions of the position, in 2^-14 */
function interpolateBytes(image: Float64Array, at: number, stride: number, fx: number, fy: number): number {
  const above = (image[at] * (ONE - fx) + image[at + 1] * fx + 64) >> 7
  const below = (image[at + stride] * (ONE - fx) + image[at + stride + 1] * fx + 64) >> 7
  return (above * (ONE - fy) + below * fy + (1 << 20)) >> 21
}

function interpolateFloats(image: Float64Array, at: number, stride: number, fx: number, fy: number): number {
  const round = Math.fround
  const [x1, y1] = [fx / ONE, fy / ONE]
  const above = round(round(image[at] * (1 - x1)) + round(image[at + 1] * x1))
  const below = round(round(image[at + stride] * (1 - x1)) + round(image[at + stride + 1] * x1))
  return round(round(above * (1 - y1)) + round(below * y1))
}
