import { invalidFile, NativeMlpError } from '../core/errors.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { readLines } from './text-lines.js'

/** One line of the homework's Training_Curve.txt. */
export interface CurvePoint {
  readonly train: SetMetrics
  readonly valid: SetMetrics
  readonly test: SetMetrics
}

/**
 * Writes the homework's Training_Curve.txt, atomically: one line per evaluation, `train_accuracy train_loss
 * valid_accuracy valid_loss test_accuracy test_loss`.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when an evaluation lacks one of the three sets, FILE_SYSTEM when the file cannot
 *   be written
 */
export async function writeTrainingCurve(path: string, history: readonly Partial<CurvePoint>[]): Promise<void> {
  await writeFileAtomic(path, history.map(formatPoint).join(''))
}

function formatPoint(entry: Partial<CurvePoint>, i: number): string {
  const fields = (['train', 'valid', 'test'] as const).map((name) => {
    const set = entry[name]
    if (set === undefined) {
      const where = `history[${i}]${'step' in entry ? ` (step ${(entry as HistoryEntry).step})` : ''}`
      throw new NativeMlpError(
        'INVALID_ARGUMENT',
        `${where}: Training_Curve.txt needs train, valid and test, but ${name} was not evaluated`,
      )
    }
    return `${set.accuracy} ${set.loss}`
  })
  return `${fields.join(' ')}\n`
}

/**
 * Reads the homework's Training_Curve.txt. Losses may be nan or inf, as the homework's own program prints them.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line, FILE_SYSTEM when the file cannot be read
 */
export async function readTrainingCurve(path: string): Promise<CurvePoint[]> {
  const lines = await readLines(path)
  if (lines.length === 0) throw invalidFile(path, 'empty: expected one line per evaluation')
  return lines.map((line, i) => {
    const fields = line.trim().split(/\s+/)
    if (fields.length !== 6) throw invalidFile(path, `line ${i + 1}: expected 6 numbers, got ${fields.length}`)
    const numbers = fields.map((field) => parseNumber(field, path, i + 1))
    const [train, valid, test] = [0, 2, 4].map((at) => ({ accuracy: numbers[at], loss: numbers[at + 1] }))
    for (const { accuracy } of [train, valid, test]) {
      if (accuracy < 0 || accuracy > 1) throw invalidFile(path, `line ${i + 1}: accuracy ${accuracy} is not in 0..1`)
    }
    return { train, valid, test }
  })
}

function parseNumber(field: string, path: string, line: number): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(field)) return Number(field)
  if (/^nan$/i.test(field)) return Number.NaN
  if (/^[+-]?inf(inity)?$/i.test(field)) return field[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  throw invalidFile(path, `line ${line}: '${field.slice(0, 40)}' is not a number`)
}
