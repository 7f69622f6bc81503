import { invalidArgument } from '../../core/errors.js'
import type { NumericFamily } from '../../core/types.js'
import type { Division } from '../../data/division.js'
import { type DataRecipe, type DataSpec, specText } from '../../data/spec.js'
import { completed, labelled, NAMES, picked, type TrainingConfig } from '../../train/config.js'
import { flagArguments } from '../../train/config-flags.js'
import { PRESETS, type PresetName } from '../../train/presets.js'
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
 * @throws NativeMlpError INVALID_ARGUMENT for a fold that the study does not have
 */
export function reproduceArguments(config: TrialConfig, data: StudySource, options: ReproduceOptions = {}): string[] {
  const { preset = 'homework', out } = options
  const { validFraction, limitTrain, limitTest, stratified } = data
  const { scale } = data.data
  const { seed } = picked(config, ['seed'])
  const wanted = completed({
    ...{ ...config, scale, validFraction, limitTrain, limitTest, stratified },
    splitSeed: data.splitSeed === seed ? null : data.splitSeed,
    fold: foldOf(data, options.fold),
  })
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
  return [...(data.family ? [`NATIVE_MLP_BACKEND=${data.family.name}`] : []), ...words].join(' ')
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
