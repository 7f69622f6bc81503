import { checking, isObject, knownOptions, listOf } from '../core/checks.js'
import { describe, invalidArgument, NativeMlpError } from '../core/errors.js'
import { typedArrayName } from '../core/typed-arrays.js'
import { checkTable, isTable } from './check-table.js'
import type { Column, Table } from './table.js'

/** null, undefined, NaN and '' are missing; a Date becomes its ISO text. */
export type TableCell = number | string | boolean | bigint | Date | null | undefined

/** Numbers of all rows in one array, as `readNpy` reads them. */
export interface NumberMatrix {
  /** [rows, columns] */
  readonly shape: readonly number[]
  /** row-major */
  readonly data: ArrayLike<number> | ArrayLike<bigint>
}

/** Rows as objects or lists of cells, columns by name, or a matrix. */
export type Rows =
  | NumberMatrix
  | readonly Readonly<Record<string, TableCell>>[]
  | readonly ArrayLike<TableCell>[]
  | Readonly<Record<string, ArrayLike<TableCell>>>

export interface TableOptions {
  /** column or columns to predict */
  readonly target?: string | readonly string[]
  /**
   * names and order of the columns: of objects and columns those to take (default: all, in order of first occurrence), of lists
   * the names of all (default: x0, x1, ...)
   */
  readonly columns?: readonly string[]
}

/**
 * A table from values of a program. A column holds numbers, texts or booleans, never two of these; missing cells excepted.
 *
 * @param rows objects, lists of cells, an object with a list or typed array for each column, or a matrix as `readNpy` reads it; a
 *   table is returned as it is
 * @throws NativeMlpError INVALID_ARGUMENT naming row and column for a cell of another type than those before it, for an
 *   infinite number, for rows of different lengths and for a target that is no column; UNKNOWN_OPTION
 */
export function table(rows: Rows | Table, options: TableOptions = {}): Table {
  return checking('table', () => {
    knownOptions('table', options, ['target', 'columns'])
    const columns = options.columns === undefined ? null : checkNames('columns', options.columns)
    const made = isTable(rows) ? selected(checkTable('rows', rows), columns) : tableOf(rows, columns)
    return options.target === undefined ? made : withTarget(made, options.target)
  })
}

/** The position of a column; -1 if there is none of that name. */
export function columnAt({ columns }: Table, name: string): number {
  return columns.findIndex((column) => column.name === name)
}

/** Some rows of a table, in that order. @param rows positions */
export function takeRows(from: Table, rows: ArrayLike<number>): Table {
  const columns = from.columns.map((column): Column => {
    if (column.kind === 'number') {
      return { ...column, values: Float64Array.from({ length: rows.length }, (_, i) => column.values[rows[i]]) }
    }
    return { ...column, codes: Int32Array.from({ length: rows.length }, (_, i) => column.codes[rows[i]]) }
  })
  return { ...derived(from, columns), length: rows.length, place: (row) => from.place(rows[row]) }
}

function withTarget(table: Table, target: string | readonly string[]): Table {
  const names = typeof target === 'string' ? [target] : checkNames('target', target)
  for (const name of names) {
    if (columnAt(table, name) < 0) throw invalidArgument('target', `one of the columns ${shownNames(table)}`, name)
  }
  return { ...derived(table, table.columns), target: names }
}

/** "'a', 'b', 'c', ..." for messages */
export function shownNames({ columns }: Table): string {
  const shown = columns.slice(0, SHOWN).map(({ name }) => describe(name))
  return [...shown, ...(columns.length > SHOWN ? [`and ${columns.length - SHOWN} more`] : [])].join(', ')
}

const SHOWN = 12

function selected(from: Table, names: readonly string[] | null): Table {
  if (names === null) return from
  const columns = names.map((name) => {
    const at = columnAt(from, name)
    if (at < 0) throw invalidArgument('columns', `names among ${shownNames(from)}`, name)
    return from.columns[at]
  })
  return derived(from, columns)
}

function derived(from: Table, columns: readonly Column[]): Table {
  const { length, source, target } = from
  return { columns, length, source, ...(target && { target }), place: (row) => from.place(row) }
}

function tableOf(given: Rows, names: readonly string[] | null): Table {
  const rows = isMatrix(given) ? rowsOf(given) : given
  if (!Array.isArray(rows)) return fromColumns(rows as Readonly<Record<string, ArrayLike<TableCell>>>, names)
  if (rows.length === 0) throw invalidArgument('rows', 'at least one row', rows)
  const isList = isCells(rows[0])
  const wrong = rows.findIndex((row) => isCells(row) !== isList || !isObject(isList ? {} : row))
  if (wrong >= 0) throw invalidArgument(`rows[${wrong}]`, isList ? 'a list of cells' : 'an object', rows[wrong])
  const columns = isList ? fromLists(rows as ArrayLike<TableCell>[], names) : fromObjects(rows, names)
  return { columns, length: rows.length, source: 'rows', place }
}

function isMatrix(rows: unknown): rows is NumberMatrix {
  const { shape, data } = Object(rows) as Partial<NumberMatrix>
  if (!Array.isArray(shape) || shape.length !== 2 || typedArrayName(data) === undefined) return false
  return Number.isInteger(shape[0]) && shape[0] > 0 && shape[0] * shape[1] === data!.length
}

function rowsOf({ shape: [count, width], data }: NumberMatrix): ArrayLike<TableCell>[] {
  const values = data as unknown as Float64Array
  return Array.from({ length: count }, (_, row) => values.subarray(row * width, (row + 1) * width))
}

