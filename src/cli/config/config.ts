import { z } from 'zod'
import { closest } from '../../core/checks.js'
import { describe, invalidArgument, invalidFile, NativeMlpError, shortened } from '../../core/errors.js'
import { duplicateKey } from '../../formats/json-keys.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../../formats/read-file.js'
import { PRESET_NAMES, PRESETS, type PresetName, type TrainingConfig } from '../../train/presets.js'
import { SETTINGS } from './settings.js'

/** A run as it is asked for: where it starts from, and what it came to. */
export interface RunConfig {
  readonly preset: PresetName
  readonly seed: number
  readonly training: TrainingConfig
}

/** What a config file holds, and what the flags of a command line say; anything may be missing. */
export type PartialConfig = Partial<TrainingConfig> & { readonly preset?: PresetName; readonly seed?: number }

const seed = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** By key: schema and what messages say was expected. */
const FIELDS: Readonly<Record<string, { schema: z.ZodType; expected: string }>> = {
  preset: { schema: z.enum(PRESET_NAMES), expected: `one of ${PRESET_NAMES.map((name) => `'${name}'`).join(', ')}` },
  seed: { schema: seed, expected: 'an integer >= 0' },
  ...SETTINGS,
}
const KEYS = Object.keys(FIELDS)

const configSchema = z.strictObject(Object.fromEntries(KEYS.map((key) => [key, FIELDS[key].schema.optional()])))
const wholeSchema = z.strictObject(Object.fromEntries(KEYS.map((key) => [key, FIELDS[key].schema])))

/** Preset, then config file, then flags: the later wins. */
export async function resolveConfig(file: string | undefined, flags: PartialConfig): Promise<RunConfig> {
  const given: PartialConfig = { ...(file === undefined ? {} : await readConfig(file)), ...flags }
  const { preset = 'homework', seed = 1, ...changes } = given
  return { preset, seed, training: { ...PRESETS[preset], ...changes } }
}

/**
 * Reads a config file: a JSON object of hyper-parameters, with `preset` and `seed` beside them.
 *
 * @throws NativeMlpError UNKNOWN_OPTION for a misspelt key, INVALID_ARGUMENT for all else that is wrong with the file
 */
export async function readConfig(file: string): Promise<PartialConfig> {
  const value = await readJson(file)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument(`--config ${file}`, 'a JSON object', value)
  }
  const parsed = configSchema.safeParse(value)
  if (parsed.success) return parsed.data as PartialConfig
  throw issueError(parsed.error.issues[0], value, `--config ${file}`)
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
  const parsed = wholeSchema.safeParse({ ...config, preset, seed })
  if (parsed.success) {
    const { preset, seed, ...training } = parsed.data as unknown as Pick<RunConfig, 'preset' | 'seed'> & TrainingConfig
    return { preset, seed, training }
  }
  const { path, message } = parsed.error.issues[0]
  throw invalidFile(file, ['config', ...path.map(String), message].join(': '))
}

/** The value of one flag, checked like the same key of a config file. */
export function flagValue(key: string, flag: string, value: unknown): unknown {
  const { schema, expected } = FIELDS[key]
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalidArgument(flag, expected.replace(/, or null.*/, ''), value)
}

function issueError(issue: z.core.$ZodIssue, value: object, where: string): NativeMlpError {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [key] = issue.keys
    const near = closest(key, KEYS)
    const hint = near ? `did you mean '${near}'?` : `known: ${KEYS.join(', ')}`
    return new NativeMlpError('UNKNOWN_OPTION', `${where}: unknown key '${shortened(key)}'; ${hint}`)
  }
  const key = String(issue.path[0])
  return invalidArgument(`${where}: ${key}`, FIELDS[key].expected, (value as Record<string, unknown>)[key])
}

/** @throws NativeMlpError INVALID_ARGUMENT for a file that cannot be read, is not JSON or has a key twice */
export async function readJson(file: string): Promise<unknown> {
  let text: string
  let value: unknown
  try {
    const bytes = await readFileBytes(file, { maxBytes: Math.min(DEFAULT_MAX_BYTES, 1 << 20), shared: false })
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    const problem = error instanceof SyntaxError ? `not JSON: ${error.message}` : (error as Error).message
    const message = problem.startsWith(file) ? `--config ${problem}` : `--config ${file}: ${problem}`
    throw new NativeMlpError('INVALID_ARGUMENT', message.split('\n')[0], { cause: error })
  }
  const twice = duplicateKey(text)
  if (twice !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', `--config ${file}: key ${describe(twice)} occurs twice`)
  }
  return value
}
