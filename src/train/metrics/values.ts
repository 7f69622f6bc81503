import type { ScoredRows } from './scored.js'
import { meanOver, totalWeight, type Weighted, weightOf } from './weights.js'

/** Targets and outputs of a regression. */
type Values = Pick<ScoredRows, 'count' | 'cols' | 'targets' | 'outputs'> & Weighted

/** The mean over the columns of a number of each. */
function overColumns({ count, cols, targets, outputs }: Values, of: (t: Float64Array, y: Float64Array) => number) {
  let sum = 0
  for (let c = 0; c < cols; c++) {
    const column = (values: Float32Array) => Float64Array.from({ length: count }, (_, r) => values[r * cols + c])
    sum += of(column(targets), column(outputs))
  }
  return sum / cols
}

/**
 * 1 - (squared error / squared deviation of the targets from their mean), the mean over the columns. A column with equal
 * targets has 1 if every output is exact, else 0.
 */
export function r2(rows: Values): number {
  return overColumns(rows, (t, y) => {
    const error = squaredDistance(rows, t, y)
    // relative to the first target, so that equal targets deviate by exactly 0
    const shifted = t.map((value) => value - t[0])
    const mean = meanOver(rows, (r) => shifted[r])
    const deviation = squaredDistance(rows, shifted, new Float64Array(t.length).fill(mean))
    if (deviation === 0) return error === 0 ? 1 : 0
    return 1 - error / deviation
  })
}

/** Root of the mean squared error, the mean over the columns. */
export function rmse(rows: Values): number {
  return overColumns(rows, (t, y) => Math.sqrt(squaredDistance(rows, t, y) / totalWeight(rows)))
}

/** Mean absolute error, over rows and columns. */
export function mae(rows: Values): number {
  return overColumns(rows, (t, y) => meanOver(rows, (r) => Math.abs(t[r] - y[r])))
}

/** Weighted. */
function squaredDistance(rows: Values, a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, r) => sum + weightOf(rows, r) * ((value - b[r]) * (value - b[r])), 0)
}
