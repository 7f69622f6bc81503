import { describe, expect, it } from 'vitest'
import { curveRange } from '../../../src/plot/data/trial-curve-range.js'
import type { DrawnTrial } from '../../../src/plot/index.js'

describe('curveRange', () => {
  const curve = (values: readonly number[], state: DrawnTrial['state'] = 'completed') => ({
    trial: { trial: 0, params: {}, state },
    points: values.map((value, step) => ({ step, value })),
  })

  it('has room for the ends of the best, however low', () => {
    const low = curve([0.1, 0.2, 0.31])
    const high = Array.from({ length: 20 }, () => curve([0.97, 0.98, 0.98]))
    expect(curveRange([low, ...high], [low], 'valid.accuracy').domain[0]).toBe(0)
    expect(curveRange([low, ...high], [high[0]], 'valid.accuracy').domain[0]).toBe(0.95)
    const pruned = [0.6, 0.7, 0.96].map((value) => curve([value], 'pruned'))
    expect(curveRange([...pruned, ...high], [high[0]], 'valid.accuracy').domain[0]).toBe(0.5)
  })

  it('takes a log axis where losses span more than a decade, and zero stays on a linear one', () => {
    expect(curveRange([curve([2, 0.1])], [], 'valid.loss').type).toBe('log')
    expect(curveRange([curve([2, 0.3])], [], 'valid.loss').type).toBe('linear')
    expect(curveRange([curve([2, 0])], [], 'valid.loss').type).toBe('linear')
    expect(curveRange([curve([0, 0])], [], 'valid.loss').domain).toEqual([0, 1])
  })
})
