import { describe, NativeMlpError } from '../core/errors.js'
import { dateOf } from './dates.js'
import { columnAt, shownNames } from './rows.js'
import type { Column, Table } from './table.js'
import { type CategoricalInput, type InputColumn, inputsOf, isSign, type NumericInput, widthOf } from './transform.js'

/**
 * Inputs of a network from the rows of a table, whose columns are found by name.
 *
 * @param rows positions; default: all
 * @returns [rows][inputs] row-major
 * @throws NativeMlpError INVALID_ARGUMENT for a column that is missing, and naming row and column for a text where a number is
 *   expected
 */
export function encodeInputs(inputs: readonly InputColumn[], table: Table, rows?: ArrayLike<number>): Float32Array {
  const cols = inputsOf({ inputs })
  const count = rows?.length ?? table.length
  const into = new Float32Array(count * cols)
  let at = 0
  for (const input of inputs) {
    const column = columnOf(table, input.column)
    const place = { table, rows, count, into, cols, at }
    if (input.kind === 'numeric') encodeNumbers(input, column, place)
    else encodeLevels(input, column, place)
    at += widthOf(input)
  }
  return into
}

/** Where the inputs of a column go. */
interface Place {
  readonly table: Table
  readonly rows: ArrayLike<number> | undefined
  readonly count: number
  readonly into: Float32Array
  readonly cols: number
  /** first input of the column */
  readonly at: number
}

/** @throws NativeMlpError INVALID_ARGUMENT naming the columns there are */
export function columnOf(table: Table, name: string): Column {
  const at = columnAt(table, name)
  if (at >= 0) return table.columns[at]
  const problem = `${table.source}: expected a column ${describe(name)}, which the model was trained on`
  throw new NativeMlpError('INVALID_ARGUMENT', `${problem}; its columns are ${shownNames(table)}`)
}

function encodeNumbers(input: NumericInput, column: Column, { table, rows, count, into, cols, at }: Place): void {
  const valueAt = cellNumbers(column, input.isDate, table)
  const { edges, fill } = input
  const scaled = scalerOf(input)
  for (let i = 0; i < count; i++) {
    const given = valueAt(rows === undefined ? i : rows[i])
    const isMissing = Number.isNaN(given)
    const x = isMissing ? fill : given
    let to = i * cols + at
    into[to++] = scaled(x)
    for (let e = 0; e + 1 < edges.length; e++) into[to++] = clipped((x - edges[e]) / (edges[e + 1] - edges[e]))
    if (input.hasFlag) into[to] = isMissing ? 1 : 0
  }
}

function clipped(share: number): number {
  return share > 0 ? Math.min(1, share) : 0
}

/** A column as numbers, NaN where a cell is missing. @throws NativeMlpError INVALID_ARGUMENT naming row and column of a text */
export function cellNumbers(column: Column, isDate: boolean, table: Table): (row: number) => number {
  if (column.kind === 'number') return (row) => column.values[row]
  const { codes, levels, name } = column
  return (row) => {
    const code = codes[row]
    if (code < 0) return Number.NaN
    const date = isDate ? dateOf(levels[code]) : Number.NaN
    if (!Number.isNaN(date)) return date
    throw cellError(table, row, name, isDate ? 'a date such as 2024-05-31' : 'a number', levels[code])
  }
}

/** 'houses.csv, line 12, column "price": expected a number, got "n/a"' */
export function cellError(table: Table, row: number, name: string, expected: string, cell: unknown): NativeMlpError {
  const where = `${table.source === 'rows' ? '' : `${table.source}, `}${table.place(row)}, column ${describe(name)}`
  return new NativeMlpError('INVALID_ARGUMENT', `${where}: expected ${expected}, got ${describe(cell)}`)
}

function scalerOf({ scale, center, factor, knots, scores }: NumericInput): (x: number) => number {
  if (scale === 'quantile') return (x) => interpolated(x, knots, scores)
  if (scale !== 'robust') return (x) => (x - center) * factor
  return (x) => {
    const z = ((x - center) * factor) / 3
    // the limit for numbers whose square overflows
    return Math.abs(z) > 1e150 ? 3 * Math.sign(z) : (3 * z) / Math.sqrt(1 + z * z)
  }
}

/** Constant beyond the ends. */
function interpolated(x: number, knots: readonly number[], scores: readonly number[]): number {
  let [low, high] = [0, knots.length - 1]
  if (!(x > knots[low])) return scores[low]
  if (x >= knots[high]) return scores[high]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (x < knots[middle]) high = middle
    else low = middle
  }
  return scores[low] + ((scores[high] - scores[low]) * (x - knots[low])) / (knots[high] - knots[low])
}

function encodeLevels(input: CategoricalInput, column: Column, { rows, count, into, cols, at }: Place): void {
  const { levels, rare } = input
  const inputOf = new Map<string, number>(levels.map((level, i) => [level, i]))
  for (const level of rare) inputOf.set(level, levels.length)
  // numbers whose column is taken for categories, or missing cells alone
  const levelAt =
    column.kind === 'text'
      ? (row: number) => inputOf.get(column.levels[column.codes[row]])
      : (row: number) => inputOf.get(String(column.values[row]))
  const sign = isSign(input)
  for (let i = 0; i < count; i++) {
    const level = levelAt(rows === undefined ? i : rows[i])
    if (level === undefined) continue
    if (sign) into[i * cols + at] = 2 * level - 1
    else into[i * cols + at + level] = 1
  }
}
