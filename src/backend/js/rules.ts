import { RULE, rateGroup } from '../rules.js'

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

/** What a step multiplies with that depends on the kind of parameter. */
interface Factors {
  learningRate: number
  keep: number
  l1: number
  l2: number
}

/** A rule and the slots of its parameters. */
export class RuleStep {
  #rule: Float64Array = new Float64Array(0)
  #slots: Float32Array = NO_SLOTS
  #slotStride = 0
  #isFirst = false
  /** one object for all calls */
  readonly #factors: Factors = { learningRate: 0, keep: 1, l1: 0, l2: 0 }

  /**
   * @param slots slot s of parameter i at s * slotStride + i
   * @param isFirst whether the parameters are those of the first layer
   */
  set(rule: Float64Array, slots: Float32Array | null, slotStride: number, isFirst: boolean): this {
    this.#rule = rule
    this.#slots = slots ?? NO_SLOTS
    this.#slotStride = slotStride
    this.#isFirst = isFirst
    return this
  }

  run(block: Block): void {
    const rule = this.#rule
    const factors = this.#factors
    const group = rateGroup(block.areBiases, this.#isFirst)
    factors.learningRate = rule[RULE.learningRates + group]
    factors.keep = rule[RULE.keeps + group]
    factors.l1 = block.areBiases ? 0 : rule[RULE.l1]
    factors.l2 = rule[block.areBiases ? RULE.l2Biases : RULE.l2]
    const kind = rule[RULE.kind]
    if (kind === 0) sgd(block, factors)
    else if (kind === 3) adam(block, rule, factors, this.#slots, this.#slotStride)
    else if (kind === 4) rmsProp(block, rule, factors, this.#slots)
    else momentum(block, rule[RULE.momentum], factors, this.#slots, kind === 2)
  }
}

/** The gradient of a parameter with its terms of L1 and L2. */
function withTerms(gradient: number, p: number, l1: number, l2: number): number {
  return Math.fround(gradient) + 0 + l2 * p + l1 * Math.sign(p)
}

function sgd(block: Block, { learningRate, l1, l2 }: Factors): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      parameters[i] = p - learningRate * withTerms(gradients[from + r * width + c], p, l1, l2)
    }
  }
}

function momentum(
  block: Block,
  share: number,
  { learningRate, l1, l2 }: Factors,
  slots: Float32Array,
  nesterov: boolean,
): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      const g = withTerms(gradients[from + r * width + c], p, l1, l2)
      const b = cutSmall(share * slots[i] + g)
      slots[i] = b
      parameters[i] = p - learningRate * (nesterov ? g + share * b : b)
    }
  }
}

function adam(block: Block, rule: Float64Array, factors: Factors, slots: Float32Array, slotStride: number): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  const { learningRate, keep, l1, l2 } = factors
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
      const g = withTerms(gradients[from + r * width + c], p, l1, l2)
      const m = cutSmall(beta1 * slots[i] + rest1 * g)
      const s = Math.abs(g) < SMALLEST_SQUARED ? 0 : g
      const v = cutSmall(beta2 * slots[slotStride + i] + rest2 * s * s)
      slots[i] = m
      slots[slotStride + i] = v
      parameters[i] = keep * p - (learningRate * m) / (Math.sqrt(v) * rootScale + epsilon)
    }
  }
}

function rmsProp(block: Block, rule: Float64Array, { learningRate, l1, l2 }: Factors, slots: Float32Array): void {
  const { gradients, from, width, parameters, at, stride, rows, cols } = block
  const alpha = rule[RULE.beta2]
  const rest = rule[RULE.rest2]
  const epsilon = rule[RULE.epsilon]
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const i = at + r * stride + c
      const p = parameters[i]
      const g = withTerms(gradients[from + r * width + c], p, l1, l2)
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
