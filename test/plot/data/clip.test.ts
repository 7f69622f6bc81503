import { expect, it } from 'vitest'
import { clipLine, thinLine } from '../../../src/plot/data/clip.js'

const at = (...xy: number[]) => Array.from({ length: xy.length / 2 }, (_, i) => ({ x: xy[2 * i], y: xy[2 * i + 1] }))
const GAP = [Number.NaN, Number.NaN]

it('keeps what lies inside the rectangle, cut where it crosses an edge', () => {
  expect(clipLine(at(0, 0, 0.5, 0.5, 1, 1), [0, 1], [0, 1])).toEqual(at(0, 0, 0.5, 0.5, 1, 1))
  expect(clipLine(at(-1, 0.5, 2, 0.5), [0, 1], [0, 1])).toEqual(at(0, 0.5, 1, 0.5))
  expect(clipLine(at(0.5, 3, 0.5, -3), [0, 1], [0, 1])).toEqual(at(0.5, 1, 0.5, 0))
  expect(clipLine(at(0, 2, 2, 2), [0, 1], [0, 1])).toEqual([])
  expect(clipLine(at(0.5, 0.5), [0, 1], [0, 1])).toEqual([])
})

it('has a gap where a line is outside', () => {
  const line = at(0.5, 0.5, 0.5, 2, 0.8, 2, 0.8, 0.5)
  expect(clipLine(line, [0, 1], [0, 1])).toEqual(at(0.5, 0.5, 0.5, 1, ...GAP, 0.8, 1, 0.8, 0.5))
})

it('drops points that nobody could tell from the one before', () => {
  const line = at(0, 0, 0.001, 0, 0.002, 0, 0.02, 0, 0.021, 0.5, 0.0215, 0.5001)
  expect(thinLine(line, 0.01, 0.01)).toEqual(at(0, 0, 0.02, 0, 0.021, 0.5, 0.0215, 0.5001))
  expect(thinLine([], 1, 1)).toEqual([])
})
