import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { invalidFile, NativeMlpError } from '../../core/errors.js'
import { isMetric } from '../../core/metrics.js'
import type { SetMetrics } from '../../core/results.js'
import { decodeJson } from '../../formats/json.js'
import { readLines } from '../../io/text-lines.js'
import type { DrawnTrial, SearchMetric } from '../../plot/index.js'
import { STUDY_FILES } from '../../search/store/files.js'
import { readJournal } from '../../search/store/journal.js'
import type { SelectionMetric } from '../../search/trial/ranking.js'

/** JSON has no NaN: null stands for it. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN)
const metrics = z
  .object({ loss: number, accuracy: number })
  .catchall(number)
  .transform((set): SetMetrics => set)

const whole = z.number().int().min(0)
const sets = { train: metrics.optional(), valid: metrics.optional(), test: metrics.optional() }

/** The part of a line of trials.jsonl that figures use. */
const trialSchema = z.object({
  trial: whole,
  state: z.enum(['completed', 'pruned', 'collapsed', 'failed']),
  params: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  bestStep: whole.optional(),
  ...sets,
  history: z.array(z.object({ step: whole, epoch: whole, ...sets })).optional(),
})

/** The part of a study that figures use. */
export interface DrawnStudy {
  /** finished trials, in trial order */
  readonly trials: readonly DrawnTrial[]
  /** by which the study selects its best trial; missing if unknown */
  readonly metric?: SearchMetric
}

const selection = z.object({ selectBy: z.enum(['valid', 'test']), metric: z.custom<SelectionMetric>(isMetric) })

/** Whether a folder holds a study, finished or not. */
export function holdsStudy(folder: string): boolean {
  const { record, trials, journal } = STUDY_FILES
  return [record, trials, journal].some((name) => existsSync(join(folder, name)))
}

/**
 * Reads a study from its journal, which also exists while it runs and after it was killed; without one, from trials.jsonl.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line, or if no trial has finished; FILE_SYSTEM
 */
export async function readStudy(folder: string): Promise<DrawnStudy> {
  const [journal, lines] = [STUDY_FILES.journal, STUDY_FILES.trials].map((name) => join(folder, name))
  const study = existsSync(journal)
    ? await fromJournal(journal)
    : { trials: existsSync(lines) ? await readTrials(lines) : [] }
  if (study.trials.length > 0) return study
  throw new NativeMlpError('INVALID_FILE', `${folder}: nothing to draw: no trial has finished`)
}

async function fromJournal(file: string): Promise<DrawnStudy> {
  const { header, events } = await readJournal(file)
  // the last event of a trial counts
  const trials = new Map<number, DrawnTrial>()
  for (const event of events) if (event.event === 'trial') trials.set(event.trial, event)
  const { data: chosen } = selection.safeParse(header.study)
  return {
    trials: [...trials.values()].sort((a, b) => a.trial - b.trial),
    ...(chosen && { metric: `${chosen.selectBy}.${chosen.metric}` as const }),
  }
}

/**
 * The trials of a search, in trial order.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line, FILE_SYSTEM when the file cannot be read
 */
export async function readTrials(file: string): Promise<DrawnTrial[]> {
  const error = (problem: string) => invalidFile(file, problem)
  const trials = Array.from(await readLines(file), (line, i) =>
    decodeJson(line, trialSchema, { what: `line ${i + 1}`, error }),
  )
  return trials.sort((a, b) => a.trial - b.trial)
}
