import { describe, expect, it } from 'vitest'
import { type GridPoint, NativeMlpError, sampleSpace } from '../../../src/index.js'
import type { SearchSpace } from '../../../src/search/space/space.js'
import { chooseStrategy, type Sampler, type StrategyOptions, samplerOf } from '../../../src/search/space/strategy.js'
import type { TrialResult } from '../../../src/search/trial/result.js'

const selection = { selectBy: 'valid', metric: 'loss' } as const

/** Smooth, with an optimum in every kind of range; the worse activation costs as much as a bad learning rate. */
const space: SearchSpace = {
  learningRate: { logUniform: [0.0001, 10] },
  hidden: { integer: [4, 400], log: true },
  dropout: { uniform: [0, 0.9] },
  activation: ['relu', 'tanh', 'gelu', 'sigmoid'],
  optimizer: ['sgd', 'momentum'],
  momentum: { uniform: [0, 0.99], when: { optimizer: ['momentum'] } },
  epochs: { integer: [1, 30] },
}

function lossAt({ config }: GridPoint): number {
  const { learningRate, hidden, dropout = 0, activation, optimizer, momentum = 0.9, epochs = 1 } = config
  const square = (x: number) => x * x
  return (
    square(Math.log10(learningRate / 0.03) / 2) +
    square(Math.log2((hidden as number) / 64) / 3) +
    square(dropout - 0.2) * 4 +
    (activation === 'gelu' ? 0 : 0.5) +
    (optimizer === 'momentum' ? square(momentum - 0.8) : 0.6) +
    square((epochs - 20) / 15)
  )
}

function resultOf(point: GridPoint, changes: Partial<TrialResult> = {}): TrialResult {
  const { trial, params, config } = point
  const known = {
    trial,
    params,
    config,
    state: 'completed' as const,
    history: [],
    collapsed: null,
    steps: 1,
    digest: '',
  }
  return { ...known, valid: { loss: lossAt(point), accuracy: 0 }, timing: null, worker: 0, ...changes }
}

function samplerFor(
  options: Partial<StrategyOptions> = {},
  check: (point: GridPoint) => void = () => undefined,
): Sampler {
  return samplerOf(chooseStrategy({ space, strategy: 'tpe', trials: 40, seed: 1, ...options }), selection, check)
}

/** All points of a study; `order` chooses which of the running trials ends next. */
function played(sampler: Sampler, order: (running: GridPoint[]) => number, result = resultOf): readonly GridPoint[] {
  const running: GridPoint[] = []
  let entered = 0
  for (;;) {
    const points = sampler.ask()
    for (; entered < points.length; entered++) running.push(points[entered])
    if (running.length === 0) return points
    const [next] = running.splice(order(running), 1)
    sampler.tell(result(next))
  }
}

