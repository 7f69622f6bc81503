import { z } from 'zod'
import type { SetMetrics } from '../core/results.js'

/** JSON has no NaN: the accuracy of a regression is written as null. */
const metrics = z
  .strictObject({ loss: z.number(), accuracy: z.number().or(z.nan()).nullable() })
  .transform(({ loss, accuracy }): SetMetrics => ({ loss, accuracy: accuracy ?? Number.NaN }))

/** One evaluation, as a line of history.jsonl holds it. */
export const entrySchema = z.strictObject({
  step: z.number().int().nonnegative(),
  epoch: z.number().int().nonnegative(),
  train: metrics.optional(),
  valid: metrics.optional(),
  test: metrics.optional(),
})
