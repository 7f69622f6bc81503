import { log } from '../../core/elementary.js'
import type { ScoredRows } from './scored.js'
import { meanOver, totalWeight, weightOf } from './weights.js'

/** Smallest probability that a loss is computed from, 2^-52 as in scikit-learn: the largest loss of a row is 36.04. */
const SMALLEST_PROBABILITY = Number.EPSILON

/** The mean of -log p, p the probability of the row's class, clipped to 2^-52 and 1 - 2^-52. */
export function logLoss(rows: ScoredRows): number {
  const { cols, actual, probabilities } = rows
  return meanOver(rows, (r) => {
    const p = probabilities[r * cols + actual[r]]
    return -log(Math.min(1 - SMALLEST_PROBABILITY, Math.max(SMALLEST_PROBABILITY, p)))
  })
}

/** The mean of the squared distance between probabilities and truth: of class 1 alone for two classes, else of all. */
export function brierScore(rows: ScoredRows): number {
  const { count, cols, actual, probabilities } = rows
  const first = cols === 2 ? 1 : 0
  let sum = 0
  for (let r = 0; r < count; r++) {
    for (let c = first; c < cols; c++) {
      const distance = probabilities[r * cols + c] - (actual[r] === c ? 1 : 0)
      sum += weightOf(rows, r) * (distance * distance)
    }
  }
  return sum / totalWeight(rows)
}
