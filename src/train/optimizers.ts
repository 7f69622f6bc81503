import { type AdamRule, SLOTS, type UpdateRule } from '../backend/rules.js'
import { isCallable } from '../core/callable.js'
import { finiteInRange, knownOptions, MAX_FLOAT32, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import type { MLP } from '../model/mlp.js'
import { checkDecay, SMALLEST_EPSILON } from './rule-checks.js'

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
  /** factor of the learning rate of biases, >= 0; default 1 */
  readonly biasLearningRate?: number
  /** factor of the learning rate of the first layer, of its biases too; >= 0, default 1 */
  readonly firstLayerLearningRate?: number
  /** coefficient of the L1 term of weights: g += l1 sign(p); >= 0, default 0 */
  readonly l1?: number
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

const RATES = ['learningRate', 'biasLearningRate', 'firstLayerLearningRate', 'l1'] as const
const COMMON = [...RATES, 'l2', 'l2Biases'] as const
const MOMENTS = ['beta1', 'beta2', 'epsilon'] as const

/** The optimisers by their name in a config, with their options. */
export const OPTIMIZERS = {
  sgd: { make: sgd, options: COMMON },
  momentum: { make: momentum, options: [...COMMON, 'momentum', 'nesterov'] },
  rmsProp: { make: rmsProp, options: [...COMMON, 'alpha', 'epsilon'] },
  adam: { make: adam, options: [...COMMON, ...MOMENTS] },
  adamW: { make: adamW, options: [...RATES, 'weightDecay', 'weightDecayBiases', ...MOMENTS] },
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
  const common = checkCommon('sgd', options)
  return constant({ name: 'sgd', ...common }, { kind: 'sgd', ...inRule(common) })
}

/**
 * Stochastic gradient descent with momentum, as torch.optim.SGD without dampening: b = momentum b + g;
 * p -= learningRate b, or with `nesterov` p -= learningRate (g + momentum b) (Sutskever et al., 2013).
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function momentum(options: MomentumOptions): Optimizer {
  knownOptions('momentum', options ?? null, OPTIMIZERS.momentum.options)
  const common = checkCommon('momentum', options)
  const share = belowOne('momentum.momentum', options.momentum ?? 0.9)
  const nesterov = trueOrFalse('momentum.nesterov', options.nesterov ?? false)
  return constant(
    { name: 'momentum', ...common, momentum: share, nesterov },
    { kind: 'momentum', ...inRule(common), momentum: share, nesterov },
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
  const common = checkCommon('rmsProp', options)
  const alpha = belowOne('rmsProp.alpha', options.alpha ?? 0.99)
  const epsilon = finiteInRange('rmsProp.epsilon', options.epsilon ?? 1e-8, SMALLEST_EPSILON, MAX_FLOAT32)
  return constant(
    { name: 'rmsProp', ...common, alpha, epsilon },
    { kind: 'rmsProp', ...inRule(common), alpha, epsilon },
  )
}

/**
 * Adam (Kingma and Ba, 2015) with a coupled L2 term, as torch.optim.Adam.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function adam(options: AdamOptions): Optimizer {
  knownOptions('adam', options ?? null, OPTIMIZERS.adam.options)
  const common = checkCommon('adam', options)
  const moments = checkMoments('adam', options)
  return counting({ name: 'adam', ...common, ...moments }, { ...inRule(common), ...NO_DECAY, ...moments })
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch.optim.AdamW; biases decay only with
 * `weightDecayBiases`.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function adamW(options: AdamWOptions): Optimizer {
  knownOptions('adamW', options ?? null, OPTIMIZERS.adamW.options)
  const common = checkRates('adamW', options)
  const weightDecay = finiteInRange('adamW.weightDecay', options.weightDecay ?? 0.01, 0, MAX_FLOAT32)
  const weightDecayBiases = trueOrFalse('adamW.weightDecayBiases', options.weightDecayBiases ?? false)
  const moments = checkMoments('adamW', options)
  const config = { name: 'adamW', ...common, weightDecay, weightDecayBiases, ...moments }
  const decays = { weightDecay, weightDecayBiases: weightDecayBiases ? weightDecay : 0 }
  checkDecay('adamW', { ...common, ...decays })
  return counting(config, { ...common, l2: 0, l2Biases: 0, ...decays, ...moments })
}

const NO_DECAY = { weightDecay: 0, weightDecayBiases: 0 } as const

/** An optimiser whose rule knows the number of the step. */
function counting(config: OptimizerConfig, rule: Omit<AdamRule, 'kind' | 't'>): Optimizer {
  return Object.freeze({
    config: Object.freeze(config),
    rule: (step: number): UpdateRule => ({ kind: 'adam', ...rule, t: step + 1 }),
  })
}

function constant(config: OptimizerConfig, rule: UpdateRule): Optimizer {
  Object.freeze(rule)
  return Object.freeze({ config: Object.freeze(config), rule: () => rule })
}

/** The options as a rule has them. */
function inRule({ l2Biases, ...common }: Required<CommonOptions>) {
  return { ...common, l2Biases: l2Biases ? common.l2 : 0 }
}

function checkRates(
  name: string,
  { learningRate, biasLearningRate = 1, firstLayerLearningRate = 1, l1 = 0 }: Omit<CommonOptions, 'l2' | 'l2Biases'>,
) {
  return {
    learningRate: finiteInRange(`${name}.learningRate`, learningRate, 0, MAX_FLOAT32),
    biasLearningRate: finiteInRange(`${name}.biasLearningRate`, biasLearningRate, 0, MAX_FLOAT32),
    firstLayerLearningRate: finiteInRange(`${name}.firstLayerLearningRate`, firstLayerLearningRate, 0, MAX_FLOAT32),
    l1: finiteInRange(`${name}.l1`, l1, 0, MAX_FLOAT32),
  }
}

function checkCommon(name: string, options: CommonOptions): Required<CommonOptions> {
  return {
    ...checkRates(name, options),
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

/** Of `fit` without an optimizer, and of the preset for data of any kind. */
export const DEFAULT_LEARNING_RATE = 0.003
export const DEFAULT_SCHEDULE = 'oneCycle'

/** The optimizer of `fit` without one: AdamW, which is robust to the scale of the data. */
export function defaultOptimizer(): Optimizer {
  return adamW({ learningRate: DEFAULT_LEARNING_RATE })
}

function belowOne(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  throw invalidArgument(name, 'a number from 0 to below 1', value)
}

/** @throws NativeMlpError INVALID_ARGUMENT for an invalid optimizer */
export function checkOptimizer(optimizer: Optimizer): Optimizer {
  const { config, rule } = Object(optimizer) as Partial<Optimizer>
  if (!isCallable(rule) || typeof config !== 'object' || config === null || typeof config.name !== 'string') {
    throw invalidArgument('optimizer', 'an optimizer such as sgd({ learningRate: 0.1 })', optimizer)
  }
  for (const [key, value] of Object.entries(config)) {
    if (['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) continue
    throw invalidArgument(`optimizer.config.${key}`, 'a string, a finite number or a boolean', value)
  }
  return optimizer
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
