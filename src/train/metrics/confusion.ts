import type { ClassMetrics } from '../../core/results.js'

/** Larger confusion matrices are unreadable and soon exceed memory. */
const MAX_CONFUSION_CLASSES = 1000

/**
 * confusion[actual][predicted], C x C counts; empty for more than 1,000 classes.
 *
 * @param actual [n] classes 0..C-1
 * @param predicted [n] classes 0..C-1
 * @param weights [n], which are summed instead of counting rows; null: none
 */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  weights: ArrayLike<number> | null = null,
): number[][] {
  if (classes > MAX_CONFUSION_CLASSES) return []
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < actual.length; i++) confusion[actual[i]][predicted[i]] += weights ? weights[i] : 1
  return confusion
}

/** Precision, recall and support of each class, from the same arguments as `confusionMatrix`. */
export function classMetrics(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  weights: ArrayLike<number> | null = null,
): ClassMetrics[] {
  const hits = new Float64Array(classes)
  const supports = new Float64Array(classes)
  const predictions = new Float64Array(classes)
  for (let i = 0; i < actual.length; i++) {
    const weight = weights ? weights[i] : 1
    supports[actual[i]] += weight
    predictions[predicted[i]] += weight
    if (actual[i] === predicted[i]) hits[actual[i]] += weight
  }
  return Array.from(supports, (support, c) => ({
    precision: predictions[c] === 0 ? 0 : hits[c] / predictions[c],
    recall: support === 0 ? 0 : hits[c] / support,
    support,
  }))
}
