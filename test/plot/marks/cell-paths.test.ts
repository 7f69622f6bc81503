import { describe, expect, it } from 'vitest'
import { crossPath, hatchPath } from '../../../src/plot/marks/cell-paths.js'

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
