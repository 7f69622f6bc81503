import { describe, expect, it } from 'vitest'
import { logTicks } from '../../../src/plot/data/nice-ticks.js'

describe('logTicks', () => {
  it('are 1, 2 and 5 of each decade, or powers of ten when those are many', () => {
    expect(logTicks([0.015, 3])).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2])
    expect(logTicks([1e-5, 10])).toEqual([1e-5, 1e-4, 0.001, 0.01, 0.1, 1, 10])
    expect(logTicks([1e-30, 1e30]).length).toBeLessThanOrEqual(10)
  })
})
