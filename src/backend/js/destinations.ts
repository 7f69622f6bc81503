import type { Layer, LayerOutput, UpdateRule } from '../backend.js'
import { sums } from './kernels.js'
import { type Destination, startAtZero } from './product.js'

const EMPTY = new Float32Array(0)

/** out = start at the bias; store z, or ReLU(z) at once: z <= 0 gives +0, a NaN passes. */
export class ForwardSums implements Destination {
  #parameters: Float32Array = EMPTY
  #biases = 0
  #out: Float32Array = EMPTY
  #stride = 0
  #relu = false

  set(parameters: Float32Array, biases: number, out: LayerOutput): this {
    this.#parameters = parameters
    this.#biases = biases
    this.#out = out.values
    this.#stride = out.stride
    this.#relu = out.activation === 'relu'
    return this
  }

  start(_row0: number, rows: number, col0: number, cols: number, width: number): void {
    const biases = this.#biases + col0
    for (let c = 0; c < cols; c++) {
      const bias = this.#parameters[biases + c]
      for (let r = 0; r < rows; r++) sums[r * width + c] = bias
    }
  }

  finish(row0: number, rows: number, col0: number, cols: number, width: number): void {
    const out = this.#out
    const to = row0 * this.#stride + col0
    if (this.#relu) storeRelu(out, to, this.#stride, rows, cols, width)
    else store(out, to, this.#stride, rows, cols, width)
  }
}

function storeRelu(out: Float32Array, to: number, stride: number, rows: number, cols: number, width: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const z = sums[r * width + c]
      out[to + r * stride + c] = z <= 0 ? 0 : z
    }
  }
}

/** Rounds to float32; `+ 0` turns the -0 a tiny negative sum rounds to into +0. */
function store(out: Float32Array, to: number, stride: number, rows: number, cols: number, width: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) out[to + r * stride + c] = Math.fround(sums[r * width + c]) + 0
  }
}

/** Plain sums from +0 into a row-major array. */
export class PlainSums implements Destination {
  #out: Float32Array = EMPTY
  #stride = 0

  set(out: Float32Array, stride: number): this {
    this.#out = out
    this.#stride = stride
    return this
  }

  start(_row0: number, rows: number, _col0: number, _cols: number, width: number): void {
    startAtZero(rows, width)
  }

  finish(row0: number, rows: number, col0: number, cols: number, width: number): void {
    store(this.#out, row0 * this.#stride + col0, this.#stride, rows, cols, width)
  }
}

/** Sums from +0 into a step of stochastic gradient descent: g = dW + l2 p; p -= learningRate g. */
export class UpdateSums implements Destination {
  #parameters: Float32Array = EMPTY
  #stride = 0
  #learningRate = 0
  #l2 = 0

  set(layer: Layer, rule: UpdateRule): this {
    this.#parameters = layer.parameters
    this.#stride = layer.outputs
    this.#learningRate = rule.learningRate
    this.#l2 = rule.l2
    return this
  }

  start(_row0: number, rows: number, _col0: number, _cols: number, width: number): void {
    startAtZero(rows, width)
  }

  finish(row0: number, rows: number, col0: number, cols: number, width: number): void {
    const to = row0 * this.#stride + col0
    descend(this.#parameters, to, this.#stride, rows, cols, width, this.#learningRate, this.#l2)
  }
}

function descend(
  parameters: Float32Array,
  to: number,
  stride: number,
  rows: number,
  cols: number,
  width: number,
  learningRate: number,
  l2: number,
): void {
  for (let r = 0; r < rows; r++) {
    const at = to + r * stride
    for (let c = 0; c < cols; c++) {
      const p = parameters[at + c]
      const g = Math.fround(sums[r * width + c]) + 0 + l2 * p
      parameters[at + c] = p - learningRate * g
    }
  }
}

/** C = start at beta C, or at +0 without reading C when beta is 0. */
export class GemmSums implements Destination {
  #c: Float32Array = EMPTY
  #stride = 0
  #beta = 0

  set(c: Float32Array, stride: number, beta: number): this {
    this.#c = c
    this.#stride = stride
    this.#beta = beta
    return this
  }

  start(row0: number, rows: number, col0: number, cols: number, width: number): void {
    if (this.#beta === 0) {
      startAtZero(rows, width)
      return
    }
    const from = row0 * this.#stride + col0
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) sums[r * width + c] = this.#beta * this.#c[from + r * this.#stride + c]
    }
  }

  finish(row0: number, rows: number, col0: number, cols: number, width: number): void {
    store(this.#c, row0 * this.#stride + col0, this.#stride, rows, cols, width)
  }
}
