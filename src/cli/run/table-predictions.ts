import { NativeMlpError } from '../../core/errors.js'
import { readTablesOf } from '../../data/load.js'
import { type CsvValue, toCsv } from '../../formats/csv.js'
import type { MLP } from '../../model/mlp.js'
import type { RowPrediction } from '../../model/raw-rows.js'
import type { Table } from '../../table/table.js'
import { targetNames } from '../../table/transform.js'
import { newSpec } from '../config/data-flag.js'
import { isTableSpec, type TableFlags } from '../config/table-flags.js'
import { textTable } from '../terminal.js'
import { textColumns } from './model-data.js'
import { readingProgress } from './reading.js'

/** Predictions for the rows of a file. */
export interface TablePredictions {
  readonly table: Table
  readonly notes: readonly string[]
  readonly rows: readonly RowPrediction[]
}

/** Rows of a table that are printed. */
const SHOWN = 20

/**
 * @param file of raw rows, with the columns that the model was trained on
 * @throws NativeMlpError INVALID_ARGUMENT for a model that was not trained on a table, a file of another kind, a missing column
 *   and a cell that does not fit, with its line
 */
export async function predictTable(model: MLP, file: string, flags: TableFlags): Promise<TablePredictions> {
  const { table: transform } = model
  if (transform === null) {
    const problem = 'the model was not trained on a table; use --images, --npy or --rows'
    throw new NativeMlpError('INVALID_ARGUMENT', `${file}: ${problem}`)
  }
  const spec = await newSpec(file, flags)
  if (!isTableSpec(spec)) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${file}: expected a table (.csv, .tsv, .jsonl, .parquet)`)
  }
  const reading = readingProgress()
  const { table, notes } = await readTablesOf(spec, { onProgress: reading.onProgress }, textColumns(transform)).finally(
    reading.stop,
  )
  return { table, notes, rows: await model.predictRows(table) }
}

/** As columns: the prediction under the name of the target, then probabilities by name, or the `top` most probable classes. */
export function predictionsCsv(model: MLP, rows: readonly RowPrediction[], top: number | null): string {
  const { target } = model.table!
  const names = targetNames(model.table!)
  const values = (row: RowPrediction): CsvValue[] => {
    if (target.task === 'regression') return row.values ? names.map((name) => row.values![name]) : [row.value]
    const probabilities = names.map((name) => row.probabilities![name])
    if (target.task === 'multiLabel')
      return [...names.map((name) => (row.labels!.includes(name) ? 1 : 0)), ...probabilities]
    return [row.class, ...(top === null ? probabilities : topOf(row, top).flat())]
  }
  const columns = () => {
    if (target.task === 'regression') return [...names]
    const probabilities = names.map((name) => `p_${name}`)
    if (target.task === 'multiLabel') return [...names, ...probabilities]
    const best = Array.from({ length: Math.min(top ?? 0, names.length) }, (_, i) => [`top${i + 1}`, `p${i + 1}`])
    return [target.columns[0], ...(top === null ? probabilities : best.flat())]
  }
  return toCsv(
    ['row', ...columns()],
    rows.map((row, i) => [i, ...values(row)]),
  )
}

/** The most probable classes, the first first. */
function topOf({ probabilities }: RowPrediction, count: number): (readonly [string, number])[] {
  return Object.entries(probabilities!)
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
}

/** The first rows for people. */
export function predictionsText(model: MLP, { rows, table }: TablePredictions, top: number | null): string {
  const { target } = model.table!
  const number = (value: number) => String(Number(value.toPrecision(6)))
  const words = (row: RowPrediction): string => {
    if (row.value !== undefined) return number(row.value)
    if (row.values !== undefined)
      return Object.entries(row.values)
        .map(([name, value]) => `${name} ${number(value)}`)
        .join(', ')
    const best = topOf(row, top ?? 1).map(([name, p]) => `${name} ${(100 * p).toFixed(2)} %`)
    return target.task === 'multiLabel' ? row.labels!.join(', ') || 'none' : best.join(', ')
  }
  const shown = rows.slice(0, SHOWN).map((row, i) => [table.place(i), words(row)])
  const text = textTable(['row', target.columns.join(', ')], shown)
  return rows.length > SHOWN ? `${text}\n... ${rows.length - SHOWN} more rows; --out predictions.csv writes all` : text
}
