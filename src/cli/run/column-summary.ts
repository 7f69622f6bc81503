import { range } from '../../data/range.js'
import type { ColumnPanel } from '../../plot/figures/column-histograms.js'
import { percent } from '../../progress/words.js'
import { type ColumnSchema, columnSchema } from '../../table/schema.js'
import type { Column, NumberColumn, Table, TextColumn } from '../../table/table.js'

/** What a column holds, for people and for figures. */
export interface ColumnSummary extends ColumnSchema {
  /** of numbers: their range and median; of texts: the most frequent */
  readonly values: string
  readonly panel: ColumnPanel
}

/** Bins of a histogram. */
const BINS = 24
/** Texts that are shown. */
const SHOWN = 8

/** @param target columns that are predicted, which are not checked for identifiers */
export function summarizeColumns(table: Table, target: readonly string[]): ColumnSummary[] {
  const rows = range(table.length)
  return table.columns.map((column) => {
    const isTarget = target.includes(column.name)
    const schema = columnSchema(table, column, rows, undefined)
    const note = isTarget ? 'target' : schema.note
    return { ...schema, ...(isTarget && { type: typeOf(column) }), note, ...contentsOf(column, schema) }
  })
}

function typeOf(column: Column): ColumnSchema['type'] {
  return column.kind === 'number' ? 'numeric' : 'categorical'
}

function contentsOf(column: Column, schema: ColumnSchema): Pick<ColumnSummary, 'values' | 'panel'> {
  const missing = schema.missing > 0 ? `, ${schema.missing} missing` : ''
  return column.kind === 'number' ? numbersOf(column, missing) : textsOf(column, missing)
}

const short = (value: number) => String(Number(value.toPrecision(5)))

function numbersOf({ name, values }: NumberColumn, missing: string): Pick<ColumnSummary, 'values' | 'panel'> {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  if (sorted.length === 0) return { values: '', panel: { name, note: 'no values', bins: [], levels: [] } }
  const [min, median, max] = [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]]
  const width = (max - min) / BINS || 1
  const counts = new Array<number>(BINS).fill(0)
  for (const value of sorted) counts[Math.min(BINS - 1, Math.floor((value - min) / width))]++
  const bins = counts.map((count, i) => ({ x0: min + i * width, x1: min + (i + 1) * width, count }))
  const words = `${short(min)} to ${short(max)}, median ${short(median)}`
  return { values: words, panel: { name, note: `${words}${missing}`, bins, levels: [] } }
}

function textsOf({ name, codes, levels }: TextColumn, missing: string): Pick<ColumnSummary, 'values' | 'panel'> {
  const counts = new Float64Array(levels.length)
  for (const code of codes) if (code >= 0) counts[code]++
  const present = counts.reduce((sum, count) => sum + count, 0)
  const all = levels.map((level, code) => ({ level, count: counts[code] })).sort((a, b) => b.count - a.count)
  const words = all.slice(0, 3).map(({ level, count }) => `${level} ${percent(count / present)}`)
  const note = `${levels.length} different${missing}`
  return { values: words.join(', '), panel: { name, note, bins: [], levels: all.slice(0, SHOWN) } }
}
