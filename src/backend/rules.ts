import { power } from '../core/elementary.js'
import { invalidArgument } from '../core/errors.js'

/** Stochastic gradient descent with coupled L2: g += l2 p; p -= learningRate g. */
export interface SgdRule {
  readonly kind: 'sgd'
  readonly learningRate: number
  readonly l2: number
  /** L2 coefficient of the biases */
  readonly l2Biases: number
}

/**
 * Momentum without dampening, as torch.optim.SGD: g += l2 p; b = momentum b + g; p -= learningRate b, or, with `nesterov`,
 * p -= learningRate (g + momentum b).
 */
export interface MomentumRule {
  readonly kind: 'momentum'
  readonly learningRate: number
  readonly l2: number
  readonly l2Biases: number
  readonly momentum: number
  readonly nesterov: boolean
}

/**
 * Adam (Kingma and Ba, 2015) with coupled L2, or AdamW (Loshchilov and Hutter, 2019) with decoupled decay, as torch.optim:
 * p *= 1 - learningRate weightDecay; g += l2 p; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * p -= learningRate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
 */
export interface AdamRule {
  readonly kind: 'adam'
  readonly learningRate: number
  readonly l2: number
  readonly l2Biases: number
  readonly weightDecay: number
  /** weight decay of the biases */
  readonly weightDecayBiases: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** t: 1 for the first step */
  readonly t: number
}

/**
 * RMSProp (Tieleman and Hinton, 2012) with coupled L2, as torch.optim.RMSprop without momentum: g += l2 p;
 * v = alpha v + (1 - alpha) g^2; p -= learningRate g / (sqrt(v) + epsilon).
 */
export interface RmsPropRule {
  readonly kind: 'rmsProp'
  readonly learningRate: number
  readonly l2: number
  readonly l2Biases: number
  readonly alpha: number
  readonly epsilon: number
}

/** The update of the parameters in one step, given their gradient. */
export type UpdateRule = SgdRule | MomentumRule | AdamRule | RmsPropRule
export type RuleKind = UpdateRule['kind']

/** State of an optimiser, by kind of rule: arrays in the layout of the parameters. */
export const SLOTS: Readonly<Record<RuleKind, readonly string[]>> = {
  sgd: [],
  momentum: ['momentum'],
  adam: ['firstMoment', 'secondMoment'],
  rmsProp: ['meanSquare'],
}

/** Kinds in the numbering of the kernels. */
const ENCODED_KINDS = ['sgd', 'momentum', 'nesterov', 'adam', 'rmsProp'] as const

/** Positions in an encoded rule; biases have separate L2 and decay. */
export const RULE = {
  kind: 0,
  /** adam: divided by 1 - beta1^t */
  learningRate: 1,
  l2: 2,
  l2Biases: 3,
  /** first factor of a parameter: 1 - learningRate weightDecay */
  keep: 4,
  keepBiases: 5,
  momentum: 6,
  beta1: 7,
  rest1: 8,
  beta2: 9,
  rest2: 10,
  epsilon: 11,
  /** 1 / sqrt(1 - beta2^t) */
  rootScale: 12,
} as const
export const RULE_VALUES = 13
export const RULE_KINDS = ENCODED_KINDS.length

/** Encodes a rule for both backends; the addon rounds each value to float32 once. */
export function encodeRule(rule: UpdateRule, into: Float64Array): Float64Array {
  into.fill(0)
  set(into, 'kind', ENCODED_KINDS.indexOf(rule.kind === 'momentum' && rule.nesterov ? 'nesterov' : rule.kind))
  set(into, 'learningRate', rule.learningRate)
  set(into, 'l2', rule.l2)
  set(into, 'l2Biases', rule.l2Biases)
  set(into, 'keep', 1)
  set(into, 'keepBiases', 1)
  if (rule.kind === 'momentum') set(into, 'momentum', rule.momentum)
  if (rule.kind === 'adam') encodeAdam(rule, into)
  if (rule.kind === 'rmsProp') {
    set(into, 'beta2', rule.alpha)
    set(into, 'rest2', 1 - rule.alpha)
    set(into, 'epsilon', rule.epsilon)
  }
  return into
}

function encodeAdam(rule: AdamRule, into: Float64Array): void {
  const { learningRate, beta1, beta2, t } = rule
  set(into, 'learningRate', learningRate / (1 - power(beta1, t)))
  set(into, 'keep', 1 - learningRate * rule.weightDecay)
  set(into, 'keepBiases', 1 - learningRate * rule.weightDecayBiases)
  set(into, 'beta1', beta1)
  set(into, 'rest1', 1 - beta1)
  set(into, 'beta2', beta2)
  set(into, 'rest2', 1 - beta2)
  set(into, 'epsilon', rule.epsilon)
  set(into, 'rootScale', 1 / Math.sqrt(1 - power(beta2, t)))
}

function set(into: Float64Array, field: keyof typeof RULE, value: number): void {
  into[RULE[field]] = value
}

/** @throws NativeMlpError INVALID_ARGUMENT if `slots` is too short for the rule's state of `length` parameters */
export function checkSlots(rule: UpdateRule, slots: Float32Array | null, length: number): void {
  if (!Object.hasOwn(SLOTS, rule.kind)) {
    throw invalidArgument('update rule', `one of ${Object.keys(SLOTS).join(', ')}`, rule.kind)
  }
  const needed = SLOTS[rule.kind].length * length
  if (needed === 0 || (slots !== null && slots.length >= needed)) return
  throw invalidArgument('slots', `a Float32Array of at least ${needed} values for ${rule.kind}`, slots)
}
