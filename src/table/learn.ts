import { checking, integerInRange, isObject, knownOptions, oneOf } from '../core/checks.js'
import { describe, invalidArgument, NativeMlpError } from '../core/errors.js'
import { checkPositions, checkTable } from './check-table.js'
import { columnOf } from './encode-inputs.js'
import { learnCategorical, learnNumeric } from './learn-inputs.js'
import { learnTarget } from './learn-target.js'
import { shownNames } from './rows.js'
import { COLUMN_TYPES, type ColumnSchema, type ColumnType, columnSchema } from './schema.js'
import type { Column, Table } from './table.js'
import {
  type InputColumn,
  type Label,
  NUMERIC_SCALES,
  type NumericScale,
  TASKS,
  type TableTransform,
  type TargetTask,
} from './transform.js'

export interface LearnOptions {
  /** column or columns to predict; default: those of the table */
  readonly target?: string | readonly string[]
  /** default: by the values of the target, see `TableSchema.task` */
  readonly task?: TargetTask
  /** all classes of the target, also those without training rows; default: those of the training rows */
  readonly classes?: readonly Label[]
  /** positions of the training rows; default: all rows */
  readonly rows?: ArrayLike<number>
  /** types of columns by name; default: by their values */
  readonly types?: Readonly<Record<string, ColumnType>>
  /** of numbers; default 'robust' */
  readonly scale?: NumericScale
  /** bins of the piecewise-linear encoding of each number, 2 to 256; 0 (default): none */
  readonly bins?: number
  /** inputs of a categorical column at most, 2 to 65536; less frequent levels share the last one; default 100 */
  readonly maxLevels?: number
}

/** What was found out about a table, for people. */
export interface TableSchema {
  /** without those of the target */
  readonly columns: readonly ColumnSchema[]
  readonly target: readonly string[]
  /**
   * of one target: classes for texts, booleans and at most 20 different whole numbers, else regression; of several: multi-label
   * where all are 0 and 1 or booleans, else regression
   */
  readonly task: TargetTask
  /** sentences: what is ignored and why, how the task was chosen */
  readonly notes: readonly string[]
}

export interface LearntTable {
  readonly transform: TableTransform
  readonly schema: TableSchema
}

const OPTIONS = ['target', 'task', 'classes', 'rows', 'types', 'scale', 'bins', 'maxLevels']

/**
 * Learns from the training rows alone what the columns of a table mean to a network: types, scales, levels, classes.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for a target that is no column, is missing in a row or has one class only, for a table
 *   without usable columns, and for a type that a column cannot have; UNKNOWN_OPTION
 */
export function learnTable(table: Table, options: LearnOptions = {}): LearntTable {
  return checking('learnTable', () => {
    knownOptions('learnTable', options, OPTIONS)
    return learn(checkTable('table', table), options)
  })
}

function learn(table: Table, options: LearnOptions): LearntTable {
  const given = options.rows ?? Array.from({ length: table.length }, (_, row) => row)
  const rows = checkPositions('rows', given, table)
  const names = targetsOf(table, options.target)
  const task = options.task === undefined ? undefined : oneOf('task', options.task, TASKS)
  const { target, note } = learnTarget(table, names, rows, task, options.classes)
  const types = checkTypes(table, names, options.types ?? {})
  const used = table.columns.filter(({ name }) => !names.includes(name))
  const columns = used.map((column) => columnSchema(table, column, rows, types.get(column.name)))
  const learner = inputLearner(table, rows, options)
  const inputs = used.flatMap((column, c) => learner(column, columns[c].type) ?? [])
  if (inputs.length === 0) {
    const reasons = columns.map(({ name, note: reason }) => `${describe(name)} (${reason})`).join(', ')
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `${table.source}: no column to learn from: ${reasons || 'only the target'}`,
    )
  }
  const ignored = columns.filter(({ type, note: reason }) => type === 'ignored' && reason !== null)
  const notes = [note, ...ignored.map(({ name, note: reason }) => `column ${describe(name)} is ignored: ${reason}`)]
  const transform = { columns: used.map(({ name }) => name), inputs, target }
  return { transform, schema: { columns, target: names, task: target.task, notes } }
}

/** @throws NativeMlpError INVALID_ARGUMENT */
function targetsOf(table: Table, given: LearnOptions['target']): readonly string[] {
  const names = typeof given === 'string' ? [given] : (given ?? table.target)
  if (!Array.isArray(names) || names.length === 0) {
    throw invalidArgument('target', `the column to predict, one of ${shownNames(table)}`, given)
  }
  for (const name of names) {
    if (!table.columns.some((column) => column.name === name)) {
      throw invalidArgument('target', `one of the columns ${shownNames(table)}`, name)
    }
  }
  return names
}

function checkTypes(
  table: Table,
  targets: readonly string[],
  types: Readonly<Record<string, ColumnType>>,
): ReadonlyMap<string, ColumnType> {
  if (!isObject(types)) throw invalidArgument('types', "types by column, e.g. { zip: 'categorical' }", types)
  for (const [name, type] of Object.entries(types)) {
    oneOf(`types.${name}`, type, COLUMN_TYPES)
    columnOf(table, name)
    if (targets.includes(name)) throw invalidArgument(`types.${name}`, 'none for the target; see task', type)
  }
  return new Map(Object.entries(types))
}

function inputLearner(
  table: Table,
  rows: ArrayLike<number>,
  options: LearnOptions,
): (column: Column, type: ColumnType) => InputColumn | null {
  const scale = oneOf('scale', options.scale ?? 'robust', NUMERIC_SCALES)
  const bins = integerInRange('bins', options.bins ?? 0, 0, 256)
  const maxLevels = integerInRange('maxLevels', options.maxLevels ?? 100, 2, 65536)
  return (column, type) => {
    if (type === 'ignored') return null
    if (type === 'numeric' || type === 'date') {
      return learnNumeric(table, column, rows, { scale, bins, isDate: type === 'date' })
    }
    return learnCategorical(column, rows, maxLevels)
  }
}
