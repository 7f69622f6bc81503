import { SLOTS, type UpdateRule } from '../backend/rules.js'
import { finiteInRange, integerInRange, knownOptions, MAX_FLOAT32, oneOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import type { MLP } from '../model/mlp.js'

/** Hyper-parameters of an optimiser as plain JSON; a run resumes only with an equal config. */
export interface OptimizerConfig {
  readonly name: string
  readonly [key: string]: string | number | boolean
}

/**
 * An optimiser for `fit`. A custom one is an object with the same two members; the kind of its rules determines its state and
 * must be the same at every step.
 */
export interface Optimizer {
  readonly config: OptimizerConfig
  /** the rule of 0-based step `step`; may be one frozen object for all steps */
  rule(step: number): UpdateRule
}

interface CommonOptions {
  /** >= 0 */
  readonly learningRate: number
  /** coefficient of the coupled L2 term, without factor 1/2: g += l2 p; >= 0, default 0 */
  readonly l2?: number
  /** apply L2 to biases too; default false */
  readonly l2Biases?: boolean
}

export type SgdOptions = CommonOptions

export interface MomentumOptions extends CommonOptions {
  /** momentum coefficient, in [0, 1); default 0.9 */
  readonly momentum?: number
  /** Nesterov momentum; default false */
  readonly nesterov?: boolean
}

export interface AdamOptions extends CommonOptions {
  /** decay rate of the first moment, in [0, 1); default 0.9 */
  readonly beta1?: number
  /** decay rate of the second moment, in [0, 1); default 0.999 */
  readonly beta2?: number
  /** added to the denominator, >= 1e-12; default 1e-8 */
  readonly epsilon?: number
}

export interface AdamWOptions extends Omit<AdamOptions, 'l2' | 'l2Biases'> {
  /** decoupled weight decay: p *= 1 - learningRate weightDecay at each step; >= 0, default 0.01 */
  readonly weightDecay?: number
  /** apply weight decay to biases too; default false */
  readonly weightDecayBiases?: boolean
}

export interface RmsPropOptions extends CommonOptions {
  /** decay rate of the mean square, in [0, 1); default 0.99 */
  readonly alpha?: number
  /** added to the root, >= 1e-12; default 1e-8 */
  readonly epsilon?: number
}

const COMMON = ['learningRate', 'l2', 'l2Biases'] as const
const MOMENTS = ['beta1', 'beta2', 'epsilon'] as const

/** The optimisers by their name in a config, with their options. */
export const OPTIMIZERS = {
  sgd: { make: sgd, options: COMMON },
  momentum: { make: momentum, options: [...COMMON, 'momentum', 'nesterov'] },
  rmsProp: { make: rmsProp, options: [...COMMON, 'alpha', 'epsilon'] },
  adam: { make: adam, options: [...COMMON, ...MOMENTS] },
  adamW: { make: adamW, options: ['learningRate', 'weightDecay', 'weightDecayBiases', ...MOMENTS] },
} as const

/** Whether an optimiser has this option. */
export function usesOption(optimizer: keyof typeof OPTIMIZERS, option: string): boolean {
  return (OPTIMIZERS[optimizer].options as readonly string[]).includes(option)
}

export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[]

/**
 * Stochastic gradient descent with a constant learning rate: g = mean gradient of the batch + l2 p; p -= learningRate g.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function sgd(options: SgdOptions): Optimizer {
  knownOptions('sgd', options ?? null, OPTIMIZERS.sgd.options)
  const { learningRate, l2, l2Biases } = checkCommon('sgd', options)
  return constant({ name: 'sgd', learningRate, l2, l2Biases }, { kind: 'sgd', learningRate, ...decay(l2, l2Biases) })
}

/**
 * Stochastic gradient descent with momentum, as torch.optim.SGD without dampening: b = momentum b + g;
 * p -= learningRate b, or with `nesterov` p -= learningRate (g + momentum b) (Sutskever et al., 2013).
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function momentum(options: MomentumOptions): Optimizer {
  knownOptions('momentum', options ?? null, OPTIMIZERS.momentum.options)
  const { learningRate, l2, l2Biases } = checkCommon('momentum', options)
  const share = belowOne('momentum.momentum', options.momentum ?? 0.9)
  const nesterov = trueOrFalse('momentum.nesterov', options.nesterov ?? false)
  return constant(
    { name: 'momentum', learningRate, l2, l2Biases, momentum: share, nesterov },
    { kind: 'momentum', learningRate, ...decay(l2, l2Biases), momentum: share, nesterov },
  )
}

/**
 * RMSProp (Tieleman and Hinton, 2012), as torch.optim.RMSprop without momentum: v = alpha v + (1 - alpha) g^2;
 * p -= learningRate g / (sqrt(v) + epsilon).
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function rmsProp(options: RmsPropOptions): Optimizer {
  knownOptions('rmsProp', options ?? null, OPTIMIZERS.rmsProp.options)
  const { learningRate, l2, l2Biases } = checkCommon('rmsProp', options)
  const alpha = belowOne('rmsProp.alpha', options.alpha ?? 0.99)
  const epsilon = finiteInRange('rmsProp.epsilon', options.epsilon ?? 1e-8, SMALLEST_EPSILON, MAX_FLOAT32)
  return constant(
    { name: 'rmsProp', learningRate, l2, l2Biases, alpha, epsilon },
    { kind: 'rmsProp', learningRate, ...decay(l2, l2Biases), alpha, epsilon },
  )
}

/**
 * Adam (Kingma and Ba, 2015) with a coupled L2 term, as torch.optim.Adam.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function adam(options: AdamOptions): Optimizer {
  knownOptions('adam', options ?? null, OPTIMIZERS.adam.options)
  const { learningRate, l2, l2Biases } = checkCommon('adam', options)
  const moments = checkMoments('adam', options)
  const config = { name: 'adam', learningRate, l2, l2Biases, ...moments }
  const common = { learningRate, ...decay(l2, l2Biases), weightDecay: 0, weightDecayBiases: 0, ...moments }
  return Object.freeze({
    config: Object.freeze(config),
    rule: (step: number): UpdateRule => ({ kind: 'adam', ...common, t: step + 1 }),
  })
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch.optim.AdamW; biases decay only with
 * `weightDecayBiases`.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function adamW(options: AdamWOptions): Optimizer {
  knownOptions('adamW', options ?? null, OPTIMIZERS.adamW.options)
  const { learningRate } = checkCommon('adamW', { learningRate: options.learningRate })
  const weightDecay = finiteInRange('adamW.weightDecay', options.weightDecay ?? 0.01, 0, MAX_FLOAT32)
  const weightDecayBiases = trueOrFalse('adamW.weightDecayBiases', options.weightDecayBiases ?? false)
  const moments = checkMoments('adamW', options)
  const config = { name: 'adamW', learningRate, weightDecay, weightDecayBiases, ...moments }
  checkDecay('adamW', learningRate, weightDecay)
  const decays = { weightDecay, weightDecayBiases: weightDecayBiases ? weightDecay : 0 }
  const common = { learningRate, l2: 0, l2Biases: 0, ...decays, ...moments }
  return Object.freeze({
    config: Object.freeze(config),
    rule: (step: number): UpdateRule => ({ kind: 'adam', ...common, t: step + 1 }),
  })
}

function constant(config: OptimizerConfig, rule: UpdateRule): Optimizer {
  Object.freeze(rule)
  return Object.freeze({ config: Object.freeze(config), rule: () => rule })
}

function decay(l2: number, l2Biases: boolean): { readonly l2: number; readonly l2Biases: number } {
  return { l2, l2Biases: l2Biases ? l2 : 0 }
}

function checkCommon(name: string, options: CommonOptions): Required<CommonOptions> {
  return {
    learningRate: finiteInRange(`${name}.learningRate`, options.learningRate, 0, MAX_FLOAT32),
    l2: finiteInRange(`${name}.l2`, options.l2 ?? 0, 0, MAX_FLOAT32),
    l2Biases: trueOrFalse(`${name}.l2Biases`, options.l2Biases ?? false),
  }
}

function checkMoments(name: string, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Omit<AdamOptions, 'learningRate'>) {
  return {
    beta1: belowOne(`${name}.beta1`, beta1),
    beta2: belowOne(`${name}.beta2`, beta2),
    epsilon: finiteInRange(`${name}.epsilon`, epsilon, SMALLEST_EPSILON, MAX_FLOAT32),
  }
}

/** At 1 or more, the decay of a single step reverses the sign of every parameter. */
function checkDecay(name: string, learningRate: number, weightDecay: number): void {
  if (learningRate * weightDecay < 1) return
  const limit = `less than 1 / learningRate (${1 / learningRate})`
  throw invalidArgument(`${name}.weightDecay`, limit, weightDecay)
}

/** Of `fit` without an optimizer, and of the preset for data of any kind. */
export const DEFAULT_LEARNING_RATE = 0.003
export const DEFAULT_SCHEDULE = 'oneCycle'

/** The optimizer of `fit` without one: AdamW, which is robust to the scale of the data. */
export function defaultOptimizer(): Optimizer {
  return adamW({ learningRate: DEFAULT_LEARNING_RATE })
}

/** Smaller values divide by zero for parameters whose gradients have long been zero. */
export const SMALLEST_EPSILON = 1e-12
const BELOW_ONE = 1 - Number.EPSILON / 2

function belowOne(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  throw invalidArgument(name, 'a number from 0 to below 1', value)
}

/** Whether a function cannot be called without `new`. */
function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

/** @throws NativeMlpError INVALID_ARGUMENT for an invalid optimizer */
export function checkOptimizer(optimizer: Optimizer): Optimizer {
  const { config, rule } = Object(optimizer) as Partial<Optimizer>
  if (
    typeof rule !== 'function' ||
    isClass(rule) ||
    typeof config !== 'object' ||
    config === null ||
    typeof config.name !== 'string'
  ) {
    throw invalidArgument('optimizer', 'an optimizer such as sgd({ learningRate: 0.1 })', optimizer)
  }
  for (const [key, value] of Object.entries(config)) {
    if (['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) continue
    throw invalidArgument(`optimizer.config.${key}`, 'a string, a finite number or a boolean', value)
  }
  return optimizer
}

/** @throws NativeMlpError INVALID_ARGUMENT for an invalid rule of a custom optimizer */
export function checkRule(rule: UpdateRule, step: number): UpdateRule {
  const name = `optimizer.rule(${step})`
  if (typeof rule !== 'object' || rule === null || typeof rule.kind !== 'string' || !Object.hasOwn(SLOTS, rule.kind)) {
    throw invalidArgument(name, "a rule such as { kind: 'sgd', learningRate: 0.1, l2: 0, l2Biases: 0 }", rule)
  }
  const rates = [
    'learningRate',
    'l2',
    'l2Biases',
    ...(rule.kind === 'adam' ? ['weightDecay', 'weightDecayBiases'] : []),
  ]
  const values = rule as unknown as Record<string, unknown>
  for (const key of rates) finiteInRange(`${name}.${key}`, values[key], 0, MAX_FLOAT32)
  if (rule.kind === 'momentum') {
    finiteInRange(`${name}.momentum`, rule.momentum, 0, BELOW_ONE)
    trueOrFalse(`${name}.nesterov`, rule.nesterov)
  }
  if (rule.kind === 'rmsProp') {
    finiteInRange(`${name}.alpha`, rule.alpha, 0, BELOW_ONE)
    finiteInRange(`${name}.epsilon`, rule.epsilon, SMALLEST_EPSILON, MAX_FLOAT32)
  }
  if (rule.kind === 'adam') {
    finiteInRange(`${name}.beta1`, rule.beta1, 0, BELOW_ONE)
    finiteInRange(`${name}.beta2`, rule.beta2, 0, BELOW_ONE)
    finiteInRange(`${name}.epsilon`, rule.epsilon, SMALLEST_EPSILON, MAX_FLOAT32)
    integerInRange(`${name}.t`, rule.t, 1)
    checkDecay(name, rule.learningRate, Math.max(rule.weightDecay, rule.weightDecayBiases))
  }
  return rule
}

/** @throws NativeMlpError INVALID_ARGUMENT if an optimizer changes its kind of rule */
export function checkSameKind(rule: UpdateRule, first: UpdateRule, step: number): void {
  oneOf(`optimizer.rule(${step}).kind`, rule.kind, [first.kind])
}

/** The slot of the moving average of the parameters; after those of the rule. */
export const AVERAGE_SLOT = 'average'

/** Names of the arrays that a run keeps beside its parameters. */
export function slotNames(
  { kind }: UpdateRule,
  { averageDecay }: { readonly averageDecay: number },
): readonly string[] {
  return averageDecay > 0 ? [...SLOTS[kind], AVERAGE_SLOT] : SLOTS[kind]
}

/** The state before the first step: zeros, and the parameters as their average; null if there is none. */
export function slotsFor(model: MLP, names: readonly string[]): Float32Array | null {
  if (names.length === 0) return null
  const slots = model.backend.allocate(names.length * model.parameters.length)
  const average = names.indexOf(AVERAGE_SLOT)
  if (average >= 0) slotOf(slots, average, model).set(model.parameters)
  return slots
}

/** The part of `slots` that belongs to a slot, in the layout of the parameters. */
export function slotOf(slots: Float32Array, slot: number, { parameters: { length } }: MLP): Float32Array {
  return slots.subarray(slot * length, (slot + 1) * length)
}
