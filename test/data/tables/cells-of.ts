import type { Table } from '../../../src/table/table.js'

/** Cells of each column; null for missing ones. */
export function cellsOf({ columns }: Table): Record<string, (string | number | null)[]> {
  return Object.fromEntries(
    columns.map((column) => [
      column.name,
      column.kind === 'number'
        ? Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
        : Array.from(column.codes, (code) => (code < 0 ? null : column.levels[code])),
    ]),
  )
}