const least = (points: readonly GridPoint[]) => Math.min(...points.map(lossAt))
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('a TPE sampler', () => {
  it('begins with the points of a random search, and proposes each in its range, none twice', () => {
    const points = played(samplerFor(), () => 0)
    const drawn = sampleSpace(space, { trials: 40, seed: 1 })
    expect(points.slice(0, 10)).toEqual(drawn.slice(0, 10))
    expect(points.map(({ trial }) => trial)).toEqual(drawn.map(({ trial }) => trial))
    expect(new Set(points.map(({ params }) => JSON.stringify(params))).size).toBe(40)
    for (const { config, params } of points) {
      expect(config.learningRate).toBeGreaterThanOrEqual(0.0001)
      expect(config.learningRate).toBeLessThanOrEqual(10)
      expect(Number.isInteger(config.hidden)).toBe(true)
      expect('momentum' in params).toBe(config.optimizer === 'momentum')
    }
  })

  it('finds a better point than as many random ones, for most seeds and on average', () => {
    const seeds = Array.from({ length: 20 }, (_, seed) => seed)
    const found = seeds.map((seed) => least(played(samplerFor({ seed, trials: 60 }), () => 0)))
    const random = seeds.map((seed) => least(sampleSpace(space, { trials: 60, seed })))
    expect(found.filter((loss, i) => loss < random[i]).length).toBeGreaterThanOrEqual(15)
    expect(mean(found)).toBeLessThan(0.7 * mean(random))
  })

  it('proposes the same whichever trial ends first, and however many run', () => {
    const first = played(samplerFor(), () => 0)
    expect(played(samplerFor(), (running) => running.length - 1)).toEqual(first)
    expect(played(samplerFor(), (running) => ((running.length * 7) % 3) % running.length)).toEqual(first)
    expect(played(samplerFor({ tpe: { ahead: 1 } }), () => 0)).not.toEqual(first)
    expect(played(samplerFor({ seed: 2 }), () => 0)).not.toEqual(first)
  })

  it('learns from first points whose values are lists and objects', () => {
    const lists: SearchSpace = {
      learningRate: { logUniform: [0.0001, 10] },
      hidden: [[4], [8, 8], [16]],
      init: ['he', { weights: 0.1, biases: 0 }, { weights: 0.2, biases: 0 }],
    }
    const isBest = ({ config: { hidden, init } }: GridPoint) => [
      JSON.stringify(hidden) === '[8,8]',
      (init as { weights?: number }).weights === 0.2,
    ]
    const loss = (point: GridPoint) => isBest(point).filter((is) => !is).length
    const result = (point: GridPoint) => resultOf(point, { valid: { loss: loss(point), accuracy: 0 } })
    // the first proposal of each seed
    const proposed = Array.from({ length: 20 }, (_, seed) => {
      const options = { space: lists, trials: 21, seed, tpe: { ahead: 1, startup: 20 } }
      return isBest(played(samplerFor(options), () => 0, result)[20])
    })
    for (const i of [0, 1]) expect(proposed.filter((best) => best[i]).length).toBeGreaterThanOrEqual(14)
  })

  it('lets so many trials run ahead as it is told', () => {
    const sampler = samplerFor({ tpe: { ahead: 3, startup: 5 } })
    expect(sampler.ask()).toHaveLength(5)
    const tell = (trial: number) => sampler.tell(resultOf(sampler.ask()[trial]))
    for (const trial of [1, 2, 3, 4]) tell(trial)
    expect(sampler.ask()).toHaveLength(5)
    tell(0) // point 7 follows from the results up to 4
    expect(sampler.ask()).toHaveLength(8)
    tell(6)
    expect(sampler.ask()).toHaveLength(8)
    tell(5)
    expect(sampler.ask()).toHaveLength(10)
  })

  it('learns from the mean of the repeats of a point, in trials of their own', () => {
    const points = played(samplerFor({ trials: 15, repeats: 2 }), () => 0)
    expect(points.map(({ trial, point }) => [trial, point])).toEqual(
      Array.from({ length: 30 }, (_, trial) => [trial, Math.floor(trial / 2)]),
    )
    expect(points.map(({ config }) => config.seed)).toEqual(points.map(({ trial }) => 1 + (trial % 2)))
    const worse = (point: GridPoint) =>
      resultOf(point, point.trial % 2 ? { valid: { loss: 100 - 2 * lossAt(point), accuracy: 0 } } : {})
    expect(played(samplerFor({ trials: 15, repeats: 2 }), () => 0, worse)).not.toEqual(points)
  })

  it('goes on beside trials that fail, and avoids them', () => {
    const fails = (point: GridPoint) =>
      point.config.activation === 'tanh'
        ? resultOf(point, { state: 'failed', reason: 'x', valid: undefined })
        : resultOf(point)
    const points = played(samplerFor({ trials: 60, seed: 3 }), () => 0, fails)
    const share = (from: readonly GridPoint[]) =>
      from.filter(({ config }) => config.activation === 'tanh').length / from.length
    expect(share(points.slice(30))).toBeLessThan(0.25)
    const all = played(
      samplerFor({ trials: 20 }),
      () => 0,
      (point) => resultOf(point, { state: 'failed', valid: undefined }),
    )
    expect(all).toHaveLength(20)
  })

  it('proposes no point that cannot be trained, and every point of a small space once', () => {
    const check = ({ config }: GridPoint) => {
      if (config.optimizer === 'momentum') throw new NativeMlpError('INVALID_ARGUMENT', 'impossible')
    }
    const points = played(samplerFor({ trials: 30 }, check), () => 0)
    const drawn = new Set(sampleSpace(space, { trials: 30, seed: 1 }).map(({ params }) => JSON.stringify(params)))
    const isDrawn = ({ params }: GridPoint) => drawn.has(JSON.stringify(params))
    expect(points.slice(10).filter((point) => point.config.optimizer === 'momentum' && !isDrawn(point))).toEqual([])
    const small: SearchSpace = { learningRate: [0.1, 0.2, 0.3], hidden: [4, 5, 6] }
    const every = played(samplerFor({ space: small, trials: 9, tpe: { startup: 2, ahead: 1 } }), () => 0)
    expect(new Set(every.map(({ params }) => JSON.stringify(params))).size).toBe(9)
  })

  it.each([
    [{ trials: undefined }, "trials: expected a number with strategy 'tpe'"],
    [{ tpe: { ahead: 0 } }, 'tpe.ahead: expected an integer >= 1, got 0'],
    [{ tpe: { startup: 1.5 } }, 'tpe.startup: expected an integer >= 1, got 1.5'],
    [{ tpe: { head: 1 } }, "tpe: unknown option 'head'"],
    [{ strategy: 'random', tpe: {} }, "tpe: expected with strategy 'tpe' alone"],
    [{ space: { learningRate: [0.1, 0.2], hidden: [4] } }, 'trials: expected at most 2'],
  ])('refuses %j', (changes, message) => {
    expect(() => samplerFor(changes as StrategyOptions)).toThrow(message)
  })
})
