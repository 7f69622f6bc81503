import { describe, expect, it } from 'vitest'
import { spread } from '../../../src/plot/marks/end-labels.js'

describe('spread', () => {
  it('leaves alone what does not overlap', () => {
    expect(spread([10, 50, 30], 16, 0, 100)).toEqual([10, 50, 30])
  })

  it('moves labels apart, keeps their order and stays inside', () => {
    for (const wanted of [
      [50, 50, 50],
      [0, 1, 2],
      [99, 100, 98],
      [40, 41, 60],
      [3, 100, 3],
    ]) {
      const placed = spread(wanted, 16, 0, 100)
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b)
      for (let i = 1; i < order.length; i++) expect(placed[order[i]] - placed[order[i - 1]]).toBeGreaterThan(15.999)
      expect(Math.min(...placed)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...placed)).toBeLessThanOrEqual(100)
    }
  })
})
