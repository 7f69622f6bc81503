import type { HyperParameter, Part } from './hyper-parameter.js'
import { labelOfValue } from './hyper-parameter.js'
import { HYPER_PARAMETERS } from './hyper-parameters.js'

type Table = typeof HYPER_PARAMETERS

/** Name of a hyper-parameter. */
export type Name = keyof Table

type NameWith<Row> = { [K in Name]: Table[K] extends Row ? K : never }[Name]

/** Those that belong to one of these parts. */
export type NameOf<P extends Part> = NameWith<{ readonly of: P }>
/** Those that a search may vary. */
export type VariedName = Exclude<Name, NameWith<{ readonly range: null }>>

/** Every hyper-parameter of a training run, as plain JSON. */
export type TrainingConfig = { readonly [K in keyof Table]: ReturnType<Table[K]['check']> }

/** Those that have no default. */
export type Needed = Pick<TrainingConfig, NameWith<{ readonly default: undefined }>>

const ROWS: Readonly<Record<string, HyperParameter>> = HYPER_PARAMETERS

/** In the order of the table. */
export const NAMES = Object.keys(ROWS) as Name[]

/** Those that belong to one of these parts. */
export function namesOf<P extends Part>(...parts: readonly P[]): NameOf<P>[] {
  return NAMES.filter((name) => (parts as readonly Part[]).includes(ROWS[name].of)) as NameOf<P>[]
}

export function rowOf(name: Name): HyperParameter {
  return ROWS[name]
}

/**
 * @param where what messages call the value
 * @param or what else is expected, for messages; default: null, where it is a value
 * @throws NativeMlpError INVALID_ARGUMENT
 */
export function checkValue<K extends Name>(name: K, where: string, value: unknown, or?: string): TrainingConfig[K] {
  return ROWS[name].check(where, value, or) as TrainingConfig[K]
}

/** Every hyper-parameter, those that are missing with their default. */
export function completed(config: Partial<TrainingConfig> & Needed): TrainingConfig {
  return picked(config, NAMES)
}

/** Some hyper-parameters of a config, those that are missing with their default. */
export function picked<K extends Name>(config: Partial<TrainingConfig>, names: readonly K[]): Pick<TrainingConfig, K> {
  const entries = names.map((name) => [name, config[name] === undefined ? ROWS[name].default : config[name]])
  return Object.fromEntries(entries)
}

/** A value as one number, word or truth value: hidden [512, 256] is '512-256'. */
export function labelled(name: Name, value: unknown): number | string | boolean {
  return labelOfValue(ROWS[name], value)
}

/** Rows of a batch. @param rows training rows */
export function batchSizeOf({ batchSize }: Pick<Partial<TrainingConfig>, 'batchSize'>, rows: number): number {
  return batchSize ?? Math.min(128, rows)
}

/** @param rows training rows */
export function stepsPerEpochOf(
  config: Pick<Partial<TrainingConfig>, 'batchSize' | 'stepsPerEpoch'>,
  rows: number,
): number {
  return config.stepsPerEpoch ?? Math.ceil(rows / batchSizeOf(config, rows))
}
