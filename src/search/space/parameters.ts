import { finiteInRange, integerInRange, knownOptions, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { ACTIVATIONS, type Activation, LOSSES, type Loss } from '../../core/types.js'
import { BATCH_MODES, type BatchMode } from '../../data/batches.js'
import { checkInit, type Init } from '../../model/initializers.js'
import { MAX_LAYER_SIZE } from '../../model/mlp.js'
import { checkEarlyStopping, type EarlyStopping } from '../../train/early-stopping.js'
import { SET_NAMES, type SetName } from '../../train/fit-options.js'

/** What a search may vary: each as `MLP`, `sgd` and `fit` take it, with their defaults. */
export interface TrialParameters {
  /** >= 0 */
  readonly learningRate: number
  /** >= 0 */
  readonly l2: number
  readonly l2Biases: boolean
  /** units of the one hidden layer, or of each: 512, [512, 256]; [] for none */
  readonly hidden: number | readonly number[]
  readonly activation: Activation
  readonly init: Init
  readonly epochs: number
  readonly batchSize: number
  readonly stepsPerEpoch: number
  readonly sampling: BatchMode
  /** of the streams 'init' and 'batches', which all trials with the same seed share */
  readonly seed: number
}

/** What is the same in all trials, so that they can be compared. */
export interface TrialSettings {
  readonly loss: Loss
  readonly outputActivation: Activation
  readonly evaluateEvery: number
  /** 'valid' is always among them: it chooses each trial's checkpoint */
  readonly evaluateOn: readonly SetName[]
  readonly earlyStopping: EarlyStopping
  /** end a trial at the evaluation that finds it collapsed; default false */
  readonly stopOnCollapse: boolean
}

/** One trial in full, as plain data; what is missing has the default of `MLP`, `sgd` or `fit`. */
export type TrialConfig = Partial<TrialParameters & TrialSettings> & Pick<TrialParameters, 'learningRate' | 'hidden'>

const MAX_FLOAT32 = 3.4028234663852886e38

type Checks<T> = { readonly [K in keyof T]: (name: string, value: unknown) => T[K] }

/** How each parameter is checked; the order is that of messages. */
const PARAMETER_CHECKS: Checks<TrialParameters> = {
  learningRate: (name, value) => finiteInRange(name, value, 0, MAX_FLOAT32),
  l2: (name, value) => finiteInRange(name, value, 0, MAX_FLOAT32),
  l2Biases: boolean,
  hidden: checkHidden,
  activation: (name, value) => oneOf(name, value, ACTIVATIONS),
  init: (name, value) => checkInit(value, name),
  epochs: positiveInteger,
  batchSize: positiveInteger,
  stepsPerEpoch: positiveInteger,
  sampling: (name, value) => oneOf(name, value, BATCH_MODES),
  seed: (name, value) => integerInRange(name, value, 0),
}

const SETTING_CHECKS: Checks<TrialSettings> = {
  loss: (name, value) => oneOf(name, value, LOSSES),
  outputActivation: (name, value) => oneOf(name, value, ACTIVATIONS),
  evaluateEvery: positiveInteger,
  evaluateOn: (name, value) => list(name, value).map((set, i) => oneOf(`${name}[${i}]`, set, SET_NAMES)),
  earlyStopping: (_, value) => checkEarlyStopping(value as EarlyStopping),
  stopOnCollapse: boolean,
}

export const PARAMETER_NAMES = Object.keys(PARAMETER_CHECKS) as (keyof TrialParameters)[]
export const SETTING_NAMES = Object.keys(SETTING_CHECKS) as (keyof TrialSettings)[]

/** @throws NativeMlpError INVALID_ARGUMENT calling the value `name` */
export function checkParameter<K extends keyof TrialParameters>(
  key: K,
  name: string,
  value: unknown,
): TrialParameters[K] {
  return PARAMETER_CHECKS[key](name, value)
}

/** The fixed part of every trial, checked; undefined values are left out. */
export function checkBase(base: unknown): Partial<TrialParameters & TrialSettings> {
  knownOptions('base', base ?? null, [...PARAMETER_NAMES, ...SETTING_NAMES])
  const checks = { ...PARAMETER_CHECKS, ...SETTING_CHECKS } as Record<string, (name: string, value: unknown) => unknown>
  const given = Object.entries(base as object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, checks[key](`base.${key}`, value)]))
}

/** Sizes of the hidden layers. */
export function hiddenSizes(hidden: TrialParameters['hidden']): readonly number[] {
  return typeof hidden === 'number' ? [hidden] : hidden
}

/** A parameter's value as one number, word or truth value: hidden [512, 256] becomes '512-256'. */
export function shown(key: string, value: unknown): number | string | boolean {
  if (key === 'hidden') {
    const sizes = hiddenSizes(value as TrialParameters['hidden'])
    return sizes.length === 1 ? sizes[0] : sizes.join('-') || 'none'
  }
  if (typeof value !== 'object') return value as number | string | boolean
  const { weights, biases } = value as { weights: number; biases: number }
  return `weights ${weights} biases ${biases}`
}

function checkHidden(name: string, value: unknown): number | readonly number[] {
  if (!Array.isArray(value)) return integerInRange(name, value, 1, MAX_LAYER_SIZE)
  return value.map((size, i) => integerInRange(`${name}[${i}]`, size, 1, MAX_LAYER_SIZE))
}

function positiveInteger(name: string, value: unknown): number {
  return integerInRange(name, value, 1)
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidArgument(name, 'true or false', value)
  return value
}

function list(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgument(name, 'a list', value)
  return value
}
