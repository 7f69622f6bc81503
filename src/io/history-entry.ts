import { z } from 'zod'
import { isOnRequest, metricRow } from '../core/metrics.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'

/** JSON has no NaN: the accuracy of a regression is written as null. */
const accuracy = z.union([z.number().min(0).max(1), z.nan(), z.null()], {
  error: 'expected a number from 0 to 1, or null for a regression',
})

/** Metrics of a set, all in their ranges. */
export const metricsSchema = z
  .object({ loss: z.number().nonnegative(), accuracy })
  .catchall(z.number())
  .superRefine(({ loss: _, accuracy: __, ...others }, context) => {
    for (const [name, value] of Object.entries(others)) {
      const message = isOnRequest(name) ? rangeProblem(name, value) : `unknown metric '${name}'`
      if (message !== null) return context.addIssue({ code: 'custom', message })
    }
  })
  .transform((set): SetMetrics => ({ ...set, accuracy: set.accuracy ?? Number.NaN }))

function rangeProblem(name: Parameters<typeof metricRow>[0], value: number): string | null {
  const isIn = !metricRow(name).isShare || (value >= 0 && value <= 1)
  return isIn ? null : `${name}: expected a number from 0 to 1, got ${value}`
}

const count = z.number().int().nonnegative()

/** One evaluation, as a line of history.jsonl, a journal, a checkpoint or a message of a queue holds it. */
export const entrySchema: z.ZodType<HistoryEntry> = z.strictObject({
  step: count,
  epoch: count,
  train: metricsSchema.optional(),
  valid: metricsSchema.optional(),
  test: metricsSchema.optional(),
})
