import { invalidArgument } from '../../core/errors.js'

/** What metrics need of the weights of rows. */
export interface Weighted {
  /** rows, n */
  readonly count: number
  /** [n]; null: all are equal */
  readonly weights?: Float64Array | null
}

export function weightOf({ weights }: Weighted, r: number): number {
  return weights ? weights[r] : 1
}

/** The sum over the rows; exactly their number where all are equal. */
export function totalWeight({ count, weights }: Weighted): number {
  return weights ? weights.reduce((sum, weight) => sum + weight, 0) : count
}

/** The weighted mean of a number of each row. */
export function meanOver(rows: Weighted, of: (r: number) => number): number {
  let sum = 0
  for (let r = 0; r < rows.count; r++) sum += weightOf(rows, r) * of(r)
  return sum / totalWeight(rows)
}

/**
 * A copy: the caller may change the array meanwhile.
 *
 * @param rows their number
 * @param name what messages call the weights
 * @param which rows, for messages, e.g. 'training row'
 * @throws NativeMlpError INVALID_ARGUMENT for weights that are not one number >= 0 for each row, or all 0
 */
export function checkRowWeights(
  weights: ArrayLike<number> | undefined,
  rows: number,
  name: string,
  which: string,
): Float64Array | null {
  if (weights === undefined) return null
  const copy = Object(weights).length === rows ? Array.from(weights) : []
  const wrong = copy.findIndex((w) => !(Number.isFinite(w) && w >= 0))
  if (wrong >= 0) throw invalidArgument(`${name}[${wrong}]`, 'a number >= 0', copy[wrong])
  if (copy.length !== rows) throw invalidArgument(name, `${rows} numbers, one for each ${which}`, weights)
  const sum = copy.reduce((total, w) => total + w, 0)
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY))
    throw invalidArgument(name, 'a weight above 0 for some row, and a finite sum', sum)
  return Float64Array.from(copy)
}
