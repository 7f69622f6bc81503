import { expect, it } from 'vitest'
import { crossings } from '../../../src/plot/data/crossings.js'
import type { DrawnTrial } from '../../../src/plot/index.js'
import { GRID_TRIALS } from '../trials.js'

it('crossings spread trials that share a value, in their order from the bottom', () => {
  const trials = GRID_TRIALS.slice(0, 6)
  const heightOf = ({ trial }: DrawnTrial) => (trial < 4 ? 0 : 100)
  const { heights, bands } = crossings(trials, { isDiscrete: true, heightOf })
  expect(bands.map(({ at }) => at)).toEqual([0, 100])
  expect(new Set(heights).size).toBe(6)
  expect(heights).toEqual([...heights].sort((a, b) => a - b))
  heights.forEach((height, i) => {
    const { at, half } = bands[i < 4 ? 0 : 1]
    expect(Math.abs(height - at)).toBeLessThanOrEqual(half)
  })
})

it('crossings leave trials on a continuous axis where they are, and spread those in its slots', () => {
  const trials = GRID_TRIALS.slice(0, 6)
  const heightOf = ({ trial }: DrawnTrial) => (trial < 4 ? -24 : 100)
  const { heights, bands } = crossings(trials, { isDiscrete: false, heightOf })
  expect(heights.slice(4)).toEqual([100, 100])
  expect(new Set(heights.slice(0, 4)).size).toBe(4)
  expect(bands.map(({ at }) => at)).toEqual([-24])
})
