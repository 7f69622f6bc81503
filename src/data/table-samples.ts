import { encodeInputs } from '../table/encode-inputs.js'
import { type LearnOptions, learnTable, type TableSchema } from '../table/learn.js'
import { takeRows } from '../table/rows.js'
import type { Table } from '../table/table.js'
import { encodeTarget } from '../table/target.js'
import { inputsOf, type TableTransform, targetNames } from '../table/transform.js'
import { range } from './range.js'
import { Samples } from './samples.js'
import type { TableOrigin } from './samples-options.js'

/** Encoded rows are made when they are first read; a set that is only divided never makes them. */
const NONE = new Float32Array(0)

/**
 * A set from the rows of a table, with a transform learnt on them.
 *
 * @throws NativeMlpError as `learnTable` and `encodeTable`
 */
export function tableSamples(table: Table, options: LearnOptions): Samples {
  const { transform, schema } = learnTable(table, options)
  return setOf(table, null, transform, { ...options, target: schema.target, task: schema.task }, schema)
}

/** A set from a table, for a transform learnt on other rows. @throws NativeMlpError as `encodeTable` */
export function tableSamplesLike(table: Table, like: Samples): Samples {
  return setOf(table, null, like.transform!, like.origin!.options, like.origin!.schema)
}

/**
 * Some rows of a set of a table, with a transform learnt on these rows alone. The names of the classes stay those of the whole
 * set, so that the folds of a study have the same outputs.
 *
 * @param rows positions in `set`
 */
export function learnAgain(set: Samples, rows: Int32Array): Samples {
  const { table, options } = set.origin!
  const positions = tableRows(set, rows)
  const { transform, schema } = learnTable(table, { ...options, rows: positions })
  const target = transform.target.task === 'classes' ? set.transform!.target : transform.target
  // the first note says how the task was chosen, which is the same for all rows
  const notes = [...set.origin!.schema.notes.slice(0, 1), ...schema.notes.slice(1)]
  return setOf(table, positions, { ...transform, target }, options, { ...schema, notes })
}

/** Some rows of a set of a table, as the transform of another set encodes them. @param rows positions in `set` */
export function withTransform(set: Samples, like: Samples, rows: Int32Array): Samples {
  const { table, options } = set.origin!
  return setOf(table, tableRows(set, rows), like.transform!, options, like.origin!.schema)
}

/** The same rows of a set of a table, as a model was trained to read them. */
export function encodedAs(set: Samples, transform: TableTransform): Samples {
  const { table, options, schema } = set.origin!
  return setOf(table, tableRows(set, range(set.length)), transform, options, schema)
}

/** The encoded rows alone: the raw ones take twice their memory. */
export function withoutRaw(set: Samples): Samples {
  return set.origin === null ? set : new Samples({ ...set, origin: null })
}

/** The rows of two sets of one table as one set, with a transform learnt on all of them; null for sets of two tables. */
export function joinTables(a: Samples, b: Samples): Samples | null {
  if (!a.origin || !b.origin || a.origin.table !== b.origin.table) return null
  const rows = Int32Array.from([...tableRows(a, range(a.length)), ...tableRows(b, range(b.length))]).sort()
  const { table, options, schema } = a.origin
  return learnAgain(setOf(table, rows, a.transform!, options, schema), range(rows.length))
}

/** The raw rows of a set of a table, with its target; null for a set of no table. */
export function rawTableOf(set: Samples): Table | null {
  const { origin } = set
  return origin ? { ...takeRows(origin.table, tableRows(set, range(set.length))), target: origin.schema.target } : null
}

/** As many rows, with the same classes; `rows` of what is divided or taken from it are positions in the set. */
export function positionsOf({ labels, rows, classes, classNames, length }: Samples): Samples {
  const classOf = labels && rows.map((row) => labels[row])
  return new Samples({
    ...{ values: new Uint8Array(length), cols: 1, table: null, labels: classOf, classes, classNames },
    ...{ targets: null, targetCols: 0, kind: 'bytes', rows: range(length), scale: 'raw', imageShape: null },
  })
}

function divide(set: Samples, kept: Int32Array, drawn: Int32Array): [Samples, Samples] {
  const train = learnAgain(set, kept)
  return [train, withTransform(set, train, drawn)]
}

function tableRows({ rows: own, origin }: Pick<Samples, 'rows' | 'origin'>, rows: Int32Array): Int32Array {
  const known = origin!.rows
  return rows.map((position) => (known === null ? own[position] : known[own[position]]))
}

function setOf(
  table: Table,
  rows: Int32Array | null,
  transform: TableTransform,
  options: LearnOptions,
  schema: TableSchema,
): Samples {
  const origin: TableOrigin = { table, rows, options, schema, divide }
  const { labels, targets } = encodeTarget(transform.target, table, rows ?? undefined)
  const names = transform.target.task === 'classes' ? targetNames(transform) : null
  const fields = {
    ...{ values: NONE, cols: inputsOf(transform), table: null, labels, targets },
    targetCols: names === null ? targetNames(transform).length : 0,
    classes: names?.length ?? 0,
    classNames: names ?? [],
    ...({ kind: 'floats', rows: range(rows?.length ?? table.length), scale: 'unit', imageShape: null } as const),
    ...{ transform, origin },
  }
  return new Samples(fields, () => encodeInputs(transform.inputs, table, rows ?? undefined))
}
