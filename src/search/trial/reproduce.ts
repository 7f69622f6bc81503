import { checking, integerInRange, knownOptions, objectOf, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { NumericFamily } from '../../core/types.js'
import type { Division } from '../../data/division.js'
import { type DataRecipe, type DataSpec, specText } from '../../data/spec.js'
import { checkValue, completed, labelled, NAMES, picked, type TrainingConfig } from '../../train/config.js'
import { flagArguments } from '../../train/config-flags.js'
import { PRESET_NAMES, PRESETS, type PresetName } from '../../train/presets.js'
import type { TrialConfig } from '../space/parameters.js'

/** The rows a study trains and validates on, and its numeric family; all from the study's header. */
export interface StudySource
  extends Omit<Division, 'stratified' | 'folds'>,
    Partial<Pick<Division, 'stratified' | 'folds'>> {
  readonly data: DataSpec | DataRecipe
  /** default: that of the machine where the command runs */
  readonly family?: NumericFamily
}

export interface ReproduceOptions {
  /** 0-based fold of a study with folds */
  readonly fold?: number
  /** the run folder; default: the command's own */
  readonly out?: string
  /** preset whose values need no flags; default 'homework' */
  readonly preset?: PresetName
}

/**
 * The arguments of `native-mlp` that repeat a trial of a study: `['train', '--preset', 'homework', ...]`. The best model of
 * this run has the digest of the trial.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for a hyper-parameter that is wrong, or a fold that the study does not have
 */
export function reproduceArguments(config: TrialConfig, data: StudySource, options: ReproduceOptions = {}): string[] {
  knownOptions('reproduceArguments', options, ['fold', 'out', 'preset'])
  return checking('reproduceArguments', () => argumentsOf(config, data, options))
}

function argumentsOf(config: TrialConfig, data: StudySource, options: ReproduceOptions): string[] {
  objectOf('config', config, 'the configuration of a trial')
  objectOf('data', data, 'the rows of a study')
  const { out } = options
  if (out !== undefined && typeof out !== 'string') throw invalidArgument('out', 'a path', out)
  const preset = oneOf('preset', options.preset ?? 'homework', PRESET_NAMES)
  const { validFraction, limitTrain, limitTest, stratified } = data
  objectOf('data.data', data.data, 'the source of the rows')
  integerInRange('data.folds', data.folds ?? 1, 1)
  const { scale } = data.data
  const { seed } = picked(config, ['seed'])
  const wanted = completed({
    ...{ ...config, scale, validFraction, limitTrain, limitTest, stratified },
    splitSeed: data.splitSeed === seed ? null : data.splitSeed,
    fold: foldOf(data, options.fold),
  })
  for (const name of NAMES) checkValue(name, name, wanted[name])
  const differing = NAMES.filter((name) => labelled(name, wanted[name]) !== labelled(name, PRESETS[preset][name]))
  return [
    ...['train', '--preset', preset],
    ...differing.flatMap((name) => flagArguments(name, wanted[name])),
    ...dataFlag(data.data),
    ...(out === undefined ? [] : ['--out', out]),
  ]
}

/**
 * `reproduceArguments` as a line for a POSIX shell, which also selects the backend if the family is given.
 */
export function reproduceCommand(config: TrialConfig, data: StudySource, options: ReproduceOptions = {}): string {
  const words = ['npx', 'native-mlp', ...reproduceArguments(config, data, options).map(quoted)]
  const family = checking('data.family', () => familyOf(data))
  return [...(family ? [`NATIVE_MLP_BACKEND=${family}`] : []), ...words].join(' ')
}

function familyOf({ family }: StudySource): NumericFamily['name'] | undefined {
  return family === undefined ? undefined : oneOf('data.family.name', Object(family).name, ['native', 'js'] as const)
}

function dataFlag(spec: DataSpec): string[] {
  const text = specText(spec)
  return text === null ? [] : ['--data', text]
}

function foldOf({ folds = 1 }: StudySource, fold: number | undefined): TrainingConfig['fold'] {
  if (folds === 1 && (fold === undefined || fold === 0)) return null
  if (fold === undefined || !Number.isInteger(fold) || fold < 0 || fold >= folds) {
    throw invalidArgument('fold', `an integer from 0 to ${folds - 1}`, fold)
  }
  return [fold, folds]
}

/** In single quotes unless the shell takes it as a plain word. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
