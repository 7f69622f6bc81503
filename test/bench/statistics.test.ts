import { describe, expect, it } from 'vitest'
import { median, quantile, summarize } from '../../src/bench/statistics.js'

describe('statistics of samples', () => {
  it('give the quantiles NumPy gives', () => {
    // numpy.quantile([1, 2, 4, 8, 16], [0, .1, .25, .5, .9, 1])
    const sorted = [1, 2, 4, 8, 16]
    const expected = [1, 1.4, 2, 4, 12.8, 16]
    for (const [i, q] of [0, 0.1, 0.25, 0.5, 0.9, 1].entries()) expect(quantile(sorted, q)).toBeCloseTo(expected[i], 12)
    expect(quantile([7], 0.9)).toBe(7)
  })

  it('sort as numbers and leave the samples as they were', () => {
    const samples = [100, 9, 20, 30, 80, 40, 70, 50, 60, 90, 10]
    expect(summarize(samples)).toEqual({ median: 50, p10: 10, p90: 90, min: 9, max: 100, samples: 11 })
    expect(samples[0]).toBe(100)
  })

  it('take the middle, or between the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})
