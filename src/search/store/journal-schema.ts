import { z } from 'zod'
import type { HistoryEntry, SetMetrics } from '../../core/results.js'
import { JOURNAL_FORMAT, JOURNAL_VERSION, type JournalEvent, type JournalHeader } from './journal-events.js'

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

const at = z.string().optional()

const startSchema = z.looseObject({ event: z.literal('start'), trial: whole, fold: whole, worker, at })

const taskSchema = z.object({
  event: z.literal('task'),
  trial: whole,
  fold: whole,
  rung: whole,
  ...outcome,
  state: z.enum(['completed', 'collapsed', 'failed', 'paused']),
  best: entry.nullable(),
  worker,
  at,
})

const trialSchema = z.object({
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

const resumedSchema = z.looseObject({ event: z.literal('resumed'), at })

export const eventSchema: z.ZodType<JournalEvent> = z.discriminatedUnion('event', [
  startSchema,
  taskSchema,
  trialSchema,
  resumedSchema,
])

export const headerSchema: z.ZodType<JournalHeader> = z.object({
  format: z.literal(JOURNAL_FORMAT),
  formatVersion: z.literal(JOURNAL_VERSION),
  version: z.string(),
  study: z.record(z.string(), z.unknown()),
  data: z.string(),
  family: z.object({ name: z.string(), contract: z.number() }),
  about: z.record(z.string(), z.unknown()),
})
