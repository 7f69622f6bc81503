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

/** Parameters that a search can vary: options of `MLP`, the optimizer and `fit`, with their defaults. */
export type TrialParameters = Pick<TrainingConfig, VariedName>

/** Options fixed in all trials, for comparability; `evaluateOn` always has 'valid', which selects the checkpoints. */
export type TrialSettings = Pick<TrainingConfig, Exclude<Name, VariedName | NameOf<'data'>>>

/** The full configuration of a trial, as plain data; missing options have their defaults. */
export type TrialConfig = Partial<TrialParameters & TrialSettings> & Needed

/** The hyper-parameters of a trial: all but those of the data. */
export const TRIAL_NAMES = NAMES.filter((name) => rowOf(name).of !== 'data') as (keyof TrialConfig)[]
export const PARAMETER_NAMES = TRIAL_NAMES.filter(isVaried)

export function isVaried(name: Name): name is VariedName {
  return rowOf(name).range !== null
}

/** The validated fixed part of every trial, without undefined values. */
export function checkBase(base: unknown): Partial<TrialParameters & TrialSettings> {
  knownOptions('base', base ?? null, TRIAL_NAMES)
  const given = Object.entries(base as object).filter(([, value]) => value !== undefined) as [
    keyof TrialConfig,
    unknown,
  ][]
  return Object.fromEntries(given.map(([name, value]) => [name, checkValue(name, `base.${name}`, value)]))
}
