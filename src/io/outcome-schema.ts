import { z } from 'zod'
import { entrySchema } from './history-entry.js'

/** Longest reason of a trial that collapsed or failed, in characters. */
export const LONGEST_REASON = 4000

/** A list whose first invalid item is the only problem reported, however many there are. */
function listOf<T>(item: z.ZodType<T>) {
  return z.custom<readonly unknown[]>(Array.isArray, 'expected a list').transform((items, context): T[] => {
    const list: T[] = []
    for (const [i, each] of items.entries()) {
      const parsed = item.safeParse(each)
      if (!parsed.success) {
        const { path, message } = parsed.error.issues[0]
        context.addIssue({ code: 'custom', path: [i, ...path], message })
        return z.NEVER
      }
      list.push(parsed.data)
    }
    return list
  })
}

const count = z.number().int().nonnegative()

/** Fields of the outcome of a task in a message and in the journal. */
export const OUTCOME_FIELDS = {
  reason: z.string().max(LONGEST_REASON).optional(),
  history: listOf(entrySchema),
  best: entrySchema.nullable(),
  collapsed: z.object({ step: count, deadShare: z.number().min(0).max(1) }).nullable(),
  steps: count.nullable(),
  digest: z.string().max(64).nullable(),
}

/** `training` is a difference, whose rounding error may be negative. */
export const timingSchema = z.object({
  total: z.number().nonnegative(),
  training: z.number(),
  evaluation: z.number().nonnegative(),
})

/** An outcome without its model, which is sent and stored as bytes. */
export const outcomeSchema = z.object({
  state: z.enum(['completed', 'collapsed', 'failed', 'paused']),
  ...OUTCOME_FIELDS,
  timing: timingSchema.nullable(),
})
