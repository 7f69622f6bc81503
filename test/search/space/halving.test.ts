import { describe, expect, it } from 'vitest'
import {
  completeHalving,
  type HalvingOptions,
  halvingRungs,
  type RungResult,
  rungStep,
  survivors,
} from '../../../src/search/space/halving.js'

const selection = { selectBy: 'valid', metric: 'accuracy' } as const

describe('completeHalving', () => {
  it.each<[HalvingOptions | undefined, number | undefined, HalvingOptions]>([
    [undefined, 27, { minEpochs: 3, maxEpochs: 27 }],
    [undefined, undefined, { minEpochs: 1, maxEpochs: 10 }],
    [{ factor: 2 }, 5, { minEpochs: 1, maxEpochs: 5, factor: 2 }],
    [{ minEpochs: 2 }, 9, { minEpochs: 2, maxEpochs: 9 }],
    [{ maxEpochs: 18 }, 9, { minEpochs: 2, maxEpochs: 18 }],
    [{ minSteps: 5, maxSteps: 9 }, 9, { minSteps: 5, maxSteps: 9 }],
  ])('makes of %o for %o epochs the rungs of %o', (options, epochs, expected) => {
    expect(completeHalving(options, epochs)).toEqual(expected)
  })
})

describe('halvingRungs', () => {
  it('keeps a third for three times as long, until the end', () => {
    const rungs = halvingRungs(60, { minEpochs: 1, maxEpochs: 27 })
    expect(rungs.map(({ rung, trials, epochs, keep }) => [rung, trials, epochs, keep])).toEqual([
      [0, 60, 1, 20],
      [1, 20, 3, 6],
      [2, 6, 9, 2],
      [3, 2, null, 0],
    ])
  })

  it('reproduces the rungs of Hyperband’s first bracket: R = 81, eta = 3', () => {
    // Li et al., "Hyperband", 2018, table 1, s = 4
    const rungs = halvingRungs(81, { minEpochs: 1, maxEpochs: 81, factor: 3 })
    expect(rungs.map(({ trials, epochs }) => [trials, epochs])).toEqual([
      [81, 1],
      [27, 3],
      [9, 9],
      [3, 27],
      [1, null],
    ])
  })

  it('counts in steps as well, and keeps at least one trial', () => {
    expect(halvingRungs(3, { minSteps: 100, maxSteps: 500, factor: 4 })).toEqual([
      { rung: 0, trials: 3, epochs: null, steps: 100, keep: 1 },
      { rung: 1, trials: 1, epochs: null, steps: null, keep: 0 },
    ])
    expect(halvingRungs(1, { minSteps: 100, maxSteps: 500 })).toHaveLength(1)
  })

  it.each<[object, string]>([
    [{}, 'expected minEpochs and maxEpochs, or minSteps and maxSteps, got neither'],
    [{ minEpochs: 1, maxSteps: 3 }, 'minSteps and maxSteps, got both'],
    [{ minEpochs: 1 }, 'halving.maxEpochs: expected an integer >= 1, got undefined'],
    [{ minEpochs: 0, maxEpochs: 3 }, 'halving.minEpochs: expected an integer >= 1, got 0'],
    [{ minEpochs: 3, maxEpochs: 3 }, 'halving.maxEpochs: expected more than minEpochs, 3, got 3'],
    [{ minEpochs: 1, maxEpochs: 3, factor: 1 }, 'halving.factor: expected an integer >= 2, got 1'],
    [{ minEpochs: 1, maxEpochs: 3, factr: 2 }, "did you mean 'factor'?"],
  ])('refuses %j', (options, message) => {
    expect(() => halvingRungs(9, options as HalvingOptions)).toThrow(message)
  })
})

describe('rungStep', () => {
  const config = { learningRate: 1, hidden: 1, epochs: 9, batchSize: 64 }
  const [first, last] = halvingRungs(2, { minEpochs: 3, maxEpochs: 9 })

  it('counts the steps of a trial’s own epochs', () => {
    expect(rungStep(first, config, 640)).toBe(30)
    expect(rungStep(first, config, 641)).toBe(33)
    expect(rungStep(first, { ...config, stepsPerEpoch: 7 }, 640)).toBe(21)
    expect(rungStep(first, { learningRate: 1, hidden: 1 }, 100), 'one batch an epoch').toBe(3)
  })

  it('is null where the trial ends by itself', () => {
    expect(rungStep(last, config, 640)).toBeNull()
    expect(rungStep(first, { ...config, epochs: 3 }, 640)).toBeNull()
  })

  it('refuses steps before the first evaluation', () => {
    const [rung] = halvingRungs(2, { minSteps: 5, maxSteps: 90 })
    expect(() => rungStep(rung, config, 640)).toThrow('halving.minSteps: expected at least 10, the steps of an epoch')
    expect(rungStep(rung, { ...config, evaluateEvery: 3 }, 640)).toBe(5)
  })
})

describe('survivors', () => {
  const result = (trial: number, accuracy: number, state: RungResult['state'] = 'paused'): RungResult => ({
    trial,
    state,
    valid: { accuracy, loss: accuracy },
  })

  it('are the best, in trial order, whatever order they come in; of equal ones the earlier', () => {
    const results = [result(5, 0.5), result(1, 0.7), result(4, 0.9), result(2, 0.7), result(0, 0.7)]
    expect(survivors(results, 3, selection)).toEqual([0, 1, 4])
    expect(survivors(results.reverse(), 3, selection)).toEqual([0, 1, 4])
    expect(survivors(results, 2, { ...selection, metric: 'loss' })).toEqual([0, 5])
  })

  it('are never collapsed, failed or unmeasured', () => {
    const results = [
      result(0, 1, 'collapsed'),
      { trial: 1, state: 'failed' } as const,
      result(2, Number.NaN),
      { trial: 3, state: 'paused' } as const,
      result(4, 0.1, 'completed'),
    ]
    expect(survivors(results, 3, selection)).toEqual([4])
    expect(survivors(results.slice(0, 4), 3, selection)).toEqual([])
  })
})
