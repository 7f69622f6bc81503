import { RULE } from '../rules.js'

/**
 * The step of each optimiser on a block of parameters, given their gradients: as rules.inl of the native backend, in
 * double, each stored value rounded once.
 */

/** Moments of gradients that have become zero are flushed to zero below this, before they become denormal: 2^-100. */
const SMALLEST_MEMORY = 7.888609052210118e-31

/** Its root: smaller gradients are treated as zero when squared. 2^-50 */
const SMALLEST_SQUARED = 8.881784197001252e-16

const NO_SLOTS = new Float32Array(0)

/** Parameters [rows][cols] from `at` on, `stride` apart, and their gradients from `from` on, `width` apart. */
export interface Block {
  gradients: Float64Array
  from: number
  width: number
  parameters: Float32Array
  at: number
  stride: number
  rows: number
  cols: number
  areBiases: boolean
}

/** A rule and the slots of its parameters. */
export class RuleStep {
  #rule: Float64Array = new Float64Array(0)
  #slots: Float32Array = NO_SLOTS
  #slotStride = 0

  /** @param slots slot s of parameter i at s * slotStride + i */
  set(rule: Float64Array, slots: Float32Array | null, slotStride: number): this {
    this.#rule = rule
    this.#slots = slots ?? NO_SLOTS
    this.#slotStride = slotStride
    return this
  }

  run(block: Block): void {
    const rule = this.#rule
    const l2 = rule[block.areBiases ? RULE.l2Biases : RULE.l2]
    const kind = rule[RULE.kind]
    if (kind === 0) sgd(block, rule[RULE.learningRate], l2)
    else if (kind === 3) adam(block, rule, l2, this.#slots, this.#slotStride)
    else if (kind === 4) rmsProp(block, rule, l2, this.#slots)
    else momentum(block, rule, l2, this.#slots, kind === 2)
  }
}

function sgd(block: Block, learningRate: number, l2: number): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      const g = Math.fround(gradients[from + r * width + c]) + 0 + l2 * p
      parameters[i] = p - learningRate * g
    }
  }
}

function momentum(block: Block, rule: Float64Array, l2: number, slots: Float32Array, nesterov: boolean): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  const learningRate = rule[RULE.learningRate]
  const share = rule[RULE.momentum]
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      const g = Math.fround(gradients[from + r * width + c]) + 0 + l2 * p
      const b = cutSmall(share * slots[i] + g)
      slots[i] = b
      parameters[i] = p - learningRate * (nesterov ? g + share * b : b)
    }
  }
}

function adam(block: Block, rule: Float64Array, l2: number, slots: Float32Array, slotStride: number): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  const learningRate = rule[RULE.learningRate]
  const keep = rule[block.areBiases ? RULE.keepBiases : RULE.keep]
  const beta1 = rule[RULE.beta1]
  const rest1 = rule[RULE.rest1]
  const beta2 = rule[RULE.beta2]
  const rest2 = rule[RULE.rest2]
  const epsilon = rule[RULE.epsilon]
  const rootScale = rule[RULE.rootScale]
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      const g = Math.fround(gradients[from + r * width + c]) + 0 + l2 * p
      const m = cutSmall(beta1 * slots[i] + rest1 * g)
      const s = Math.abs(g) < SMALLEST_SQUARED ? 0 : g
      const v = cutSmall(beta2 * slots[slotStride + i] + rest2 * s * s)
      slots[i] = m
      slots[slotStride + i] = v
      parameters[i] = keep * p - (learningRate * m) / (Math.sqrt(v) * rootScale + epsilon)
    }
  }
}

function rmsProp(block: Block, rule: Float64Array, l2: number, slots: Float32Array): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  const learningRate = rule[RULE.learningRate]
  const alpha = rule[RULE.beta2]
  const rest = rule[RULE.rest2]
  const epsilon = rule[RULE.epsilon]
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      const g = Math.fround(gradients[from + r * width + c]) + 0 + l2 * p
      const s = Math.abs(g) < SMALLEST_SQUARED ? 0 : g
      const v = cutSmall(alpha * slots[i] + rest * s * s)
      slots[i] = v
      parameters[i] = p - (learningRate * g) / (Math.sqrt(v) + epsilon)
    }
  }
}

function cutSmall(value: number): number {
  const rounded = Math.fround(value)
  return Math.abs(rounded) < SMALLEST_MEMORY ? 0 : rounded
}
