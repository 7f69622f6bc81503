import { checking, integerInRange, numbersOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { ReliabilityBin } from '../../core/results.js'
import type { ScoredRows } from './scored.js'

/** As in Guo et al. (2017). */
export const CALIBRATION_BINS = 15

/**
 * Rows by the confidence of their prediction, in bins of equal width: (0, 1/15], (1/15, 2/15], ... Confidence 0 is in the
 * first. Empty bins are there, too.
 *
 * @param confidences [n] probability of the predicted class, 0..1
 * @param isCorrect [n] whether the prediction is right: 1 or true, 0 or false
 * @param bins 1 to 1,000; default 15
 * @throws NativeMlpError INVALID_ARGUMENT for lengths that differ or a confidence outside 0..1
 */
export function reliabilityBins(
  confidences: ArrayLike<number>,
  isCorrect: ArrayLike<number | boolean>,
  bins = CALIBRATION_BINS,
): ReliabilityBin[] {
  return checking('reliabilityBins', () => {
    numbersOf('confidences', confidences)
    numbersOf('isCorrect', isCorrect)
    return binned(confidences, isCorrect, integerInRange('bins', bins, 1, 1000))
  })
}

function binned(
  confidences: ArrayLike<number>,
  isCorrect: ArrayLike<number | boolean>,
  bins: number,
  weights: Float64Array | null = null,
): ReliabilityBin[] {
  if (isCorrect.length !== confidences.length) {
    throw invalidArgument('isCorrect', `${confidences.length} of them, one a row`, isCorrect.length)
  }
  const counts = new Float64Array(bins)
  const correct = new Float64Array(bins)
  const sums = new Float64Array(bins)
  for (let r = 0; r < confidences.length; r++) {
    const confidence = confidences[r]
    if (!(confidence >= 0 && confidence <= 1))
      throw invalidArgument(`confidences[${r}]`, 'a number from 0 to 1', confidence)
    const b = binOf(confidence, bins)
    const weight = weights ? weights[r] : 1
    counts[b] += weight
    sums[b] += weight * confidence
    if (isCorrect[r]) correct[b] += weight
  }
  return Array.from(counts, (count, b) => ({
    from: b / bins,
    to: (b + 1) / bins,
    count,
    confidence: count === 0 ? null : sums[b] / count,
    accuracy: count === 0 ? null : correct[b] / count,
  }))
}

/** The first bin whose upper edge is not below the confidence, whatever the product rounds to. */
function binOf(confidence: number, bins: number): number {
  let b = Math.max(0, Math.min(bins, Math.ceil(confidence * bins)) - 1)
  if (b > 0 && confidence <= b / bins) b--
  if (confidence > (b + 1) / bins) b++
  return b
}

/** Of the predictions of a classifier. */
export function reliabilityOf(rows: ScoredRows, bins = CALIBRATION_BINS): ReliabilityBin[] {
  const { count, cols, actual, predicted, probabilities, weights } = rows
  const confidences = Float64Array.from({ length: count }, (_, r) => probabilities[r * cols + predicted[r]])
  const isCorrect = predicted.map((c, r) => (c === actual[r] ? 1 : 0))
  return binned(confidences, isCorrect, bins, weights)
}

/** Expected calibration error: the mean over the rows of |accuracy - confidence| of their bin. */
export function calibrationError(rows: ScoredRows): number {
  return expectedError(reliabilityOf(rows))
}

/** @param bins with at least one row */
export function expectedError(bins: readonly ReliabilityBin[]): number {
  let sum = 0
  let rows = 0
  for (const { count, confidence, accuracy } of bins) {
    if (confidence === null || accuracy === null) continue
    sum += count * Math.abs(accuracy - confidence)
    rows += count
  }
  return sum / rows
}
