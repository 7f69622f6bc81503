import { power } from '../core/elementary.js'
import { invalidArgument } from '../core/errors.js'

/** What every rule has: g is the gradient of a parameter, to which the terms of L1 and L2 are added. */
interface CommonRule {
  readonly learningRate: number
  /** factor of the learning rate of biases; default 1 */
  readonly biasLearningRate?: number
  /** factor of the learning rate of the first layer, of its biases too; default 1. A program's layer 0; others ignore it */
  readonly firstLayerLearningRate?: number
  /** coefficient of the L1 term of weights, g += l1 sign(p); default 0 */
  readonly l1?: number
  /** coefficient of the coupled L2 term of weights, g += l2 p */
  readonly l2: number
  /** L2 coefficient of the biases */
  readonly l2Biases: number
}

/** Stochastic gradient descent: p -= learningRate g. */
export interface SgdRule extends CommonRule {
  readonly kind: 'sgd'
}

/**
 * Momentum without dampening, as torch.optim.SGD: b = momentum b + g; p -= learningRate b, or, with `nesterov`,
 * p -= learningRate (g + momentum b).
 */
export interface MomentumRule extends CommonRule {
  readonly kind: 'momentum'
  readonly momentum: number
  readonly nesterov: boolean
}

/**
 * Adam (Kingma and Ba, 2015), or AdamW (Loshchilov and Hutter, 2019) with decoupled decay, as torch.optim:
 * p *= 1 - learningRate weightDecay; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * p -= learningRate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
 */
export interface AdamRule extends CommonRule {
  readonly kind: 'adam'
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
 * RMSProp (Tieleman and Hinton, 2012), as torch.optim.RMSprop without momentum: v = alpha v + (1 - alpha) g^2;
 * p -= learningRate g / (sqrt(v) + epsilon).
 */
export interface RmsPropRule extends CommonRule {
  readonly kind: 'rmsProp'
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

/** Parameters whose learning rates differ, in the order of an encoded rule. */
export const RATE_GROUPS = ['weights', 'biases', 'firstWeights', 'firstBiases'] as const

/** Position in `RATE_GROUPS`. */
export function rateGroup(areBiases: boolean, isFirst: boolean): number {
  return (isFirst ? 2 : 0) + (areBiases ? 1 : 0)
}

/** Positions in an encoded rule. */
export const RULE = {
  kind: 0,
  /** of each group; adam: divided by 1 - beta1^t */
  learningRates: 1,
  /** of each group, the first factor of a parameter: 1 - learningRate weightDecay */
  keeps: 5,
  l1: 9,
  l2: 10,
  l2Biases: 11,
  momentum: 12,
  beta1: 13,
  rest1: 14,
  beta2: 15,
  rest2: 16,
  epsilon: 17,
  /** 1 / sqrt(1 - beta2^t) */
  rootScale: 18,
} as const
export const RULE_VALUES = 19
export const RULE_KINDS = ENCODED_KINDS.length

/** Encodes a rule for both backends; the addon rounds each value to float32 once. */
export function encodeRule(rule: UpdateRule, into: Float64Array): Float64Array {
  into.fill(0)
  set(into, 'kind', ENCODED_KINDS.indexOf(rule.kind === 'momentum' && rule.nesterov ? 'nesterov' : rule.kind))
  encodeRates(rule, into)
  set(into, 'l1', rule.l1 ?? 0)
  set(into, 'l2', rule.l2)
  set(into, 'l2Biases', rule.l2Biases)
  if (rule.kind === 'momentum') set(into, 'momentum', rule.momentum)
  if (rule.kind === 'adam') encodeMoments(rule, into)
  if (rule.kind === 'rmsProp') {
    set(into, 'beta2', rule.alpha)
    set(into, 'rest2', 1 - rule.alpha)
    set(into, 'epsilon', rule.epsilon)
  }
  return into
}

/** The decay of a group contains its learning rate, as that of a parameter group of torch.optim.AdamW. */
function encodeRates(rule: UpdateRule, into: Float64Array): void {
  const { biasLearningRate = 1, firstLayerLearningRate = 1 } = rule
  const correction = rule.kind === 'adam' ? 1 - power(rule.beta1, rule.t) : 1
  RATE_GROUPS.forEach((_, group) => {
    const areBiases = group % 2 === 1
    const factor = (areBiases ? biasLearningRate : 1) * (group >= 2 ? firstLayerLearningRate : 1)
    const learningRate = rule.learningRate * factor
    const decay = rule.kind !== 'adam' ? 0 : areBiases ? rule.weightDecayBiases : rule.weightDecay
    into[RULE.learningRates + group] = learningRate / correction
    into[RULE.keeps + group] = 1 - learningRate * decay
  })
}

function encodeMoments({ beta1, beta2, epsilon, t }: AdamRule, into: Float64Array): void {
  set(into, 'beta1', beta1)
  set(into, 'rest1', 1 - beta1)
  set(into, 'beta2', beta2)
  set(into, 'rest2', 1 - beta2)
  set(into, 'epsilon', epsilon)
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
