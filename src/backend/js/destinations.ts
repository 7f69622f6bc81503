import type { Layer, LayerOutput } from '../operands.js'
import { sums } from './kernels.js'
import { type Destination, startAtZero } from './product.js'
import type { Block, RuleStep } from './rules.js'

const EMPTY = new Float32Array(0)

/** Sums start at the bias; stores z, or directly ReLU(z): z <= 0 gives +0, NaN stays NaN. */
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

/** Rounds to float32; a tiny negative sum rounds to -0, which `+ 0` turns into +0. */
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

/** Sums from +0, passed to a step of an optimiser. */
export class UpdateSums implements Destination {
  #step: RuleStep | null = null
  /** one object for all calls */
  readonly #block: Block = {
    gradients: sums,
    from: 0,
    width: 0,
    parameters: EMPTY,
    at: 0,
    stride: 0,
    rows: 0,
    cols: 0,
    areBiases: false,
  }

  set(layer: Layer, step: RuleStep): this {
    this.#block.parameters = layer.parameters
    this.#block.stride = layer.outputs
    this.#step = step
    return this
  }

  start(_row0: number, rows: number, _col0: number, _cols: number, width: number): void {
    startAtZero(rows, width)
  }

  finish(row0: number, rows: number, col0: number, cols: number, width: number): void {
    const block = this.#block
    block.width = width
    block.at = row0 * block.stride + col0
    block.rows = rows
    block.cols = cols
    ;(this.#step as RuleStep).run(block)
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
