import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/core/random.js'
import { checkInit, type Init, initialParameters } from '../../src/model/initializers.js'

function moments(values: Float32Array): { mean: number; sd: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  return { mean, sd: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) }
}

describe('initialParameters', () => {
  it("draws 'he' as N(0, 2 / K) with zero biases", () => {
    const [first, second] = initialParameters([200, 300, 100], 'he', 1)
    expect(moments(first.weights).sd).toBeCloseTo(Math.sqrt(2 / 200), 2)
    expect(moments(second.weights).sd).toBeCloseTo(Math.sqrt(2 / 300), 2)
    expect(moments(first.weights).mean).toBeCloseTo(0, 2)
    expect([...first.biases, ...second.biases].every((b) => Object.is(b, 0))).toBe(true)
  })

  it("draws 'glorot' uniform within sqrt(6 / (K + N))", () => {
    const [{ weights, biases }] = initialParameters([200, 100], 'glorot', 1)
    const limit = Math.sqrt(6 / 300)
    expect(weights.every((w) => Math.abs(w) <= Math.fround(limit))).toBe(true)
    expect(Math.max(...weights)).toBeGreaterThan(0.99 * limit)
    expect(Math.min(...weights)).toBeLessThan(-0.99 * limit)
    expect(moments(weights).sd).toBeCloseTo(limit / Math.sqrt(3), 2)
    expect(biases.every((b) => b === 0)).toBe(true)
  })

  it('draws row by row: weights of the first layer, its biases, weights of the second', () => {
    const random = randomStream(7, 'init')
    const expected = Array.from({ length: 3 * 2 + 2 + 2 * 4 + 4 }, (_, i) =>
      Math.fround(random.normal() * ((i >= 6 && i < 8) || i >= 16 ? 1 : 0.001)),
    )
    const drawn = initialParameters([3, 2, 4], 'homework', 7).flatMap((l) => [...l.weights, ...l.biases])
    expect(drawn).toEqual(expected)
  })

  it("takes 'homework' for the standard deviations it stands for", () => {
    const named = initialParameters([5, 4, 3], 'homework', 3)
    expect(initialParameters([5, 4, 3], { weights: 0.001, biases: 1 }, 3)).toEqual(named)
  })

  it('gives +0 for a standard deviation of 0', () => {
    const [{ weights, biases }] = initialParameters([5, 4], { weights: 0, biases: 0 }, 3)
    expect([...weights, ...biases].every((v) => Object.is(v, 0))).toBe(true)
  })
})

describe('checkInit', () => {
  it.each([
    ['He', /init: expected one of 'he'/],
    [null, /init/],
    [{ weights: 1 }, /init\.biases/],
    [{ weights: -1, biases: 0 }, /init\.weights/],
    [{ weights: Number.NaN, biases: 0 }, /init\.weights/],
    [{ weights: 1, bias: 0 }, /unknown option 'bias'; did you mean 'biases'/],
  ])('refuses %o', (init, message) => {
    expect(() => checkInit(init)).toThrow(message)
  })

  it('accepts what it knows', () => {
    const known: Init[] = ['he', 'glorot', 'homework', { weights: 0.1, biases: 0 }]
    for (const init of known) expect(checkInit(init)).toEqual(init)
  })
})
