import { invalidArgument } from '../../core/errors.js'
import { counterWord } from '../../core/random.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import type { Dataset } from '../operands.js'
import { checkWarp, type FieldSpec, noiseStride, WARP_VALUES, type WarpSpec } from '../warp.js'

/** Resamples images one at a time, in memory of its own. */
export class JsWarp {
  readonly spec: WarpSpec
  readonly #fields: readonly [Field, Field] | null
  /** an image with a border of zeros: a row and a column before, two after */
  readonly #padded: Float64Array
  /** of the row being resampled: upper left neighbours in `padded`, and fractions of the positions in 2^-14 */
  readonly #at: Int32Array
  readonly #right: Int32Array
  readonly #down: Int32Array

  constructor(spec: WarpSpec) {
    const { height, width, field } = spec
    this.spec = spec
    this.#fields = field && [new Field(height, width, field, 0), new Field(height, width, field, 1)]
    this.#padded = new Float64Array((height + 3) * (width + 3))
    this.#at = new Int32Array(width)
    this.#right = new Int32Array(width)
    this.#down = new Int32Array(width)
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
      const warp = warps.subarray(i * WARP_VALUES, (i + 1) * WARP_VALUES)
      for (const field of this.#fields ?? []) field.make(warp[0], warp[1])
      this.#resample(warp, out, i * cols)
    }
  }

  #pad(values: Uint8Array | Float32Array, from: number): void {
    const { height, width } = this.spec
    const padded = this.#padded
    for (let y = 0; y < height; y++) {
      const to = (y + 1) * (width + 3) + 1
      for (let x = 0; x < width; x++) padded[to + x] = values[from + y * width + x]
    }
  }

  #resample(warp: Int32Array, out: Uint8Array | Float32Array, to: number): void {
    const { height, width } = this.spec
    for (let y = 0; y < height; y++) {
      this.#locate(warp, y)
      if (isUint8Array(out)) this.#interpolateBytes(out, to + y * width)
      else this.#interpolateFloats(out, to + y * width)
    }
  }

  #locate(warp: Int32Array, y: number): void {
    const { height, width } = this.spec
    const fields = this.#fields
    let u = (warp[2] + Math.imul(y, warp[4])) | 0
    let v = (warp[5] + Math.imul(y, warp[7])) | 0
    for (let x = 0; x < width; x++) {
      const dx = fields === null ? 0 : fields[0].values[y * width + x]
      const dy = fields === null ? 0 : fields[1].values[y * width + x]
      const cu = Math.max(-65536, Math.min((u + dx) | 0, width << 16))
      const cv = Math.max(-65536, Math.min((v + dy) | 0, height << 16))
      this.#at[x] = ((cv >> 16) + 1) * (width + 3) + (cu >> 16) + 1
      this.#right[x] = (cu & 0xffff) >> 2
      this.#down[x] = (cv & 0xffff) >> 2
      u = (u + warp[3]) | 0
      v = (v + warp[6]) | 0
    }
  }

  #interpolateBytes(out: Uint8Array, to: number): void {
    const image = this.#padded
    const stride = this.spec.width + 3
    for (let x = 0; x < this.spec.width; x++) {
      const at = this.#at[x]
      const fx = this.#right[x]
      const fy = this.#down[x]
      const above = (image[at] * (ONE - fx) + image[at + 1] * fx + 64) >> 7
      const below = (image[at + stride] * (ONE - fx) + image[at + stride + 1] * fx + 64) >> 7
      out[to + x] = (above * (ONE - fy) + below * fy + (1 << 20)) >> 21
    }
  }

  #interpolateFloats(out: Float32Array, to: number): void {
    const image = this.#padded
    const stride = this.spec.width + 3
    const round = Math.fround
    for (let x = 0; x < this.spec.width; x++) {
      const at = this.#at[x]
      const fx = this.#right[x] / ONE
      const fy = this.#down[x] / ONE
      const above = round(round(image[at] * (1 - fx)) + round(image[at + 1] * fx))
      const below = round(round(image[at + stride] * (1 - fx)) + round(image[at + stride + 1] * fx))
      out[to + x] = round(above * (1 - fy)) + round(below * fy)
    }
  }
}

const ONE = 1 << 14

/** One of the two displacement fields. */
class Field {
  /** [height][width], in 2^-16 pixels */
  readonly values: Int32Array
  readonly #height: number
  readonly #width: number
  readonly #number: number
  readonly #spec: FieldSpec
  /** [radius + height + radius][width], zero outside the image */
  readonly #noise: Int16Array
  /** [height][radius + width + radius], the noise smoothed down the columns, zero outside the image */
  readonly #smooth: Int16Array

  constructor(height: number, width: number, spec: FieldSpec, number: number) {
    const border = 2 * (spec.down.length - 1)
    this.values = new Int32Array(height * width)
    this.#height = height
    this.#width = width
    this.#number = number
    this.#spec = spec
    this.#noise = new Int16Array((height + border) * width)
    this.#smooth = new Int16Array(height * (width + border))
  }

  make(key0: number, key1: number): void {
    this.#drawNoise(key0, key1)
    const { down, across, shift } = this.#spec
    const radius = down.length - 1
    const width = this.#width
    const padded = width + 2 * radius
    for (let y = 0; y < this.#height; y++) {
      for (let x = 0; x < width; x++) {
        this.#smooth[y * padded + radius + x] =
          (weighted(this.#noise, (y + radius) * width + x, width, down) + (1 << 14)) >> 15
      }
      for (let x = 0; x < width; x++) {
        const sum = weighted(this.#smooth, y * padded + radius + x, 1, across)
        this.values[y * width + x] = (sum + (1 << (shift - 1))) >> shift
      }
    }
  }

  #drawNoise(key0: number, key1: number): void {
    const [height, width] = [this.#height, this.#width]
    const top = (this.#spec.down.length - 1) * width
    const first = this.#number * Math.ceil(height / 2)
    for (let y = 0; y < height; y += 2) {
      const counter = (first + y / 2) * noiseStride(width)
      const at = top + y * width
      for (let x = 0; x < width; x++) {
        const word = counterWord(key0, key1, counter + x)
        this.#noise[at + x] = word
        if (y + 1 < height) this.#noise[at + width + x] = word >> 16
      }
    }
  }
}

/** weights[0] values[at] + the sum over d of weights[d] (values[at - d step] + values[at + d step]) */
function weighted(values: Int16Array, at: number, step: number, weights: Int32Array): number {
  let sum = Math.imul(weights[0], values[at])
  let before = at
  let after = at
  for (let d = 1; d < weights.length; d++) {
    before = (before - step) | 0
    after = (after + step) | 0
    sum = (sum + Math.imul(weights[d], values[before] + values[after])) | 0
  }
  return sum
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
