import { invalidFile, shortened } from '../../core/errors.js'
import type { CellReader } from './column-builder.js'

export const SEPARATORS = [',', ';', '\t', '|'] as const
export type Separator = (typeof SEPARATORS)[number]

/** Lines that are compared to guess the separator. */
const SAMPLE_LINES = 50

/**
 * Guesses the separator from the beginning of a file: the one that occurs equally often in most lines, and of several the most
 * frequent. Separators in quotes do not count.
 */
export function guessSeparator(beginning: string): Separator {
  const lines = countsOfLines(beginning)
  let best: Separator = ','
  let bestScore = 0
  for (const separator of SEPARATORS) {
    const counts = lines.map((line) => line[separator] ?? 0)
    const first = counts[0] ?? 0
    const share = counts.filter((count) => count === first).length / counts.length
    // a separator that all lines agree on wins over a frequent one, such as the comma in texts or in decimals
    const score = first === 0 ? 0 : share * share * (1 + Math.min(first, 1000) / 1000)
    if (score > bestScore) {
      best = separator
      bestScore = score
    }
  }
  return best
}

/** Occurrences of the separators in each of the first lines, without the last one, which may be cut. */
function countsOfLines(text: string): Record<string, number>[] {
  const lines: Record<string, number>[] = []
  let line: Record<string, number> = {}
  let isQuoted = false
  let isEmpty = true
  for (let i = 0; i < text.length && lines.length < SAMPLE_LINES; i++) {
    const character = text[i]
    if (character === '"') isQuoted = !isQuoted
    if (isQuoted) continue
    if (character === '\n' || character === '\r') {
      if (!isEmpty) lines.push(line)
      line = {}
      isEmpty = true
      continue
    }
    isEmpty = false
    if (SEPARATORS.includes(character as Separator)) line[character] = (line[character] ?? 0) + 1
  }
  if (lines.length === 0 && !isEmpty) lines.push(line)
  return lines
}

/**
 * Whether the first record names the columns: a cell that is no number above numbers says so, a number in it says that it does
 * not. Texts above texts are taken for names.
 *
 * @param records first records
 */
export function hasHeader(records: readonly (readonly string[])[], { numberOf, isMissing }: CellReader): boolean {
  const [first, ...rest] = records
  const isNumber = (cell: string | undefined) => cell !== undefined && !Number.isNaN(numberOf(cell))
  const isWord = (cell: string) => !isMissing(cell.trim()) && !isNumber(cell)
  const isNameOfNumbers = first.some((cell, c) => {
    const below = rest.filter((record) => !isMissing((record[c] ?? '').trim()))
    return isWord(cell) && below.length > 0 && below.every((record) => isNumber(record[c]))
  })
  return isNameOfNumbers || !first.some(isNumber)
}

/**
 * Names of the columns from a header. A column without a name, as the index that pandas writes, is named by its position.
 *
 * @throws NativeMlpError INVALID_FILE for a name that occurs twice
 */
export function columnNames(header: readonly string[], path: string, line: number): string[] {
  const names = header.map((cell, c) => cell.trim() || positionName(c))
  const at = new Map<string, number>()
  names.forEach((name, c) => {
    const other = at.get(name)
    if (other !== undefined) {
      const where = `columns ${other + 1} and ${c + 1} are both named '${shortened(name)}'`
      throw invalidFile(path, `line ${line}: ${where}; rename one, or set header: false if this line is a row`)
    }
    at.set(name, c)
  })
  return names
}

/** 'x0' for the first column of a file without names, as for rows of a program. */
export function positionName(column: number): string {
  return `x${column}`
}
