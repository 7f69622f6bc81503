import { z } from 'zod'
import type { DataRecipe } from '../../data/spec.js'
import { checkJson } from '../../formats/json.js'
import type { JsonPlace } from '../../formats/json-place.js'
import { metricsSchema } from '../../io/history-entry.js'
import { LONGEST_REASON, OUTCOME_FIELDS, timingSchema } from '../../io/outcome-schema.js'
import type { FitTiming } from '../../train/fit-result.js'
import type { GridPoint } from '../space/grid.js'
import type { TaskRecord, TrialFold, TrialResult } from '../trial/result.js'
import type { TrialOutcome } from '../trial/task.js'

export const JOURNAL_FORMAT = 'native-mlp journal'
/** Incremented with every change of the meaning of a line. */
export const JOURNAL_VERSION = 2

/** The first line of a journal. */
export interface JournalHeader {
  readonly format: typeof JOURNAL_FORMAT
  readonly formatVersion: typeof JOURNAL_VERSION
  /** of the package that created it */
  readonly version: string
  /** options that determine the results; a resumed study must have the same */
  readonly study: Readonly<Record<string, unknown>>
  /** `dataDigest` of the sets, and the recipe for `loadData`; null for sets not from `loadData` */
  readonly data: { readonly digest: string; readonly recipe: DataRecipe | null }
  /** may be unknown to this version */
  readonly family: { readonly name: string; readonly contract: number }
  /** data of the caller for resuming, such as the location of the data */
  readonly about: Readonly<Record<string, unknown>>
}

interface Written {
  /** time in ISO 8601; informational */
  readonly at?: string
}

/** A worker has started or resumed a task; informational, a crash may lose it. */
export interface StartLine extends Written {
  readonly event: 'start'
  readonly trial: number
  readonly fold: number
  readonly worker: number | string
}

/** A fold has ended, or a task is paused at a rung; a single fold ends with its trial. */
export interface TaskLine extends Written, Omit<TrialOutcome, 'timing' | 'model'> {
  readonly event: 'task'
  readonly trial: number
  readonly fold: number
  /** index of the rung of successive halving; the last one without rungs */
  readonly rung: number
  readonly seconds: FitTiming | null
  readonly worker: number | string
}

/** A trial has ended. */
export interface TrialLine extends Written, Omit<TrialResult, 'timing' | 'folds'> {
  readonly event: 'trial'
  readonly seconds: FitTiming | null
  readonly folds?: readonly (Omit<TrialFold, 'timing'> & { readonly seconds: FitTiming | null })[]
}

/** A process resumes the study. */
export interface ResumedLine extends Written {
  readonly event: 'resumed'
}

/** Any line of a journal except the first. */
export type JournalEvent = StartLine | TaskLine | TrialLine | ResumedLine

const sets = { train: metricsSchema.optional(), valid: metricsSchema.optional(), test: metricsSchema.optional() }
const whole = z.number().int().nonnegative()
const worker = z.union([z.number(), z.string()])
const param = z.union([z.number(), z.string(), z.boolean()])

/** Fields common to a trial and its folds. */
const { best, ...common } = OUTCOME_FIELDS
const outcome = { ...common, seconds: timingSchema.nullable() }

const fold = z.object({
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed']),
  best,
})

const at = z.string().optional()

const startSchema = z.looseObject({ event: z.literal('start'), trial: whole, fold: whole, worker, at })

const taskSchema = z.object({
  event: z.literal('task'),
  trial: whole,
  fold: whole,
  rung: whole,
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed', 'paused']),
  best,
  worker,
  at,
})

const trialSchema = z.object({
  event: z.literal('trial'),
  trial: whole,
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed', 'pruned']),
  // with folds after 'fold 3: '
  reason: z
    .string()
    .max(LONGEST_REASON + 20)
    .optional(),
  rung: whole.optional(),
  params: z.record(z.string(), param),
  bestStep: whole.optional(),
  ...sets,
  worker,
  config: z.looseObject({ learningRate: z.number(), hidden: z.union([z.number(), z.array(z.number())]) }),
  folds: z.array(fold).optional(),
  at,
})

const resumedSchema = z.looseObject({ event: z.literal('resumed'), at })

const eventSchema: z.ZodType<JournalEvent> = z.discriminatedUnion('event', [
  startSchema,
  taskSchema,
  trialSchema,
  resumedSchema,
])

const headerSchema: z.ZodType<JournalHeader> = z.object({
  format: z.literal(JOURNAL_FORMAT),
  formatVersion: z.literal(JOURNAL_VERSION),
  version: z.string(),
  study: z.record(z.string(), z.unknown()),
  data: z.object({ digest: z.string(), recipe: z.custom<DataRecipe>().nullable() }),
  family: z.object({ name: z.string(), contract: z.number() }),
  about: z.record(z.string(), z.unknown()),
})

/** @param line as JSON gives it, without its check. @throws the error of the place */
export function decodeEventLine(line: unknown, place: JsonPlace): JournalEvent {
  return checkJson(eventSchema, line, place)
}

/** @param line as JSON gives it, without its check. @throws the error of the place */
export function decodeHeaderLine(line: unknown, place: JsonPlace): JournalHeader {
  return checkJson(headerSchema, line, place)
}

/** Encodes a task as a line of the journal. */
export function taskEvent({ trial, fold, rung, worker, outcome }: TaskRecord): TaskLine {
  const { state, reason, best, history, collapsed, steps, digest, timing } = outcome
  const result = { state, reason, best, steps, collapsed, digest, seconds: timing, history }
  return { event: 'task', trial, fold, rung, ...result, worker }
}

/** @param event as read from the journal */
export function taskRecord(event: TaskLine): TaskRecord {
  const { trial, fold, rung, worker, state, reason, best, history, collapsed, steps, digest, seconds } = event
  const outcome = { history, best, collapsed, steps, digest, timing: seconds }
  return { trial, fold, rung, worker, outcome: { state, ...(reason !== undefined && { reason }), ...outcome } }
}

/** Encodes a finished trial as a line of the journal. */
export function trialEvent(result: TrialResult): TrialLine {
  const { trial, state, reason, rung, params, bestStep, train, valid, test } = result
  const { steps, collapsed, digest, timing, worker, config, history, folds } = result
  const known = { trial, state, reason, rung, params, bestStep, train, valid, test, steps, collapsed, digest }
  const parts = folds?.map(({ timing: seconds, ...fold }) => ({ ...fold, seconds }))
  return { event: 'trial', ...known, seconds: timing, worker, config, history, ...(parts && { folds: parts }) }
}

/** Decodes the result of a trial; its point comes from the study. */
export function trialOf(event: TrialLine, { params, config }: GridPoint): TrialResult {
  const { event: _, at: __, folds, seconds: timing, params: ___, config: ____, ...rest } = event
  const parts = folds?.map(({ seconds, ...fold }): TrialFold => ({ ...fold, timing: seconds }))
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return { ...(known as typeof rest), params, config, timing, ...(parts && { folds: parts }) }
}
