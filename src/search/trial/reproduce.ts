import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { NumericFamily } from '../../core/types.js'
import { PRESETS, type PresetName, type TrainingConfig } from '../../train/presets.js'
import { hiddenSizes, type TrialConfig } from '../space/parameters.js'

/** Which rows of MNIST a study trains and validates on, and what it computes in. */
export interface DataRecipe extends Pick<TrainingConfig, 'scale' | 'validFraction' | 'limitTrain' | 'limitTest'> {
  /** folder with the four IDX files; null: wherever `mnist` finds them */
  readonly folder?: string | null
  /** seed of the split, or of the folds; unlike the trial's where points are repeated */
  readonly splitSeed: number
  readonly stratified?: boolean
  /** default 1: a validation set instead */
  readonly folds?: number
  /** default: whatever computes where the command runs */
  readonly family?: NumericFamily
}

export interface ReproduceOptions {
  /** which fold of a study with folds, from 0 */
  readonly fold?: number
  /** the run folder; default: the command's own */
  readonly out?: string
  /** what flags are left out for, because they are its values; default 'homework' */
  readonly preset?: PresetName
}

/**
 * The arguments of `native-mlp` that train a trial of a study again: `['train', '--preset', 'homework', ...]`. The model that
 * this run keeps as its best has the digest of the trial.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for a trial that `train` cannot be told of: one with another loss or output
 *   activation, or with `earlyStopping.minDelta`; for a fold that the study does not have
 */
export function reproduceArguments(config: TrialConfig, data: DataRecipe, options: ReproduceOptions = {}): string[] {
  const { preset = 'homework', out } = options
  const seed = config.seed ?? 1
  const wanted = trainingOf(config, data, foldOf(data, options.fold), seed)
  const flags = (Object.keys(wanted) as (keyof TrainingConfig)[]).flatMap((key) => {
    return JSON.stringify(wanted[key]) === JSON.stringify(PRESETS[preset][key]) ? [] : flagOf(key, wanted[key])
  })
  return [
    ...['train', '--preset', preset, ...flags, '--seed', String(seed)],
    ...(data.folder ? ['--data', data.folder] : []),
    ...(out === undefined ? [] : ['--out', out]),
  ]
}

/**
 * `reproduceArguments` as a line for a POSIX shell, which also says which backend is to compute where the trial's results
 * are those of the TypeScript one.
 */
export function reproduceCommand(config: TrialConfig, data: DataRecipe, options: ReproduceOptions = {}): string {
  const words = ['npx', 'native-mlp', ...reproduceArguments(config, data, options).map(quoted)]
  return [...(data.family ? [`NATIVE_MLP_BACKEND=${data.family.name}`] : []), ...words].join(' ')
}

function foldOf({ folds = 1 }: DataRecipe, fold: number | undefined): TrainingConfig['fold'] {
  if (folds === 1 && (fold === undefined || fold === 0)) return null
  if (fold === undefined || !Number.isInteger(fold) || fold < 0 || fold >= folds) {
    throw invalidArgument('fold', `an integer from 0 to ${folds - 1}`, fold)
  }
  return [fold, folds]
}

/** What is missing in a trial's configuration has the defaults of `MLP`, `sgd` and `fit`. */
function trainingOf(config: TrialConfig, data: DataRecipe, fold: TrainingConfig['fold'], seed: number): TrainingConfig {
  const { loss = 'softmaxCrossEntropy', outputActivation = 'identity', earlyStopping } = config
  if (loss !== 'softmaxCrossEntropy') throw untold('loss', loss)
  if (outputActivation !== 'identity') throw untold('outputActivation', outputActivation)
  if (earlyStopping?.minDelta) throw untold('earlyStopping.minDelta', earlyStopping.minDelta)
  return {
    scale: data.scale,
    validFraction: data.validFraction,
    splitSeed: data.splitSeed === seed ? null : data.splitSeed,
    stratified: data.stratified ?? false,
    fold,
    limitTrain: data.limitTrain,
    limitTest: data.limitTest,
    hidden: hiddenSizes(config.hidden),
    activation: config.activation ?? 'relu',
    init: config.init ?? 'he',
    learningRate: config.learningRate,
    l2: config.l2 ?? 0,
    l2Biases: config.l2Biases ?? false,
    epochs: config.epochs ?? 10,
    batchSize: config.batchSize ?? 128,
    stepsPerEpoch: config.stepsPerEpoch ?? null,
    sampling: config.sampling ?? 'shuffle',
    evaluateEvery: config.evaluateEvery ?? null,
    evaluateOn: config.evaluateOn ?? ['valid', 'test'],
    patience: earlyStopping?.patience ?? null,
    stopOnCollapse: config.stopOnCollapse ?? false,
  }
}

function untold(name: string, value: unknown): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', `${name}: the command train has no flag for it, got '${value}'`)
}

/** What flags call null. */
const NO_VALUE: Readonly<Partial<Record<keyof TrainingConfig, string>>> = {
  splitSeed: 'seed',
  fold: 'none',
  limitTrain: 'all',
  limitTest: 'all',
  stepsPerEpoch: 'auto',
  evaluateEvery: 'epoch',
  patience: 'off',
}

function flagOf(key: keyof TrainingConfig, value: TrainingConfig[typeof key]): string[] {
  const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`]
  return [`--${name}`, textOf(key, value)]
}

function textOf(key: keyof TrainingConfig, value: unknown): string {
  if (value === null) return NO_VALUE[key]!
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(key === 'fold' ? '/' : ',')
  if (typeof value !== 'object') return String(value)
  const { weights, biases } = value as { weights: number; biases: number }
  return `${weights},${biases}`
}

/** In single quotes where a shell would see more than a word. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
