import { isObject } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { isSamples, type Samples } from '../data/samples.js'
import { rawTableOf } from '../data/table-samples.js'
import { isTable } from '../table/check-table.js'
import { type Rows, type TableCell, table } from '../table/rows.js'
import type { Table } from '../table/table.js'

/** One value of the target for each row, or a list of them for each row of several targets. */
export type TargetValues = ArrayLike<TableCell> | readonly ArrayLike<TableCell>[]

/** The values of the target, the columns of the rows that hold it, or none where a table names its target. */
export type TargetOf = TargetValues | { readonly target: string | readonly string[] } | undefined

/** Raw rows: also a set that was made from a table, e.g. by `loadData`. */
export type RawRows = Rows | Table | Samples

/** @throws NativeMlpError INVALID_ARGUMENT for a set of encoded rows */
export function asRows(x: RawRows): Rows | Table {
  if (!isSamples(x)) return x
  const raw = rawTableOf(x)
  if (raw !== null) return raw
  throw new NativeMlpError('INVALID_ARGUMENT', 'x: expected raw rows or a set of a table, got a set of encoded rows')
}

/** @throws NativeMlpError INVALID_ARGUMENT for a target that is missing or has not a value for each row */
export function tableWithTarget(given: RawRows, y: TargetOf): Table {
  const x = asRows(given)
  if (y === undefined) {
    if (isTable(x) && x.target !== undefined) return table(x)
    throw invalidArgument('y', "values for each row, or { target: 'name of a column' }", y)
  }
  if (isObject(y) && 'target' in y) return table(x, { target: (y as { target: string }).target })
  return joined(table(x), y as TargetValues)
}

/** Columns of the values beside those of the rows, with names that those have not. */
function joined(x: Table, y: TargetValues): Table {
  if (typeof Object(y).length !== 'number' || typeof y === 'string') throw invalidArgument('y', 'a list of values', y)
  if (y.length !== x.length) throw invalidArgument('y', `${x.length} values, one for each row`, y)
  const isMatrix = typeof y[0] === 'object' && y[0] !== null && 'length' in y[0]
  const width = isMatrix ? (y[0] as ArrayLike<TableCell>).length : 1
  const taken = new Set(x.columns.map(({ name }) => name))
  const names = Array.from({ length: width }, (_, c) => freshName(isMatrix ? `target${c}` : 'target', taken))
  const values = isMatrix
    ? table(y as readonly ArrayLike<TableCell>[], { columns: names })
    : table({ [names[0]]: y as ArrayLike<TableCell> })
  return { ...x, columns: [...x.columns, ...values.columns], target: names, place: (row) => x.place(row) }
}

function freshName(name: string, taken: ReadonlySet<string>): string {
  let fresh = name
  while (taken.has(fresh)) fresh += '_'
  return fresh
}

/** @throws NativeMlpError INVALID_ARGUMENT if the estimator has not been trained */
export function trained<T>(value: T | null, name: string): T {
  if (value !== null) return value
  throw new NativeMlpError('INVALID_ARGUMENT', `${name}: not trained yet; call fit first`)
}
