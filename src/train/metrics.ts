import type { ClassMetrics } from '../core/results.js'

/**
 * confusion[actual][predicted], C x C counts.
 *
 * @param actual [n] classes 0..C-1
 * @param predicted [n] classes 0..C-1
 */
export function confusionMatrix(actual: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < actual.length; i++) confusion[actual[i]][predicted[i]]++
  return confusion
}

/** Precision, recall and support of each class of a confusion matrix. */
export function classMetrics(confusion: readonly (readonly number[])[]): ClassMetrics[] {
  return confusion.map((row, c) => {
    const hits = row[c]
    const support = row.reduce((sum, count) => sum + count, 0)
    const predicted = confusion.reduce((sum, other) => sum + other[c], 0)
    return {
      precision: predicted === 0 ? 0 : hits / predicted,
      recall: support === 0 ? 0 : hits / support,
      support,
    }
  })
}
