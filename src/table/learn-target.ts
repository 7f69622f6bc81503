import { describe, invalidArgument, NativeMlpError } from '../core/errors.js'
import { columnOf } from './encode-inputs.js'
import { meanAndSd } from './learn-inputs.js'
import type { Column, Table } from './table.js'
import { flagsOf, isBooleans, knownNumbers, labelsOf } from './target.js'
import type { ClassesTarget, Label, LabelsTarget, TargetTask, TargetTransform, ValuesTarget } from './transform.js'

/** Whole numbers with at most so many different values are classes. */
const MOST_CLASSES = 20
/** A column of as many levels as classes is more likely an identifier. */
const MAX_CLASSES = 65_536

export interface LearntTarget {
  readonly target: TargetTransform
  /** how the task was chosen */
  readonly note: string
}

/**
 * @param task null: by the values
 * @throws NativeMlpError INVALID_ARGUMENT naming row and column of a missing or wrong cell, and the column with one class only
 */
export function learnTarget(
  table: Table,
  names: readonly string[],
  rows: ArrayLike<number>,
  given: TargetTask | undefined,
  known: readonly Label[] | undefined,
): LearntTarget {
  const columns = names.map((name) => columnOf(table, name))
  const task = given ?? taskOf(columns, rows)
  const how = given === undefined ? ', by the values of the target' : ''
  const shown = names.map(describe).join(', ')
  switch (task) {
    case 'classes': {
      const target = classesTarget(table, columns, rows, known)
      return { target, note: `task: ${target.classes.length} classes of ${shown}${how}` }
    }
    case 'multiLabel':
      return { target: labelsTarget(table, columns, rows), note: `task: any of the labels ${shown}${how}` }
    case 'regression':
      return { target: valuesTarget(table, columns, rows), note: `task: regression of ${shown}${how}` }
  }
}

function taskOf(columns: readonly Column[], rows: ArrayLike<number>): TargetTask {
  if (columns.length > 1) return columns.every((column) => isFlags(column, rows)) ? 'multiLabel' : 'regression'
  const [column] = columns
  if (column.kind === 'text') return 'classes'
  const different = new Set<number>()
  for (let i = 0; i < rows.length; i++) {
    const value = column.values[rows[i]]
    if (!Number.isNaN(value) && !Number.isInteger(value)) return 'regression'
    if (different.add(value).size > MOST_CLASSES) return 'regression'
  }
  return 'classes'
}

function isFlags(column: Column, rows: ArrayLike<number>): boolean {
  if (column.kind === 'text') return isBooleans(column.levels)
  return Array.prototype.every.call(rows, (row: number) => column.values[row] === 0 || column.values[row] === 1)
}

function classesTarget(
  table: Table,
  columns: readonly Column[],
  rows: ArrayLike<number>,
  known: readonly Label[] | undefined,
): ClassesTarget {
  const [column] = columns
  if (columns.length > 1) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `target: classes are one column, got ${columns.length}; see multiLabel`,
    )
  }
  const labelAt = labelsOf(column, table)
  const different = new Map<string, Label>(checkClasses(known).map((label) => [String(label), label]))
  for (let i = 0; i < rows.length; i++) {
    const label = labelAt(rows[i])
    different.set(String(label), label)
  }
  const classes = [...different.values()].sort((a, b) => (a < b ? -1 : 1))
  if (classes.length < 2 || classes.length > MAX_CLASSES) {
    const has = classes.length < 2 ? `only ${describe(classes[0])}` : `${classes.length}`
    const problem = `target ${describe(column.name)}: expected 2 to ${MAX_CLASSES} classes in the training rows, got ${has}`
    throw new NativeMlpError('INVALID_ARGUMENT', problem)
  }
  return { task: 'classes', columns: [column.name], classes }
}

function checkClasses(classes: readonly Label[] = []): readonly Label[] {
  if (!Array.isArray(classes)) throw invalidArgument('classes', 'a list of classes', classes)
  const wrong = classes.findIndex((label) => !['string', 'number', 'boolean'].includes(typeof label))
  if (wrong >= 0) throw invalidArgument(`classes[${wrong}]`, 'a text, a number or a boolean', classes[wrong])
  return classes
}

function labelsTarget(table: Table, columns: readonly Column[], rows: ArrayLike<number>): LabelsTarget {
  for (const column of columns) {
    const flagAt = flagsOf(column, table)
    for (let i = 0; i < rows.length; i++) flagAt(rows[i])
  }
  return { task: 'multiLabel', columns: columns.map(({ name }) => name) }
}

/** A constant target keeps its unit. */
function valuesTarget(table: Table, columns: readonly Column[], rows: ArrayLike<number>): ValuesTarget {
  const moments = columns.map((column) => {
    const valueAt = knownNumbers(column, table)
    return meanAndSd(Float64Array.from({ length: rows.length }, (_, i) => valueAt(rows[i])))
  })
  return {
    task: 'regression',
    columns: columns.map(({ name }) => name),
    means: moments.map(([mean]) => mean),
    sds: moments.map(([, sd]) => (sd > 0 && Number.isFinite(1 / sd) ? sd : 1)),
  }
}
