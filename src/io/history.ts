import { appendFile } from 'node:fs/promises'
import { z } from 'zod'
import { invalidFile } from '../core/errors.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { fileSystemError } from '../formats/read-file.js'
import { readLines } from './text-lines.js'

/** JSON has no NaN: the accuracy of a regression is written as null. */
const metrics = z
  .strictObject({ loss: z.number(), accuracy: z.number().nullable() })
  .transform(({ loss, accuracy }): SetMetrics => ({ loss, accuracy: accuracy ?? Number.NaN }))

const entrySchema = z.strictObject({
  step: z.number().int().nonnegative(),
  epoch: z.number().int().nonnegative(),
  train: metrics.optional(),
  valid: metrics.optional(),
  test: metrics.optional(),
})

/** One line of history.jsonl, line feed included; keys always in the same order. */
export function historyLine({ step, epoch, train, valid, test }: HistoryEntry): string {
  return `${JSON.stringify({ step, epoch, train: plain(train), valid: plain(valid), test: plain(test) })}\n`
}

function plain(set: SetMetrics | undefined): SetMetrics | undefined {
  return set && { loss: set.loss, accuracy: set.accuracy }
}

/** Adds evaluations to history.jsonl, which is made where it is missing. @throws NativeMlpError FILE_SYSTEM */
export async function appendHistory(path: string, entries: HistoryEntry | readonly HistoryEntry[]): Promise<void> {
  const list = Array.isArray(entries) ? (entries as readonly HistoryEntry[]) : [entries as HistoryEntry]
  try {
    await appendFile(path, list.map(historyLine).join(''))
  } catch (error) {
    throw fileSystemError('append', path, error)
  }
}

/**
 * Reads history.jsonl.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line for a line that is not an evaluation, such as a last line cut
 *   short by a crash; FILE_SYSTEM when the file cannot be read
 */
export async function readHistory(path: string): Promise<HistoryEntry[]> {
  return (await readLines(path)).map((line, i) => {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      throw invalidFile(path, `line ${i + 1} is not JSON: ${(error as Error).message}`)
    }
    const parsed = entrySchema.safeParse(value)
    if (parsed.success) return parsed.data
    const { path: where, message } = parsed.error.issues[0]
    throw invalidFile(path, `line ${i + 1}: ${[...where.map(String), message].join(': ')}`)
  })
}
