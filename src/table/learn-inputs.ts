import { cellNumbers } from './encode-inputs.js'
import { distinctQuantiles, normalQuantile, quantileOf } from './quantiles.js'
import type { Column, Table } from './table.js'
import type { CategoricalInput, NumericInput, NumericScale } from './transform.js'

export interface NumericOptions {
  readonly scale: NumericScale
  readonly bins: number
  readonly isDate: boolean
}

/** At most so many quantiles of 'quantile'. */
const MOST_KNOTS = 1000

/** @returns null for a column without a value in the training rows */
export function learnNumeric(
  table: Table,
  column: Column,
  rows: ArrayLike<number>,
  { scale, bins, isDate }: NumericOptions,
): NumericInput | null {
  const valueAt = cellNumbers(column, isDate, table)
  const count = countPresent(valueAt, rows)
  if (count === 0) return null
  const sorted = everyNth(valueAt, rows, count, Math.max(1, Math.floor(count / ENOUGH))).sort()
  const edges = bins === 0 ? [] : distinctQuantiles(sorted, bins)
  const fill = quantileOf(sorted, 0.5)
  return {
    column: column.name,
    kind: 'numeric',
    isDate,
    scale,
    ...scaling(sorted, scale, () => everyNth(valueAt, rows, count, 1)),
    // two edges alone repeat the scaled number
    edges: edges.length < 3 ? [] : edges,
    fill,
    hasFlag: count < rows.length,
  }
}

/** Quantiles are those of about so many values, evenly spaced in the order of the rows: their error is below that of the data. */
const ENOUGH = 100_000

type ValueAt = (row: number) => number

function countPresent(valueAt: ValueAt, rows: ArrayLike<number>): number {
  let count = 0
  for (let i = 0; i < rows.length; i++) if (!Number.isNaN(valueAt(rows[i]))) count++
  return count
}

/** Of the column at hand: an array for each would wait in memory for its collection. */
let scratch = new Float64Array(0)

/** One of every `step` values, without the missing ones, of which there are `count`; valid until the next call, which takes its place. */
function everyNth(valueAt: ValueAt, rows: ArrayLike<number>, count: number, step: number): Float64Array {
  const length = Math.ceil(count / step)
  if (scratch.length < length) scratch = new Float64Array(length)
  const some = scratch.subarray(0, length)
  let at = 0
  for (let i = 0; i < rows.length; i++) {
    const value = valueAt(rows[i])
    if (Number.isNaN(value)) continue
    if (at % step === 0) some[at / step] = value
    at++
  }
  return some
}

type Scaling = Pick<NumericInput, 'center' | 'factor' | 'knots' | 'scores'>

/** @param all the values of which `sorted` may be a part */
function scaling(sorted: Float64Array, scale: NumericScale, all: () => Float64Array): Scaling {
  const linear = (center: number, width: number): Scaling => {
    const factor = 1 / width
    return { center, factor: width > 0 && Number.isFinite(factor) ? factor : 0, knots: [], scores: [] }
  }
  switch (scale) {
    case 'robust': {
      const width = quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25)
      return linear(quantileOf(sorted, 0.5), width > 0 ? width : 0.5 * (sorted[sorted.length - 1] - sorted[0]))
    }
    case 'standard':
      return linear(...meanAndSd(all()))
    case 'minMax': {
      const [min, max] = rangeOf(all())
      return linear(min + (max - min) / 2, (max - min) / 2)
    }
    case 'quantile':
      return { ...linear(0, 1), ...normalScores(sorted) }
    case 'none':
      return linear(0, 1)
  }
}

function rangeOf(values: Float64Array): [min: number, max: number] {
  let [min, max] = [values[0], values[0]]
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  return [min, max]
}

/** Mean and standard deviation (n). */
export function meanAndSd(values: Float64Array): [mean: number, sd: number] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const variance = values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / values.length
  return [mean, Math.sqrt(variance)]
}

/** Different quantiles and the normal quantiles of their mean ranks. */
function normalScores(sorted: Float64Array): Pick<NumericInput, 'knots' | 'scores'> {
  const count = Math.min(sorted.length, MOST_KNOTS)
  const at = (i: number) => quantileOf(sorted, count === 1 ? 0.5 : i / (count - 1))
  const knots: number[] = []
  const scores: number[] = []
  for (let from = 0; from < count; ) {
    let to = from + 1
    while (to < count && at(to) === at(from)) to++
    knots.push(at(from))
    scores.push(normalQuantile((from + to) / 2 / count))
    from = to
  }
  return { knots, scores }
}

/** @returns null for a column without a value in the training rows */
export function learnCategorical(column: Column, rows: ArrayLike<number>, maxLevels: number): CategoricalInput | null {
  const counts = new Map<string, number>()
  for (let i = 0; i < rows.length; i++) {
    const level = levelOf(column, rows[i])
    if (level !== null) counts.set(level, (counts.get(level) ?? 0) + 1)
  }
  if (counts.size === 0) return null
  const byCount = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([level]) => level)
  const kept = byCount.length > maxLevels ? maxLevels - 1 : byCount.length
  return { column: column.name, kind: 'categorical', levels: byCount.slice(0, kept), rare: byCount.slice(kept) }
}

/** null: missing */
function levelOf(column: Column, row: number): string | null {
  if (column.kind === 'text') return column.codes[row] < 0 ? null : column.levels[column.codes[row]]
  return Number.isNaN(column.values[row]) ? null : String(column.values[row])
}
