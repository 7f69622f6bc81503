import { describe, expect, it } from 'vitest'
import { formatShort, linearTicks, logTicks } from '../../../src/plot/data/nice-ticks.js'

describe('logTicks', () => {
  it('are 1, 2 and 5 of each decade, or powers of ten when those are many', () => {
    expect(logTicks([0.015, 3])).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2])
    expect(logTicks([1e-5, 10])).toEqual([1e-5, 1e-4, 0.001, 0.01, 0.1, 1, 10])
    expect(logTicks([1e-30, 1e30]).length).toBeLessThanOrEqual(10)
  })
})

describe('linearTicks', () => {
  it('are multiples of 1, 2 or 5, written without rounding errors', () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(linearTicks(0.05, 0.37, 8)).toEqual([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35])
    expect(linearTicks(16, 512, 6)).toEqual([100, 200, 300, 400, 500])
    expect(linearTicks(-3, 3, 3)).toEqual([-2, 0, 2])
    expect(linearTicks(7, 7, 3)).toEqual([7])
  })

  it('are few and inside, however small or large the numbers', () => {
    for (const [low, high] of [
      [1e-300, 2e-300],
      [0.123456, 0.123457],
      [-1e15, 1e15],
      [1e300, 1.1e300],
      [3, 4],
    ]) {
      const ticks = linearTicks(low, high, 8)
      expect(ticks.length).toBeGreaterThan(1)
      expect(ticks.length).toBeLessThan(11)
      for (const tick of ticks)
        expect(tick >= low * (1 - 1e-6 * Math.sign(low)) && tick <= high * (1 + 1e-6)).toBe(true)
    }
  })
})

describe('formatShort', () => {
  it.each([
    [0.001, '0.001'],
    [512, '512'],
    [123456789, '123456789'],
    [0.004837261937, '0.00484'],
    [1e-7, '1e−7'],
    [0.075, '0.075'],
    [0.28236, '0.282'],
    [0.3, '0.3'],
    [-0.5, '−0.5'],
    [1e21, '1.00e21'],
  ])('%d is %s', (value, text) => {
    expect(formatShort(value)).toBe(text)
  })
})
