import { describe, NativeMlpError } from '../core/errors.js'
import { dateOf } from './dates.js'
import type { Column, NumberColumn, Table, TextColumn } from './table.js'
import { isBooleans } from './target.js'

export const COLUMN_TYPES = ['numeric', 'categorical', 'boolean', 'date', 'ignored'] as const
/** How a column is used: as a number, as one of its levels, or not at all. */
export type ColumnType = (typeof COLUMN_TYPES)[number]

export interface ColumnSchema {
  readonly name: string
  readonly type: ColumnType
  /** training rows without a value */
  readonly missing: number
  /** different values in the training rows; of numbers at most 100,000 are counted */
  readonly distinct: number
  /** why the column is ignored, or a hint; null: nothing to say */
  readonly note: string | null
}

/** Fewer rows do not tell identifiers from other columns. */
const FEWEST_ROWS = 20
/** More different texts are never levels; readers of files keep so many. */
const MOST_TEXTS = 65_536
/** Different numbers that are counted. */
const MOST_COUNTED = 100_000
/** Texts of which more than this share of the rows are different are identifiers or free text. */
const MOST_DISTINCT = 0.5

/**
 * The type of a column by its training rows: numbers are numeric, texts categorical, 'true' and 'false' boolean; ignored are
 * constant columns and identifiers (whole numbers without gaps and repetitions; texts most of which are different).
 *
 * @param rows positions of the training rows
 * @param given the type asked for, if any
 */
export function columnSchema(
  table: Table,
  column: Column,
  rows: ArrayLike<number>,
  given: ColumnType | undefined,
): ColumnSchema {
  const summary = column.kind === 'number' ? numberSummary(column, rows) : textSummary(column, rows)
  const { name } = column
  if (given !== undefined) {
    checkType(table, column, given)
    return { name, type: given, ...counts(summary), note: given === 'ignored' ? 'as asked for' : null }
  }
  const reason = reasonToIgnore(column, summary, rows.length)
  if (reason !== null) return { name, type: 'ignored', ...counts(summary), note: reason }
  const type = column.kind === 'number' ? 'numeric' : isBooleans(column.levels) ? 'boolean' : 'categorical'
  return { name, type, ...counts(summary), note: null }
}

interface Summary {
  readonly missing: number
  readonly distinct: number
  /** whether all numbers are integers without gaps and repetitions */
  readonly isCount: boolean
}

function counts({ missing, distinct }: Summary): Pick<ColumnSchema, 'missing' | 'distinct'> {
  return { missing, distinct }
}

function numberSummary({ values }: NumberColumn, rows: ArrayLike<number>): Summary {
  const different = new Set<number>()
  let repeats = 0
  let [missing, min, max, integers] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true]
  for (let i = 0; i < rows.length; i++) {
    const x = values[rows[i]]
    if (Number.isNaN(x)) {
      missing++
      continue
    }
    // in a large table most columns have as many values as rows; only identifiers need them all
    if (different.size < MOST_COUNTED || (integers && repeats === 0)) {
      if (different.has(x)) repeats++
      else different.add(x)
    }
    min = Math.min(min, x)
    max = Math.max(max, x)
    integers &&= Number.isInteger(x)
  }
  const present = rows.length - missing
  const isDense = max - min < 2 * present
  return {
    missing,
    distinct: different.size,
    isCount: integers && isDense && repeats === 0 && different.size === present,
  }
}

function textSummary({ codes }: TextColumn, rows: ArrayLike<number>): Summary {
  const different = new Set<number>()
  let missing = 0
  for (let i = 0; i < rows.length; i++) {
    const code = codes[rows[i]]
    if (code < 0) missing++
    else different.add(code)
  }
  return { missing, distinct: different.size, isCount: false }
}

function reasonToIgnore(column: Column, { missing, distinct, isCount }: Summary, rows: number): string | null {
  if (distinct === 0) return 'no training row has a value'
  // whether the value is missing may still tell something
  if (distinct === 1 && missing === 0) return 'constant in the training rows'
  const present = rows - missing
  if (present < FEWEST_ROWS) return null
  if (column.kind === 'number') return isCount ? 'an identifier: whole numbers that never repeat' : null
  if (distinct <= MOST_DISTINCT * present && distinct <= MOST_TEXTS) return null
  const areDates = column.levels.every((level) => !Number.isNaN(dateOf(level)))
  if (areDates) return `dates; types: { ${describe(column.name)}: 'date' } makes them numbers`
  return `identifiers or free text: ${distinct} different texts in ${present} rows`
}

/** @throws NativeMlpError INVALID_ARGUMENT for a type that the column cannot have */
function checkType(table: Table, column: Column, type: ColumnType): void {
  if (type !== 'numeric' || column.kind === 'number') return
  const row = column.codes.findIndex((code) => code >= 0)
  const example = row < 0 ? '' : `, for example ${describe(column.levels[column.codes[row]])} in ${table.place(row)}`
  throw new NativeMlpError('INVALID_ARGUMENT', `types.${column.name}: 'numeric', but the column holds texts${example}`)
}
