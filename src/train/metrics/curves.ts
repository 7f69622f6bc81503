import { checking, numbersOf } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { PrecisionRecallCurve, RocCurve } from '../../core/results.js'
import type { ScoredRows } from './scored.js'

/** Cumulative counts, or sums of weights, of the rows with at least each distinct score, from the highest score. */
interface Thresholds {
  /** [T] rows that are positive */
  readonly positives: Float64Array
  /** [T] rows that are not */
  readonly negatives: Float64Array
}

/**
 * The rates of a yes-or-no decision by a score, at every threshold: rows of equal score are decided together. From (0, 0) to
 * (1, 1), without points on a straight line between others. The area is the probability that a positive row has a higher
 * score than a negative one, ties counted half.
 *
 * @param isPositive [n] truth: 1 or true, 0 or false
 * @param scores [n] higher for positive
 * @throws NativeMlpError INVALID_ARGUMENT unless there are rows of both kinds and finite scores
 */
export function rocCurve(isPositive: ArrayLike<number | boolean>, scores: ArrayLike<number>): RocCurve {
  const { positives, negatives } = checkedThresholds(isPositive, scores)
  const [p, n] = [positives.at(-1)!, negatives.at(-1)!]
  if (p === 0 || n === 0) {
    const kind = p === 0 ? 'positive' : 'negative'
    throw new NativeMlpError('INVALID_ARGUMENT', `isPositive: expected positive and negative rows, got no ${kind} one`)
  }
  const kept = corners(negatives, positives)
  return {
    falsePositiveRate: [0, ...kept.map((t) => negatives[t] / n)],
    truePositiveRate: [0, ...kept.map((t) => positives[t] / p)],
    area: areaUnder(positives, negatives),
  }
}

/**
 * Precision and recall of a yes-or-no decision by a score at every threshold, from the highest score to recall 1, preceded by
 * the point recall 0, precision 1. The average precision is the sum over the thresholds of precision times gained recall.
 *
 * @param isPositive [n] truth: 1 or true, 0 or false
 * @param scores [n] higher for positive
 * @throws NativeMlpError INVALID_ARGUMENT without a positive row, and for scores that are not finite
 */
export function precisionRecallCurve(
  isPositive: ArrayLike<number | boolean>,
  scores: ArrayLike<number>,
): PrecisionRecallCurve {
  const { positives, negatives } = checkedThresholds(isPositive, scores)
  const p = positives.at(-1)!
  if (p === 0) throw new NativeMlpError('INVALID_ARGUMENT', 'isPositive: expected a positive row, got none')
  const recall = [0]
  const precision = [1]
  let averagePrecision = 0
  for (let t = 0; t < positives.length; t++) {
    const gained = positives[t] - (t === 0 ? 0 : positives[t - 1])
    const share = positives[t] / (positives[t] + negatives[t])
    averagePrecision += (gained / p) * share
    if (gained === 0 && positives[t] === p) continue
    recall.push(positives[t] / p)
    precision.push(share)
  }
  return { recall, precision, averagePrecision }
}

/** Of two classes that of class 1, of more the mean over each class against the rest, of labels the mean over the labels. */
export function rocAuc(rows: ScoredRows): number {
  const { task, cols } = rows
  if (task === 'classes' && cols === 2) return areaOf(rows, 1)
  let sum = 0
  for (let c = 0; c < cols; c++) sum += areaOf(rows, c)
  return sum / cols
}

function areaOf(rows: ScoredRows, c: number): number {
  const isPositive = Array.from({ length: rows.count }, (_, r) => rows.isPositive(r, c))
  const { positives, negatives } = thresholds(isPositive, rows.scores(c), rows.weights)
  return areaUnder(positives, negatives)
}

function checkedThresholds(isPositive: ArrayLike<number | boolean>, scores: ArrayLike<number>): Thresholds {
  return checking('isPositive, scores', () =>
    thresholds(numbersOf('isPositive', isPositive), numbersOf('scores', scores)),
  )
}

function thresholds(
  isPositive: ArrayLike<number | boolean>,
  scores: ArrayLike<number>,
  weights: Float64Array | null = null,
): Thresholds {
  if (isPositive.length !== scores.length) {
    throw invalidArgument('scores', `${isPositive.length} of them, one a row`, scores.length)
  }
  const bad = Array.prototype.findIndex.call(scores, (score) => !Number.isFinite(score))
  if (bad >= 0) throw invalidArgument(`scores[${bad}]`, 'a finite number', scores[bad])
  const order = Int32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a])
  const positives: number[] = []
  const negatives: number[] = []
  let p = 0
  let n = 0
  order.forEach((row, i) => {
    const weight = weights ? weights[row] : 1
    if (isPositive[row]) p += weight
    else n += weight
    if (i + 1 < order.length && scores[order[i + 1]] === scores[row]) return
    positives.push(p)
    negatives.push(n)
  })
  if (order.length === 0) return { positives: new Float64Array(1), negatives: new Float64Array(1) }
  return { positives: Float64Array.from(positives), negatives: Float64Array.from(negatives) }
}

/** Trapezoids; over whole counts exact up to 2^52 pairs. */
function areaUnder(positives: Float64Array, negatives: Float64Array): number {
  let twice = 0
  for (let t = 0; t < positives.length; t++) {
    const [p, n] = t === 0 ? [0, 0] : [positives[t - 1], negatives[t - 1]]
    twice += (positives[t] + p) * (negatives[t] - n)
  }
  return twice / (2 * positives.at(-1)! * negatives.at(-1)!)
}

/** Positions where the curve from (0, 0) changes its direction, and the last one. */
function corners(xs: Float64Array, ys: Float64Array): number[] {
  const kept: number[] = []
  for (let t = 0; t < xs.length; t++) {
    const last = t === xs.length - 1
    const [x0, y0] = t === 0 ? [0, 0] : [xs[t - 1], ys[t - 1]]
    const cross = last ? 1 : (xs[t] - x0) * (ys[t + 1] - ys[t]) - (ys[t] - y0) * (xs[t + 1] - xs[t])
    if (cross !== 0) kept.push(t)
  }
  return kept
}
