import type { ScoredRows } from './scored.js'
import { meanOver, weightOf } from './weights.js'

/** Of each class or label, [C]: sums of the weights of rows, their number where all are equal. */
interface Counts {
  /** rows that have it and are predicted to have it */
  readonly hits: Float64Array
  /** rows that have it */
  readonly supports: Float64Array
  /** rows that are predicted to have it */
  readonly predictions: Float64Array
  /** 1 where any row has it or is predicted to, whatever its weight */
  readonly isSeen: Uint8Array
}

function countsOf(rows: ScoredRows): Counts {
  const { count, cols } = rows
  const hits = new Float64Array(cols)
  const supports = new Float64Array(cols)
  const predictions = new Float64Array(cols)
  const isSeen = new Uint8Array(cols)
  for (let r = 0; r < count; r++) {
    const weight = weightOf(rows, r)
    if (rows.task === 'classes') {
      const [actual, predicted] = [rows.actual[r], rows.predicted[r]]
      supports[actual] += weight
      predictions[predicted] += weight
      if (actual === predicted) hits[actual] += weight
      isSeen[actual] = 1
      isSeen[predicted] = 1
      continue
    }
    for (let c = 0; c < cols; c++) {
      const [is, isPredicted] = [rows.isPositive(r, c), rows.isPredicted(r, c)]
      if (is) supports[c] += weight
      if (isPredicted) predictions[c] += weight
      if (is && isPredicted) hits[c] += weight
    }
  }
  return { hits, supports, predictions, isSeen }
}

/** The mean recall of the classes that have rows. */
export function balancedAccuracy(rows: ScoredRows): number {
  const { hits, supports } = countsOf(rows)
  let sum = 0
  let present = 0
  supports.forEach((support, c) => {
    if (support === 0) return
    sum += hits[c] / support
    present++
  })
  return sum / present
}

/**
 * The mean F1 of the classes that have rows or are predicted, or of all labels; the F1 of a label that has no row and is
 * never predicted is 0. As scikit-learn's f1_score with average='macro' and zero_division=0.
 */
export function f1Macro(rows: ScoredRows): number {
  const { hits, supports, predictions, isSeen } = countsOf(rows)
  let sum = 0
  let averaged = 0
  supports.forEach((support, c) => {
    const both = support + predictions[c]
    if (both > 0) sum += (2 * hits[c]) / both
    if (isSeen[c] === 1 || rows.task === 'labels') averaged++
  })
  return sum / averaged
}

/** F1 of the counts of all classes or labels together: the accuracy for classes; 0 where no label is set or predicted. */
export function f1Micro(rows: ScoredRows): number {
  const { hits, supports, predictions } = countsOf(rows)
  const both = sum(supports) + sum(predictions)
  return both === 0 ? 0 : (2 * sum(hits)) / both
}

/**
 * The share of rows whose class is among the k with the highest outputs, on ties those of the lowest number, so that top-1
 * accuracy is the accuracy. One output of binary cross-entropy is the output of class 1, that of class 0 is 0.
 */
export function topKAccuracy(rows: ScoredRows, k: number): number {
  const { count, cols, actual, outputs } = rows
  const isSingle = outputs.length < count * cols
  return meanOver(rows, (r) => {
    const of = (c: number) => (isSingle ? (c === 1 ? outputs[r] : 0) : outputs[r * cols + c])
    const own = of(actual[r])
    let above = 0
    for (let c = 0; c < cols; c++) if (of(c) > own || (of(c) === own && c < actual[r])) above++
    return above < k ? 1 : 0
  })
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
