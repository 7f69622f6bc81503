import { checking } from '../core/checks.js'
import { describe, invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { toPath } from '../formats/path.js'
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
export async function writeTrainingCurve(path: FilePath, history: readonly Partial<CurvePoint>[]): Promise<void> {
  const text = checking('writeTrainingCurve', () => {
    if (!Array.isArray(history)) throw invalidArgument('history', 'a list of evaluations', history)
    return Array.from(history, formatPoint).join('')
  })
  await writeFileAtomic(path, text)
}

function formatPoint(entry: Partial<CurvePoint>, i: number): string {
  const fields = (['train', 'valid', 'test'] as const).map((name) => {
    const { step, [name]: set } = Object(entry) as Partial<HistoryEntry>
    if (set === undefined) {
      const where = `history[${i}]${step === undefined ? '' : ` (step ${describe(step)})`}`
      throw new NativeMlpError(
        'INVALID_ARGUMENT',
        `${where}: Training_Curve.txt needs train, valid and test, but ${name} was not evaluated`,
      )
    }
    const { accuracy, loss } = Object(set) as Partial<SetMetrics>
    if (typeof accuracy === 'number' && typeof loss === 'number') return `${accuracy} ${loss}`
    throw invalidArgument(`history[${i}].${name}`, 'accuracy and loss as numbers', set)
  })
  return `${fields.join(' ')}\n`
}

/**
 * Reads the homework's Training_Curve.txt. Losses may be nan or inf, as the homework's own program prints them.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line, FILE_SYSTEM when the file cannot be read
 */
export async function readTrainingCurve(path: FilePath): Promise<CurvePoint[]> {
  const file = toPath(path)
  const points = Array.from(await readLines(file), (line, i) => parsePoint(line, file, i + 1))
  if (points.length === 0) throw invalidFile(file, 'empty: expected one line per evaluation')
  return points
}

function parsePoint(text: string, file: string, line: number): CurvePoint {
  const fields = text.trim().split(/\s+/, 7)
  if (fields.length !== 6) {
    throw invalidFile(file, `line ${line}: expected 6 numbers, got ${fields.length > 6 ? 'more' : fields.length}`)
  }
  const numbers = fields.map((field) => parseNumber(field, file, line))
  const [train, valid, test] = [0, 2, 4].map((at) => ({ accuracy: numbers[at], loss: numbers[at + 1] }))
  for (const { accuracy } of [train, valid, test]) {
    if (accuracy < 0 || accuracy > 1) throw invalidFile(file, `line ${line}: accuracy ${accuracy} is not in 0..1`)
  }
  return { train, valid, test }
}

function parseNumber(field: string, file: string, line: number): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(field)) return Number(field)
  if (/^nan$/i.test(field)) return Number.NaN
  if (/^[+-]?inf(inity)?$/i.test(field)) return field[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  throw invalidFile(file, `line ${line}: '${field.slice(0, 40)}' is not a number`)
}
