import { describe, expect, it } from 'vitest'
import { histogram } from '../../../src/plot/data/histogram.js'
import { loadDrawing } from '../../../src/plot/page/libraries.js'

const { d3 } = await loadDrawing()
const counts = (values: ArrayLike<number>, count: number) => histogram(values, count, d3).bins.map((bin) => bin.length)

describe('histogram', () => {
  it('counts as numpy.histogram does, the last bin closed', () => {
    expect(counts([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 5)).toEqual([2, 2, 2, 2, 2])
    expect(counts([0, 1, 1, 2], 2)).toEqual([1, 3])
    expect(counts([0, 1, 2], 1)).toEqual([3])
    expect(counts([3, 3], 4)).toEqual([0, 0, 2, 0])
    expect(histogram([3, 3], 4, d3)).toMatchObject({ low: 2.5, high: 3.5, mean: 3, deviation: 0 })
    expect(histogram([1, 3], 4, d3)).toMatchObject({ mean: 2, deviation: 1 })
  })

  it('loses no value', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => Math.fround(((i * 7919) % 1009) / 7 - 50))
    const all = histogram([...values, Number.NaN, Number.NEGATIVE_INFINITY], 50, d3)
    expect(all.bins).toHaveLength(50)
    expect(all.bins.reduce((sum, bin) => sum + bin.length, 0)).toBe(1000)
    expect(all.skipped).toBe(2)
    const mean = values.reduce((a, b) => a + b) / 1000
    expect(all.mean).toBeCloseTo(mean, 10)
  })

  it('has empty bins where no value is finite', () => {
    expect(counts([Number.NaN], 3)).toEqual([0, 0, 0])
    expect(histogram([], 3, d3)).toMatchObject({ low: 0, high: 1, mean: Number.NaN, deviation: Number.NaN })
  })
})
