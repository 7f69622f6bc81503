import { z } from 'zod'
import type { HistoryEntry, SetMetrics } from '../core/results.js'

/** JSON has no NaN: the accuracy of a regression is written as null. */
const metrics = z
  .object({ loss: z.number(), accuracy: z.number().nullable() })
  .transform(({ loss, accuracy }): SetMetrics => ({ loss, accuracy: accuracy ?? Number.NaN }))

const sets = { train: metrics.optional(), valid: metrics.optional(), test: metrics.optional() }
const whole = z.number().int().nonnegative()

const entry = z
  .object({ step: whole, epoch: whole, ...sets })
  .transform(({ step, epoch, train, valid, test }): HistoryEntry => {
    return { step, epoch, ...(train && { train }), ...(valid && { valid }), ...(test && { test }) }
  })

const seconds = z.object({ total: z.number(), training: z.number(), evaluation: z.number() })
const collapse = z.object({ step: whole, deadShare: z.number() })
const worker = z.union([z.number(), z.string()])
const param = z.union([z.number(), z.string(), z.boolean()])

/** What a trial and each of its folds have in common. */
const outcome = {
  reason: z.string().optional(),
  history: z.array(entry),
  collapsed: collapse.nullable(),
  steps: whole.nullable(),
  digest: z.string().nullable(),
  seconds: seconds.nullable(),
}

const fold = z.object({
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed']),
  best: entry.nullable(),
})

/** When it was written, in ISO 8601; nothing follows from it. */
const at = z.string().optional()

/** A worker has begun a task, or goes on with it; of those that are lost in a crash nothing follows. */
const startEvent = z.looseObject({ event: z.literal('start'), trial: whole, fold: whole, worker, at })

/** A fold has ended, or a task is paused at a rung; a trial's only fold ends with the trial. */
const taskEvent = z.object({
  event: z.literal('task'),
  trial: whole,
  fold: whole,
  /** position in the rungs of successive halving; the last where there are none */
  rung: whole,
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed', 'paused']),
  best: entry.nullable(),
  worker,
  at,
})

const trialEvent = z.object({
  event: z.literal('trial'),
  trial: whole,
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed', 'pruned']),
  rung: whole.optional(),
  params: z.record(z.string(), param),
  bestStep: whole.optional(),
  ...sets,
  worker,
  config: z.looseObject({ learningRate: z.number(), hidden: z.union([z.number(), z.array(z.number())]) }),
  folds: z.array(fold).optional(),
  at,
})

/** A process goes on with the study. */
const resumedEvent = z.looseObject({ event: z.literal('resumed'), at })

export const eventSchema = z.discriminatedUnion('event', [startEvent, taskEvent, trialEvent, resumedEvent])

export type TaskEvent = z.input<typeof taskEvent>
export type TrialEvent = z.input<typeof trialEvent>
/** As it is read. */
export type JournalEvent = z.output<typeof eventSchema>

export const JOURNAL_FORMAT = 'native-mlp journal'
/** Rises with every change of what a line means. */
export const JOURNAL_VERSION = 1

export const headerSchema = z.object({
  format: z.literal(JOURNAL_FORMAT),
  formatVersion: z.literal(JOURNAL_VERSION),
  /** of the package that began it */
  version: z.string(),
  /** what decides the results, and so what a resumed study must have in common with it */
  study: z.record(z.string(), z.unknown()),
  /** sha256 of what the sets hold */
  data: z.string(),
  family: z.object({ name: z.string(), contract: z.number() }),
  /** what whoever began it wants to know when it goes on: where the data are, for example */
  about: z.record(z.string(), z.unknown()),
})

/** The first line of a journal. */
export type JournalHeader = z.output<typeof headerSchema>