/** Whether each row is a list of cells without names. */
export function areLists(rows: Rows): boolean {
  return isMatrix(rows) || (Array.isArray(rows) && isCells(rows[0]))
}

const place = (row: number) => `row ${row}`

function isCells(row: unknown): row is ArrayLike<TableCell> {
  return Array.isArray(row) || typedArrayName(row) !== undefined
}

function fromLists(rows: readonly ArrayLike<TableCell>[], names: readonly string[] | null): Column[] {
  const width = names?.length ?? rows[0].length
  const wrong = rows.findIndex((row) => row.length !== width)
  if (wrong >= 0) throw invalidArgument(`rows[${wrong}]`, `${width} cells, one for each column`, rows[wrong])
  const all = names ?? Array.from({ length: width }, (_, c) => `x${c}`)
  return all.map((name, c) => columnOf(name, rows.length, (row) => rows[row][c]))
}

function fromObjects(rows: readonly Readonly<Record<string, TableCell>>[], names: readonly string[] | null): Column[] {
  const all = names ?? keysOf(rows)
  if (all.length === 0) throw invalidArgument('rows', 'objects with at least one key', rows[0])
  return all.map((name) =>
    columnOf(name, rows.length, (row) => (Object.hasOwn(rows[row], name) ? rows[row][name] : undefined)),
  )
}

function keysOf(rows: readonly object[]): string[] {
  const keys = new Set<string>()
  for (const row of rows) for (const key of Object.keys(row)) keys.add(key)
  return [...keys]
}

function fromColumns(given: Readonly<Record<string, ArrayLike<TableCell>>>, names: readonly string[] | null): Table {
  if (!isObject(given) || Object.keys(given).length === 0) {
    throw invalidArgument('rows', 'rows as objects or lists, or an object of columns', given)
  }
  const all = names ?? Object.keys(given)
  const length = given[all[0]]?.length
  for (const name of all) {
    const cells = Object.hasOwn(given, name) ? given[name] : undefined
    if (!isCells(cells) || cells.length !== length || length === 0) {
      throw invalidArgument(`column ${describe(name)}`, `a list of ${length || 'at least one'} cells`, cells)
    }
  }
  const columns = all.map((name) => columnOf(name, length, (row) => given[name][row]))
  return { columns, length, source: 'rows', place }
}

type Kind = 'number' | 'text' | 'boolean'

function kindOf(cell: unknown): Kind | undefined {
  if (typeof cell === 'number' || typeof cell === 'bigint') return 'number'
  if (typeof cell === 'boolean') return 'boolean'
  return typeof cell === 'string' || cell instanceof Date ? 'text' : undefined
}

function isMissing(cell: unknown): boolean {
  return cell === null || cell === undefined || cell === '' || Number.isNaN(cell)
}

/** A column of missing cells alone is one of numbers. */
function columnOf(name: string, length: number, cellAt: (row: number) => TableCell): Column {
  let first = 0
  while (first < length && isMissing(cellAt(first))) first++
  const kind = first === length ? 'number' : kindOf(cellAt(first))
  const refuse = (row: number, expected: string) => {
    throw invalidArgument(`row ${row}, column ${describe(name)}`, expected, cellAt(row))
  }
  if (kind === undefined) return refuse(first, 'a number, text, boolean or date') as never
  const checked = (row: number): TableCell => {
    const cell = cellAt(row)
    if (isMissing(cell)) return undefined
    if (kindOf(cell) !== kind) refuse(row, `a ${kind} as in row ${first}, or null`)
    return cell
  }
  return kind === 'number' ? numbers(name, length, checked, refuse) : texts(name, length, checked, refuse)
}

type Refuse = (row: number, expected: string) => void

function numbers(name: string, length: number, cellAt: (row: number) => TableCell, refuse: Refuse): Column {
  const values = new Float64Array(length)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(row)
    values[row] = cell === undefined ? Number.NaN : Number(cell)
    if (cell !== undefined && !Number.isFinite(values[row])) refuse(row, 'a finite number')
  }
  return { name, kind: 'number', values }
}

function texts(name: string, length: number, cellAt: (row: number) => TableCell, refuse: Refuse): Column {
  const codes = new Int32Array(length)
  const known = new Map<string, number>()
  for (let row = 0; row < length; row++) {
    const cell = cellAt(row)
    if (cell instanceof Date && Number.isNaN(cell.getTime())) refuse(row, 'a valid date')
    codes[row] = cell === undefined ? -1 : codeOf(known, cell instanceof Date ? cell.toISOString() : String(cell))
  }
  return { name, kind: 'text', codes, levels: [...known.keys()] }
}

function codeOf(known: Map<string, number>, level: string): number {
  const code = known.get(level)
  if (code !== undefined) return code
  known.set(level, known.size)
  return known.size - 1
}

function checkNames(what: string, names: readonly string[]): readonly string[] {
  listOf(what, names, 'names of columns')
  const wrong = names.findIndex((name) => typeof name !== 'string' || name === '')
  if (wrong >= 0) throw invalidArgument(`${what}[${wrong}]`, 'the name of a column', names[wrong])
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new NativeMlpError('INVALID_ARGUMENT', `${what}: ${describe(twice)} is named twice`)
  if (names.length === 0) throw invalidArgument(what, 'at least one name', names)
  return [...names]
}
