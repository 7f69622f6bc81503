import { z } from 'zod'
import { invalidFile } from '../core/errors.js'
import type { SetMetrics } from '../core/results.js'
import { readLines } from '../io/text-lines.js'
import type { DrawnTrial } from '../plot/index.js'

/** JSON has no NaN: null stands for it. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN)
const metrics = z.object({ loss: number, accuracy: number }).transform((set): SetMetrics => set)

const whole = z.number().int().min(0)
const sets = { train: metrics.optional(), valid: metrics.optional(), test: metrics.optional() }

/** What figures need of a line of trials.jsonl. */
const trialSchema = z.object({
  trial: whole,
  state: z.enum(['completed', 'pruned', 'collapsed', 'failed']),
  params: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  bestStep: whole.optional(),
  ...sets,
  history: z.array(z.object({ step: whole, epoch: whole, ...sets })).optional(),
})

/**
 * The trials of a search, in trial order.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line, FILE_SYSTEM when the file cannot be read
 */
export async function readTrials(file: string): Promise<DrawnTrial[]> {
  const trials = (await readLines(file)).map((line, i) => {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      throw invalidFile(file, `line ${i + 1} is not JSON: ${(error as Error).message}`)
    }
    const parsed = trialSchema.safeParse(value)
    if (parsed.success) return parsed.data
    const { path, message } = parsed.error.issues[0]
    throw invalidFile(file, `line ${i + 1}: ${[...path.map(String), message].join(': ')}`)
  })
  return trials.sort((a, b) => a.trial - b.trial)
}
