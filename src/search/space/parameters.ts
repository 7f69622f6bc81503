import { knownOptions } from '../../core/checks.js'
import {
  checkValue,
  NAMES,
  type Name,
  type NameOf,
  type Needed,
  rowOf,
  type TrainingConfig,
  type VariedName,
} from '../../train/config.js'

/** What a search may vary: each as `MLP`, the optimizer and `fit` take it, with their defaults. */
export type TrialParameters = Pick<TrainingConfig, VariedName>

/** What is the same in all trials, so that they can be compared; 'valid', which chooses each trial's checkpoint, is always in `evaluateOn`. */
export type TrialSettings = Pick<TrainingConfig, Exclude<Name, VariedName | NameOf<'data'>>>

/** One trial in full, as plain data; what is missing has its default. */
export type TrialConfig = Partial<TrialParameters & TrialSettings> & Needed

/** The hyper-parameters of a trial: all but those of the data. */
export const TRIAL_NAMES = NAMES.filter((name) => rowOf(name).of !== 'data') as (keyof TrialConfig)[]
export const PARAMETER_NAMES = TRIAL_NAMES.filter(isVaried)

export function isVaried(name: Name): name is VariedName {
  return rowOf(name).range !== null
}

/** The fixed part of every trial, checked; undefined values are left out. */
export function checkBase(base: unknown): Partial<TrialParameters & TrialSettings> {
  knownOptions('base', base ?? null, TRIAL_NAMES)
  const given = Object.entries(base as object).filter(([, value]) => value !== undefined) as [
    keyof TrialConfig,
    unknown,
  ][]
  return Object.fromEntries(given.map(([name, value]) => [name, checkValue(name, `base.${name}`, value)]))
}
