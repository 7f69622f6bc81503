import { z } from 'zod'
import { describe, NativeMlpError, shortened } from '../../core/errors.js'
import type { NumericFamily } from '../../core/types.js'
import { checkJson, type JsonPlace, parseJson } from '../../formats/json.js'
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
  | { readonly type: 'evaluation'; readonly worker: string; readonly entry: unknown; readonly share: number }
  | { readonly type: 'result'; readonly worker: string }

const record = z.object({
  format: z.literal(QUEUE_FORMAT),
  version: z.string(),
  id: z.string(),
  family: z.object({ name: z.enum(['native', 'js']), contract: z.number() }),
  digest: z.string(),
  recipe: z.unknown(),
  open: z.boolean(),
})

const whole = z.number().int().nonnegative()

const task = z.object({
  trial: whole,
  fold: whole,
  config: z.looseObject({ learningRate: z.number() }),
  untilStep: whole.nullable(),
})

const number = z
  .number()
  .or(z.nan())
  .or(z.literal([Infinity, -Infinity]))
const metrics = z.object({ loss: number, accuracy: number }).catchall(number)
const entry = z.object({
  step: whole,
  epoch: whole,
  train: metrics.optional(),
  valid: metrics.optional(),
  test: metrics.optional(),
})

const outcome = z.object({
  state: z.enum(['completed', 'collapsed', 'failed', 'paused']),
  reason: z.string().optional(),
  history: z.array(entry),
  best: entry.nullable(),
  collapsed: z.object({ step: whole, deadShare: z.number() }).nullable(),
  steps: whole.nullable(),
  digest: z.string().nullable(),
  timing: z.looseObject({ total: z.number(), training: z.number(), evaluation: z.number() }).nullable(),
})

const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), worker: z.string() }),
  z.object({ type: z.literal('evaluation'), worker: z.string(), entry, share: z.number() }),
  z.object({ type: z.literal('result'), worker: z.string() }),
])

/** @throws NativeMlpError INVALID_FILE; for another format naming both */
export function decodeStudy(text: string): QueuedStudy {
  const value = parse(text, 'a study') as Partial<QueuedStudy> | null
  if (typeof value?.format === 'number' && value.format !== QUEUE_FORMAT) {
    const { version } = value
    const writer = `native-mlp ${typeof version === 'string' ? shortened(version) : describe(version)}`
    const problem = `has format ${value.format} of ${writer}; this version knows only ${QUEUE_FORMAT}`
    throw new NativeMlpError('INVALID_FILE', `a study in Redis ${problem}`)
  }
  return checked(record, value, 'a study') as QueuedStudy
}

export function decodeTask(text: string): TrialTask {
  return checked(task, parse(text, 'a task'), 'a task') as TrialTask
}

/** Without the model, which is sent as bytes. */
export function decodeOutcome(text: string): Omit<TrialOutcome, 'model'> {
  return checked(outcome, parse(text, 'a result'), 'a result') as Omit<TrialOutcome, 'model'>
}

export function decodeEvent(text: string): z.output<typeof event> {
  return checked(event, parse(text, 'an event'), 'an event')
}

/** JSON that keeps NaN, infinities and -0. */
export function encode(value: object): string {
  return JSON.stringify(value, (_, item) => {
    if (typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0))) return item
    return { [NUMBER]: Object.is(item, -0) ? '-0' : String(item) }
  })
}

const NUMBER = '$number'

function parse(text: string, what: string): unknown {
  const reviver = (_: string, item: Record<string, unknown> | null) =>
    item !== null && Object.hasOwn(Object(item), NUMBER) ? Number(item[NUMBER]) : item
  return parseJson(text, placeOf(what), reviver)
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  return checkJson(schema, value, placeOf(what))
}

function placeOf(what: string): JsonPlace {
  return { what: `${what} in Redis`, error: (problem) => new NativeMlpError('INVALID_FILE', problem) }
}
