import { z } from 'zod'
import { knownOptions } from '../../core/checks.js'
import { describe, NativeMlpError, shortened } from '../../core/errors.js'
import type { HistoryEntry } from '../../core/results.js'
import type { NumericFamily } from '../../core/types.js'
import { checkJson, parseJson } from '../../formats/json.js'
import type { JsonPlace } from '../../formats/json-place.js'
import { entrySchema } from '../../io/history-entry.js'
import { outcomeSchema } from '../../io/outcome-schema.js'
import { checkValue } from '../../train/config.js'
import { TRIAL_NAMES, type TrialConfig } from '../space/parameters.js'
import type { TrialOutcome, TrialTask } from '../trial/task.js'

/** Prefix of every key in Redis. */
export const PREFIX = 'native-mlp'

/** Sorted set of the ids of open studies, oldest first. */
export const STUDIES = `${PREFIX}:studies`

/** Time that Redis keeps the data of an interrupted study, ms: from one weekend to the next. */
export const KEEP_MS = 7 * 24 * 3600 * 1000

/** Incremented with every change of the data in Redis. */
export const QUEUE_FORMAT = 1

/** The name of a study's BullMQ queue. */
export function queueName(study: string): string {
  return `study-${study}`
}

export function recordKey(study: string): string {
  return `${PREFIX}:record:${study}`
}

/** The job id of a task; the same task has the same id, so that it is not enqueued twice. */
export function jobId({ trial, fold, untilStep }: TrialTask): string {
  return `trial-${trial}-fold-${fold}-until-${untilStep ?? 'end'}`
}

export function taskKey(study: string, job: string, what: 'checkpoint' | 'result' | 'digests'): string {
  return `${PREFIX}:${what}:${study}:${job}`
}

/** Set of the names of workers whose results were invalid, and which take no more trials of the study. */
export function excludedKey(study: string): string {
  return `${PREFIX}:excluded:${study}`
}

/** The record of a study in Redis. */
export interface QueuedStudy {
  readonly format: number
  /** of the package that runs the study */
  readonly version: string
  readonly id: string
  readonly family: NumericFamily
  /** of the sets */
  readonly digest: string
  /** recipe to load the data: plain data */
  readonly recipe: unknown
  /** false: workers ignore it */
  readonly open: boolean
}

/** Progress events of workers. */
export type TaskEvent =
  | { readonly type: 'start'; readonly worker: string }
  | { readonly type: 'evaluation'; readonly worker: string; readonly entry: HistoryEntry; readonly share: number }
  | { readonly type: 'result'; readonly worker: string }

/** Largest texts in Redis, in characters; anything may be there. A trial has about 150 for each of its evaluations. */
export const LARGEST_TEXT = {
  study: 16_777_216,
  task: 1_048_576,
  result: 33_554_432,
  event: 65_536,
  worker: 200,
} as const

const record = z.object({
  format: z.literal(QUEUE_FORMAT),
  version: z.string().max(100),
  id: z.string().max(100),
  family: z.object({ name: z.enum(['native', 'js']), contract: z.number() }),
  digest: z.string().max(100),
  recipe: z.unknown(),
  open: z.boolean(),
})

const whole = z.number().int().nonnegative()

const task = z.object({
  trial: whole,
  fold: whole,
  config: z.record(z.string(), z.unknown()),
  untilStep: whole.nullable(),
})

const worker = z.string().min(1).max(LARGEST_TEXT.worker)

const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), worker }),
  z.object({ type: z.literal('evaluation'), worker, entry: entrySchema, share: z.number().min(0).max(1) }),
  z.object({ type: z.literal('result'), worker }),
])

/** @throws NativeMlpError INVALID_FILE; for another format naming both */
export function decodeStudy(text: string): QueuedStudy {
  const value = parse(text, 'study') as Partial<QueuedStudy> | null
  if (typeof value?.format === 'number' && value.format !== QUEUE_FORMAT) {
    const { version } = value
    const writer = `native-mlp ${typeof version === 'string' ? shortened(version) : describe(version)}`
    const problem = `has format ${value.format} of ${writer}; this version reads only format ${QUEUE_FORMAT}`
    throw new NativeMlpError('INVALID_FILE', `a study in Redis ${problem}`)
  }
  return checked(record, value, 'study') as QueuedStudy
}

/** @throws NativeMlpError INVALID_FILE, also for a config that a search would not accept */
export function decodeTask(text: string): TrialTask {
  const { config, ...rest } = checked(task, parse(text, 'task'), 'task')
  try {
    knownOptions('config', config, TRIAL_NAMES)
    const entries = Object.entries(config).map(([name, value]) => {
      return [name, checkValue(name as keyof TrialConfig, `config.${name}`, value)]
    })
    const whole = Object.fromEntries(entries) as Partial<TrialConfig>
    for (const name of ['hidden', 'learningRate'] as const) checkValue(name, `config.${name}`, whole[name])
    return { ...rest, config: whole as TrialConfig }
  } catch (error) {
    if (!(error instanceof NativeMlpError)) throw error
    throw new NativeMlpError('INVALID_FILE', `a task in Redis: ${error.message}`, { cause: error })
  }
}

/** Without the model, which is sent as bytes. */
export function decodeOutcome(text: string): Omit<TrialOutcome, 'model'> {
  return checked(outcomeSchema, parse(text, 'result'), 'result')
}

export function decodeEvent(text: string): z.output<typeof event> {
  return checked(event, parse(text, 'event'), 'event')
}

/** JSON that keeps NaN, infinities and -0. */
export function encode(value: object): string {
  return JSON.stringify(value, (_, item) => {
    if (typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0))) return item
    return { [NUMBER]: Object.is(item, -0) ? '-0' : String(item) }
  })
}

const NUMBER = '$number'
const NOT_IN_JSON: readonly unknown[] = ['NaN', 'Infinity', '-Infinity', '-0']

type Kind = Exclude<keyof typeof LARGEST_TEXT, 'worker'>

/** @throws NativeMlpError INVALID_FILE for a text that is too long to be read */
export function checkLength(length: number, kind: Kind): void {
  const limit = LARGEST_TEXT[kind]
  if (length <= limit) return
  const { what, error } = placeOf(kind)
  throw error(`${what}: ${length} characters, more than the limit of ${limit}`)
}

function placeOf(kind: Kind): JsonPlace {
  const what = `${kind === 'event' ? 'an' : 'a'} ${kind} in Redis`
  return { what, error: (problem) => new NativeMlpError('INVALID_FILE', problem) }
}

function parse(text: string, kind: Kind): unknown {
  checkLength(text.length, kind)
  return withNumbers(parseJson(text, placeOf(kind)))
}

/** Restores the numbers that JSON does not have. A reviver of `JSON.parse` takes seconds for a long list. */
function withNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'object') value[i] = withNumbers(value[i])
    return value
  }
  const items = value as Record<string, unknown>
  if (NOT_IN_JSON.includes(items[NUMBER])) return Number(items[NUMBER])
  for (const key of Object.keys(items)) if (typeof items[key] === 'object') items[key] = withNumbers(items[key])
  return items
}

function checked<T>(schema: z.ZodType<T>, value: unknown, kind: Kind): T {
  return checkJson(schema, value, placeOf(kind))
}
