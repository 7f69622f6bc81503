import { describe, expect, it } from 'vitest'
import {
  completeHalving,
  type HalvingOptions,
  halvingRungs,
  type RungResult,
  rungStep,
  survivors,
} from '../../../src/search/space/halving.js'
import { type RungDecision, RungPruner } from '../../../src/search/space/rungs.js'

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

describe('the trials that continue after a rung', () => {
  const rungs = halvingRungs(11, { minEpochs: 1, maxEpochs: 9, factor: 3 })
  const accuracies = [0.5, 0.9, 0.1, 0.8, 0.7, 0.2, 0.3, 0.4, 0.6, 0.95, 0.05]
  const states: Record<number, RungResult['state']> = { 3: 'failed', 8: 'collapsed' }
  const resultOf = (trial: number): RungResult => {
    return { trial, state: states[trial] ?? 'paused', valid: { loss: 1, accuracy: accuracies[trial] } }
  }

  /** Who continues and who does not, by rung; `order` chooses which of the running trials arrives next. */
  function played(cohort: number | null, order: (running: number) => number) {
    const pruner = new RungPruner(rungs, selection, cohort)
    const running = accuracies.map((_, trial) => ({ trial, rung: 0 }))
    const decided: RungDecision[] = []
    while (running.length > 0) {
      const [{ trial, rung }] = running.splice(order(running.length), 1)
      if (rung === rungs.length - 1) continue
      for (const decision of pruner.tell(rung, resultOf(trial))) {
        decided.push(decision)
        if (decision.continues) running.push({ trial: decision.trial, rung: decision.rung + 1 })
      }
    }
    const by = (rung: number, continues: boolean) =>
      decided.filter((each) => each.rung === rung && each.continues === continues).map((each) => each.trial)
    return rungs.slice(0, -1).map(({ rung }) => ({ continued: by(rung, true), pruned: by(rung, false) }))
  }

  const orders: [string, (running: number) => number][] = [
    ['first come', () => 0],
    ['last come', (running) => running - 1],
    ['mixed', (running) => ((7 * running) % 5) % running],
  ]

  it.each(orders)('are the best of all when all have reached it: %s', (_, order) => {
    expect(played(null, order)).toEqual([
      { continued: [1, 4, 9], pruned: [0, 2, 3, 5, 6, 7, 8, 10] },
      { continued: [9], pruned: [1, 4] },
    ])
  })

  it.each(orders)('are the best so far of each three in turn, and the last of all: %s', (_, order) => {
    expect(played(3, order)).toEqual([
      { continued: [1, 4, 9], pruned: [0, 2, 3, 5, 6, 7, 8, 10] },
      { continued: [9], pruned: [1, 4] },
    ])
  })

  it('may be others than the best of all where they begin before', () => {
    const pruner = new RungPruner(halvingRungs(6, { minEpochs: 1, maxEpochs: 2, factor: 2 }), selection, 2)
    const tell = (trial: number, accuracy: number) => {
      const decisions = pruner.tell(0, { trial, state: 'paused', valid: { loss: 1, accuracy } })
      return decisions.map(({ trial, continues }) => (continues ? trial : -trial))
    }
    expect(tell(1, 0.2)).toEqual([])
    expect(tell(3, 0.4)).toEqual([])
    expect(tell(0, 0.1), 'the better of 0 and 1, and of the others of 0 to 3 once 2 is there').toEqual([1])
    expect(tell(4, 0.5)).toEqual([])
    expect(tell(2, 0.3)).toEqual([3])
    expect(tell(5, 0.6)).toEqual([5, -0, -2, -4])
  })
})
