import { z } from 'zod'
import { isOnRequest } from '../core/metrics.js'
import type { SetMetrics } from '../core/results.js'

/** Metrics of a set. JSON has no NaN: the accuracy of a regression is written as null. */
export const metricsSchema = z
  .object({ loss: z.number(), accuracy: z.number().or(z.nan()).nullable() })
  .catchall(z.number())
  .superRefine(({ loss: _, accuracy: __, ...others }, context) => {
    const unknown = Object.keys(others).find((name) => !isOnRequest(name))
    if (unknown !== undefined) context.addIssue({ code: 'custom', message: `unknown metric '${unknown}'` })
  })
  .transform((set): SetMetrics => ({ ...set, accuracy: set.accuracy ?? Number.NaN }))

const sets = { train: metricsSchema.optional(), valid: metricsSchema.optional(), test: metricsSchema.optional() }

/** One evaluation, as a line of history.jsonl holds it. */
export const entrySchema = z.strictObject({
  step: z.number().int().nonnegative(),
  epoch: z.number().int().nonnegative(),
  ...sets,
})
