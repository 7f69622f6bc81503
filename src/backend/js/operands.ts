import { left, strip, TILE_ROWS } from './kernels.js'

/** Left operand of a product, [M][K] in any storage: packs its rows into `left` for the dense kernel. */
export interface LeftOperand {
  /** Rows row0 .. row0+rows-1 and terms k0 .. k0+chunk-1, as pairs; the partner of an odd last row is never stored. */
  pack(row0: number, rows: number, k0: number, chunk: number): void
}

/** Any matrix of floats with two strides, multiplied by `scale`. */
export class StridedOperand implements LeftOperand {
  #values: Float32Array = new Float32Array(0)
  #offset = 0
  #rowStride = 0
  #kStride = 0
  #scale = 1

  set(values: Float32Array, offset: number, rowStride: number, kStride: number, scale: number): this {
    this.#values = values
    this.#offset = offset
    this.#rowStride = rowStride
    this.#kStride = kStride
    this.#scale = scale
    return this
  }

  pack(row0: number, rows: number, k0: number, chunk: number): void {
    for (let r = 0; r < rows; r += TILE_ROWS) {
      const first = this.#offset + (row0 + r) * this.#rowStride + k0 * this.#kStride
      const second = r + 1 < rows ? first + this.#rowStride : first
      packPair(this.#values, first, second, this.#kStride, this.#scale, r * chunk, chunk)
    }
  }
}

function packPair(
  values: Float32Array,
  first: number,
  second: number,
  stride: number,
  scale: number,
  to: number,
  chunk: number,
): void {
  let a = first
  let b = second
  let p = to | 0
  for (let k = 0; k < chunk; k++) {
    left[p] = scale * values[a]
    left[p + 1] = scale * values[b]
    a += stride
    b += stride
    p = (p + 2) | 0
  }
}

/** Right operand of a product, [K][N] with two strides. */
export class RightOperand {
  #values: Float32Array = new Float32Array(0)
  #offset = 0
  #kStride = 0
  #colStride = 0

  set(values: Float32Array, offset: number, kStride: number, colStride: number): this {
    this.#values = values
    this.#offset = offset
    this.#kStride = kStride
    this.#colStride = colStride
    return this
  }

  /** Columns col0 .. col0+2 into `strip`; columns past `cols` repeat the last one and are never stored. */
  pack3(col0: number, cols: number, k0: number, chunk: number): void {
    const start = this.#offset + k0 * this.#kStride + col0 * this.#colStride
    const last = start + (cols - 1) * this.#colStride
    packStrip3(this.#values, start, this.#colStride, last, this.#kStride, chunk)
  }

  /** The same for six columns and all terms. */
  pack6(col0: number, cols: number, chunk: number): void {
    const start = this.#offset + col0 * this.#colStride
    const last = start + (cols - 1) * this.#colStride
    packStrip6(this.#values, start, this.#colStride, last, this.#kStride, chunk)
  }
}

function packStrip3(
  values: Float32Array,
  start: number,
  step: number,
  last: number,
  stride: number,
  chunk: number,
): void {
  let a = start
  let b = Math.min(start + step, last)
  let c = last
  let q = 0
  for (let k = 0; k < chunk; k++) {
    strip[q] = values[a]
    strip[q + 1] = values[b]
    strip[q + 2] = values[c]
    a += stride
    b += stride
    c += stride
    q = (q + 3) | 0
  }
}

function packStrip6(
  values: Float32Array,
  start: number,
  step: number,
  last: number,
  stride: number,
  chunk: number,
): void {
  const o1 = Math.min(start + step, last) - start
  const o2 = Math.min(start + 2 * step, last) - start
  const o3 = Math.min(start + 3 * step, last) - start
  const o4 = Math.min(start + 4 * step, last) - start
  const o5 = last - start
  let o = start
  let q = 0
  for (let k = 0; k < chunk; k++) {
    strip[q] = values[o]
    strip[q + 1] = values[o + o1]
    strip[q + 2] = values[o + o2]
    strip[q + 3] = values[o + o3]
    strip[q + 4] = values[o + o4]
    strip[q + 5] = values[o + o5]
    o += stride
    q = (q + 6) | 0
  }
}
