import { describe, expect, it } from 'vitest'
import { crossPath, hatchPath, spread } from '../../../src/plot/marks/marks.js'
import { withoutOverlap } from '../../../src/plot/marks/parallel-axes.js'

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

describe('paths of a cell', () => {
  it('stay inside the rectangle', () => {
    for (const [w, h] of [
      [50, 36],
      [20, 80],
      [5, 5],
    ]) {
      for (const path of [hatchPath(100, 200, w, h), crossPath(100, 200, w, h)]) {
        const numbers = [...path.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)]
        expect(numbers.length).toBeGreaterThan(1)
        for (const [, x, y] of numbers) {
          expect(Number(x)).toBeGreaterThanOrEqual(100)
          expect(Number(x)).toBeLessThanOrEqual(100 + w)
          expect(Number(y)).toBeGreaterThanOrEqual(200)
          expect(Number(y)).toBeLessThanOrEqual(200 + h)
        }
      }
    }
  })
})

it('withoutOverlap keeps a distance', () => {
  const at = (ys: number[]) => ys.map((y) => ({ y }))
  expect(withoutOverlap(at([0, 5, 20, 33, 60]), [62], 14)).toEqual(at([0, 20]))
})
