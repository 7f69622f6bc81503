import { closest, isObject, oneOf } from '../../core/checks.js'
import { describe, invalidArgument, invalidFile, NativeMlpError, shortened } from '../../core/errors.js'
import { duplicateKey, parseJson } from '../../formats/json.js'
import { readTextFile } from '../../formats/text-file.js'
import { checkValue, NAMES, type Name, picked, rowOf, type TrainingConfig } from '../../train/config.js'
import { flagOf, readFlag } from '../../train/config-flags.js'
import { PRESET_NAMES, PRESETS, type PresetName } from '../../train/presets.js'
import { type LimitName, limitsOfPreset, unusedInPreset, unusedWords } from './preset-values.js'

/** The configuration of a run, and the preset it was derived from. */
export interface RunConfig {
  readonly preset: PresetName
  readonly training: TrainingConfig
  /** limits that the preset alone sets: at most so many rows, all where there are fewer */
  readonly atMost?: readonly LimitName[]
  /** what a file or a flag sets; undefined for an earlier run */
  readonly given?: readonly Name[]
  /** whether a file or a flag names the preset */
  readonly hasPreset?: boolean
}

/** The contents of a config file or of the flags; every key is optional. */
export type PartialConfig = Partial<TrainingConfig> & { readonly preset?: PresetName }

const KEYS: readonly string[] = ['preset', ...NAMES]

/**
 * Preset, then config file, then flags: the later wins.
 *
 * @param fallback the preset where none is given
 * @param say prints a line about values of the preset that do not apply
 */
export async function resolveConfig(
  file: string | undefined,
  flags: PartialConfig,
  say: (line: string) => void = () => undefined,
  fallback: PresetName = 'homework',
): Promise<RunConfig> {
  const given: PartialConfig = { ...(file === undefined ? {} : await readConfig(file)), ...flags }
  const { preset = fallback, ...changes } = given
  const unused = unusedInPreset(changes, PRESETS[preset])
  if (unused.length > 0) say(unusedWords(preset, changes, unused, PRESETS[preset]))
  const training = { ...PRESETS[preset], ...picked({}, unused), ...changes }
  const hasPreset = given.preset !== undefined
  return { preset, training, ...limitsOfPreset(training, changes), given: Object.keys(changes) as Name[], hasPreset }
}

/**
 * Reads a config file: a JSON object of hyper-parameters, with `preset` beside them.
 *
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt key, INVALID_ARGUMENT for any other problem with the file
 */
export async function readConfig(file: string): Promise<PartialConfig> {
  const where = `--config ${file}`
  const value = await readJson(file)
  if (!isObject(value)) throw invalidArgument(where, 'a JSON object', value)
  return checkConfig(value, where, KEYS)
}

/**
 * @param where what messages begin with
 * @param known the keys that may be there
 * @param names the hyper-parameters among them
 * @returns the hyper-parameters and the preset among them
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt key, INVALID_ARGUMENT for a value that is wrong
 */
export function checkConfig(
  value: object,
  where: string,
  known: readonly string[],
  names: readonly Name[] = NAMES,
): PartialConfig {
  const config: Record<string, unknown> = {}
  for (const [key, given] of Object.entries(value)) {
    if (!known.includes(key)) throw unknownKey(key, where, known)
    if (key === 'preset') config.preset = checkPreset(`${where}: preset`, given)
    else if (isAmong(names, key)) config[key] = checkTraining(key, `${where}: ${key}`, readValue(key, where, given))
  }
  return config
}

/**
 * The configuration of an earlier run.
 *
 * @param file the run.json it stands in
 * @throws NativeMlpError INVALID_FILE naming the key that is missing, unknown or wrong
 */
export function recordedConfig(
  { preset, seed, config }: { readonly preset: unknown; readonly seed: unknown; readonly config: object },
  file: string,
): RunConfig {
  const given = { ...config, preset, seed }
  const missing = KEYS.find((key) => !Object.hasOwn(given, key))
  if (missing !== undefined) throw invalidFile(file, `config: ${missing}: missing`)
  try {
    const { preset: start, ...training } = checkConfig(given, 'config', KEYS)
    return { preset: start!, training: training as TrainingConfig }
  } catch (error) {
    throw invalidFile(file, (error as Error).message)
  }
}

/** A value in a file; the words of the flags stand for the same as there: "all", "off", "none". */
function readValue<K extends Name>(name: K, where: string, given: unknown): TrainingConfig[K] {
  const { read, none } = rowOf(name)
  const meant = typeof given === 'string' ? read(given) : given
  const isWord = meant === null || (Array.isArray(meant) && meant.length === 0)
  const or = none && `, or null or "${none.word}" for ${none.meaning}`
  return checkValue(name, `${where}: ${name}`, isWord ? meant : given, or)
}

/**
 * What was given as flags, checked.
 *
 * @param names the hyper-parameters that have flags
 * @throws NativeMlpError INVALID_ARGUMENT naming the flag
 */
export function configFromFlags(
  options: Readonly<Record<string, unknown>>,
  names: readonly Name[] = NAMES,
): PartialConfig {
  const config: Record<string, unknown> = {}
  if (options.preset !== undefined) config.preset = checkPreset('--preset', options.preset)
  for (const name of names) {
    const given = options[name] as string | boolean | undefined
    if (given !== undefined) config[name] = checkTraining(name, flagOf(name), readFlag(name, given))
  }
  return config
}

function checkPreset(where: string, value: unknown): PresetName {
  return oneOf(where, value, PRESET_NAMES)
}

/** The command line keeps the parameters of the best validation. */
function checkTraining<K extends Name>(name: K, where: string, value: TrainingConfig[K]): TrainingConfig[K] {
  if (name !== 'evaluateOn' || value === null || (value as readonly string[]).includes('valid')) return value
  throw invalidArgument(where, "a list with 'valid', which selects the best", value)
}

export function unknownKey(key: string, where: string, known: readonly string[]): NativeMlpError {
  const near = closest(key, known)
  const hint = near ? `did you mean '${near}'?` : `known: ${known.join(', ')}`
  return new NativeMlpError('UNKNOWN_OPTION', `${where}: unknown key '${shortened(key)}'; ${hint}`)
}

function isAmong(names: readonly Name[], key: string): key is Name {
  return (names as readonly string[]).includes(key)
}

/** Of a config file. */
const MAX_BYTES = 1 << 20

/** @throws NativeMlpError INVALID_ARGUMENT for a file that cannot be read, is not JSON or has a key twice */
export async function readJson(file: string): Promise<unknown> {
  const error = (problem: string) => new NativeMlpError('INVALID_ARGUMENT', `--config ${file}: ${problem}`)
  const text = await readConfigText(file)
  const value = parseJson(text, { what: '', error })
  const twice = duplicateKey(text)
  if (twice !== undefined) throw error(`key ${describe(twice)} occurs twice`)
  return value
}

async function readConfigText(file: string): Promise<string> {
  try {
    return await readTextFile(file, MAX_BYTES)
  } catch (error) {
    throw new NativeMlpError('INVALID_ARGUMENT', `--config ${(error as Error).message}`, { cause: error })
  }
}
