import { describe, expect, it } from 'vitest'
import { classMetrics, confusionMatrix } from '../../../src/train/metrics/confusion.js'

describe('confusionMatrix', () => {
  it('counts actual classes in rows and predicted ones in columns', () => {
    expect(confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2], 4)).toEqual([
      [1, 1, 0, 0],
      [0, 1, 0, 0],
      [1, 0, 2, 0],
      [0, 0, 0, 0],
    ])
  })
})

describe('classMetrics', () => {
  it('gives precision, recall and support, and 0 where there is nothing to divide by', () => {
    const confusion = [
      [3, 1, 0, 0],
      [2, 6, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 0],
    ]
    const pairs = confusion.flatMap((row, actual) =>
      row.flatMap((count, predicted) => Array.from({ length: count }, () => [actual, predicted])),
    )
    const actual = pairs.map(([a]) => a)
    const predicted = pairs.map(([, p]) => p)
    expect(confusionMatrix(actual, predicted, 4)).toEqual(confusion)
    const metrics = classMetrics(actual, predicted, 4)
    expect(metrics[0]).toEqual({ precision: 3 / 5, recall: 3 / 4, support: 4 })
    expect(metrics[1]).toEqual({ precision: 6 / 8, recall: 6 / 8, support: 8 })
    expect(metrics[2]).toEqual({ precision: 0, recall: 0, support: 1 })
    expect(metrics[3]).toEqual({ precision: 0, recall: 0, support: 0 })
  })
})
