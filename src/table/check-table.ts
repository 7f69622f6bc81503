import { isCallable } from '../core/callable.js'
import { integerInRange, isObject } from '../core/checks.js'
import { describe, invalidArgument, NativeMlpError } from '../core/errors.js'
import { isFloat64Array, isInt32Array, typedArrayName } from '../core/typed-arrays.js'
import type { Column, Table } from './table.js'

/** Also true for a table of another program: columns and a function that places their rows. */
export function isTable(value: unknown): value is Table {
  const { columns, place } = Object(value) as Partial<Table>
  return Array.isArray(columns) && isCallable(place)
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but a table whose columns have its rows and names of their own */
export function checkTable(name: string, value: Table): Table {
  if (!isTable(value)) throw invalidArgument(name, 'a table, e.g. from table(rows)', value)
  integerInRange(`${name}.length`, value.length, 0, 0x7fffffff)
  if (typeof value.source !== 'string') throw invalidArgument(`${name}.source`, 'a path, or "rows"', value.source)
  const seen = new Set<string>()
  value.columns.forEach((column, c) => {
    checkColumn(`${name}.columns[${c}]`, column, value.length)
    if (seen.has(column.name)) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${name}: two columns are called ${describe(column.name)}`)
    }
    seen.add(column.name)
  })
  return value
}

function checkColumn(name: string, column: Column, length: number): void {
  if (!isObject(column) || typeof column.name !== 'string') throw invalidArgument(name, 'a column with a name', column)
  if (column.kind === 'number') {
    if (isFloat64Array(column.values) && column.values.length === length) return
    throw invalidArgument(`${name}.values`, `a Float64Array of length ${length}`, column.values)
  }
  if (column.kind !== 'text') throw invalidArgument(`${name}.kind`, "'number' or 'text'", (column as Column).kind)
  if (!isInt32Array(column.codes) || column.codes.length !== length) {
    throw invalidArgument(`${name}.codes`, `an Int32Array of length ${length}`, column.codes)
  }
  const { levels } = column
  if (!Array.isArray(levels) || !levels.every((level) => typeof level === 'string')) {
    throw invalidArgument(`${name}.levels`, 'a list of texts', levels)
  }
  const wrong = column.codes.findIndex((code) => !(code >= -1 && code < levels.length))
  if (wrong >= 0) throw invalidArgument(`${name}.codes[${wrong}]`, `-1 to ${levels.length - 1}`, column.codes[wrong])
}

/** @throws NativeMlpError INVALID_ARGUMENT for positions that are no rows of the table, and for none */
export function checkPositions(name: string, rows: ArrayLike<number>, { length }: Table): ArrayLike<number> {
  if (!Array.isArray(rows) && typedArrayName(rows) === undefined)
    throw invalidArgument(name, 'a list of positions', rows)
  if (rows.length === 0) throw invalidArgument(name, 'at least one position', rows)
  for (let i = 0; i < rows.length; i++) integerInRange(`${name}[${i}]`, rows[i], 0, length - 1)
  return rows
}
