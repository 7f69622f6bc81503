import { cellError, cellNumbers, columnOf } from './encode-inputs.js'
import type { Column, Table } from './table.js'
import type { Label, TargetTransform } from './transform.js'

/** What the target columns of a table are to a network. */
export interface EncodedTarget {
  /** [rows] classes */
  readonly labels: Int32Array | null
  /** [rows][columns] scaled values, or 0 and 1 */
  readonly targets: Float32Array | null
}

/**
 * @param rows positions; default: all
 * @throws NativeMlpError INVALID_ARGUMENT for a column that is missing, and naming row and column for a missing cell, a class
 *   unknown to the training rows, and a cell of another type
 */
export function encodeTarget(target: TargetTransform, table: Table, rows?: ArrayLike<number>): EncodedTarget {
  const count = rows?.length ?? table.length
  const rowAt = (i: number) => (rows === undefined ? i : rows[i])
  if (target.task === 'classes') {
    const classAt = classesOf(columnOf(table, target.columns[0]), target.classes, table)
    return { labels: Int32Array.from({ length: count }, (_, i) => classAt(rowAt(i))), targets: null }
  }
  const cols = target.columns.length
  const targets = new Float32Array(count * cols)
  target.columns.forEach((name, c) => {
    const column = columnOf(table, name)
    const valueAt = target.task === 'multiLabel' ? flagsOf(column, table) : knownNumbers(column, table)
    const [mean, sd] = target.task === 'multiLabel' ? [0, 1] : [target.means[c], target.sds[c]]
    for (let i = 0; i < count; i++) targets[i * cols + c] = (valueAt(rowAt(i)) - mean) / sd
  })
  return { labels: null, targets }
}

function classesOf(column: Column, classes: readonly Label[], table: Table): (row: number) => number {
  const labelAt = labelsOf(column, table)
  const numbers = new Map(classes.map((label, c) => [String(label), c]))
  return (row) => {
    const label = labelAt(row)
    const number = numbers.get(String(label))
    if (number !== undefined) return number
    const shown = classes.slice(0, SHOWN).join(', ')
    const expected = `one of the ${classes.length} classes of the training rows: ${shown}`
    throw cellError(table, row, column.name, `${expected}${classes.length > SHOWN ? ', ...' : ''}`, label)
  }
}

const SHOWN = 10

/** The labels of a column. @throws NativeMlpError INVALID_ARGUMENT naming row and column of a missing one */
export function labelsOf(column: Column, table: Table): (row: number) => Label {
  const { name } = column
  const missing = (row: number) => cellError(table, row, name, 'a class, because it is the target', null)
  if (column.kind === 'number') {
    return (row) => {
      if (Number.isNaN(column.values[row])) throw missing(row)
      return column.values[row]
    }
  }
  const labels = typedLevels(column.levels)
  return (row) => {
    if (column.codes[row] < 0) throw missing(row)
    return labels[column.codes[row]]
  }
}

/** Booleans for the texts 'true' and 'false' alone. */
export function typedLevels(levels: readonly string[]): readonly Label[] {
  return isBooleans(levels) ? levels.map((level) => level === 'true') : levels
}

export function isBooleans(levels: readonly string[]): boolean {
  return levels.length > 0 && levels.every((level) => level === 'true' || level === 'false')
}

/** @throws NativeMlpError INVALID_ARGUMENT naming row and column of a missing number or a text */
export function knownNumbers(column: Column, table: Table): (row: number) => number {
  const valueAt = cellNumbers(column, false, table)
  return (row) => {
    const value = valueAt(row)
    if (Number.isNaN(value)) throw cellError(table, row, column.name, 'a number, because it is a target', null)
    return value
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT naming row and column of what is neither 0 nor 1, neither false nor true */
export function flagsOf(column: Column, table: Table): (row: number) => number {
  const labelAt = labelsOf(column, table)
  return (row) => {
    const label = labelAt(row)
    if (label === true || label === 1) return 1
    if (label === false || label === 0) return 0
    throw cellError(table, row, column.name, '0 or 1, or false or true', label)
  }
}
