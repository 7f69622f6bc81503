import { describe, expect, it } from 'vitest'
import { expandGrid } from '../../../src/search/space/grid.js'
import { type SampleOptions, sampleSpace } from '../../../src/search/space/random.js'
import { categorical, integer, logUniform, type SearchSpace, uniform } from '../../../src/search/space/space.js'

const space: SearchSpace = {
  learningRate: logUniform(0.001, 0.5),
  hidden: integer(32, 512, { log: true }),
  activation: ['relu', 'tanh', 'sigmoid'],
  init: categorical(['he', { weights: 0.01, biases: 0 }], { when: { activation: ['relu'] } }),
  l2: uniform(0, 0.1, { when: { init: ['he'], activation: ['relu', 'tanh'] } }),
  epochs: 5,
}

function refusal(space: unknown, options: Partial<SampleOptions> = {}): { code: string; message: string } {
  try {
    sampleSpace(space as SearchSpace, { trials: 2, ...options })
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('was accepted')
}

describe('sampleSpace', () => {
  const points = sampleSpace(space, { trials: 400, seed: 7, base: { batchSize: 32 } })

  it('gives points within their ranges, each different', () => {
    expect(points.map(({ trial, point }) => [trial, point])).toEqual(points.map((_, i) => [i, i]))
    for (const { config } of points) {
      expect(config.learningRate).toBeGreaterThanOrEqual(0.001)
      expect(config.learningRate).toBeLessThanOrEqual(0.5)
      expect(config.hidden).toBe(Math.min(512, Math.max(32, Math.round(config.hidden as number))))
      expect(config).toMatchObject({ epochs: 5, batchSize: 32 })
    }
    expect(new Set(points.map(({ params }) => JSON.stringify(params))).size).toBe(400)
  })

  it('writes every number in six digits, which read back as the same', () => {
    for (const { config } of points) {
      for (const value of [config.learningRate, config.l2 ?? 0]) expect(Number(value.toPrecision(6))).toBe(value)
    }
    expect(JSON.parse(JSON.stringify(points))).toEqual(points)
  })

  it('gives parameters with a condition only where it holds', () => {
    for (const { config, params } of points) {
      const { activation, init, l2 } = config
      expect(init !== undefined).toBe(activation === 'relu')
      expect(l2 !== undefined).toBe(init === 'he')
      expect(Object.keys(params)).toEqual(Object.keys(config).filter((key) => !['epochs', 'batchSize'].includes(key)))
    }
    const kinds = new Set(points.map(({ params }) => `${params.activation} ${params.init}`))
    expect([...kinds].sort()).toEqual(['relu he', 'relu weights 0.01 biases 0', 'sigmoid undefined', 'tanh undefined'])
  })

  it('begins with the same points however many there are, whatever order names them', () => {
    expect(sampleSpace(space, { trials: 9, seed: 7, base: { batchSize: 32 } })).toEqual(points.slice(0, 9))
    const turned = Object.fromEntries(Object.entries(space).reverse()) as SearchSpace
    const configs = sampleSpace(turned, { trials: 9, seed: 7, base: { batchSize: 32 } }).map(({ config }) => config)
    expect(configs).toEqual(points.slice(0, 9).map(({ config }) => config))
  })

  it('gives a parameter the same values whether others vary or not, and other values for another seed', () => {
    const rates = (extra: SearchSpace, seed = 7) =>
      sampleSpace({ learningRate: space.learningRate, hidden: 8, ...extra }, { trials: 5, seed }).map(
        ({ config }) => config.learningRate,
      )
    expect(rates({})).toEqual(points.slice(0, 5).map(({ config }) => config.learningRate))
    expect(rates({ l2: uniform(0, 1) })).toEqual(rates({}))
    expect(rates({}, 8)).not.toEqual(rates({}))
  })

  it('has pinned points', () => {
    expect(points.slice(0, 3).map(({ params }) => params)).toMatchInlineSnapshot(`
      [
        {
          "activation": "sigmoid",
          "hidden": 118,
          "learningRate": 0.0148684,
        },
        {
          "activation": "sigmoid",
          "hidden": 187,
          "learningRate": 0.00242635,
        },
        {
          "activation": "sigmoid",
          "hidden": 145,
          "learningRate": 0.165936,
        },
      ]
    `)
  })

  it('draws evenly, in numbers or in logarithms', () => {
    const many = sampleSpace(
      {
        learningRate: logUniform(0.0001, 1),
        l2: uniform(1, 3),
        hidden: integer(1, 4),
        batchSize: integer(1, 99, { log: true }),
      },
      { trials: 4000 },
    ).map(({ config }) => config)
    const share = (has: (config: (typeof many)[number]) => boolean) => many.filter(has).length / many.length
    // each within five standard deviations of what it should be
    expect(share(({ learningRate }) => learningRate < 0.01)).toBeCloseTo(0.5, 1)
    expect(Math.abs(share(({ l2 }) => l2! < 2) - 0.5)).toBeLessThan(0.04)
    for (const size of [1, 2, 3, 4]) expect(Math.abs(share(({ hidden }) => hidden === size) - 0.25)).toBeLessThan(0.035)
    expect(Math.abs(share(({ batchSize }) => batchSize! < 10) - Math.log(19) / Math.log(199))).toBeLessThan(0.04)
    expect(share(({ batchSize }) => batchSize === 1)).toBeGreaterThan(0.15)
    expect(many.some(({ batchSize }) => batchSize === 99)).toBe(true)
  })

  it('stays within bounds of many digits', () => {
    const narrow = { learningRate: uniform(0.12345678, 0.12345679), hidden: integer(1, 1000) }
    for (const { config } of sampleSpace(narrow, { trials: 50 })) {
      expect(config.learningRate).toBeGreaterThanOrEqual(0.12345678)
      expect(config.learningRate).toBeLessThanOrEqual(0.12345679)
    }
  })

  it('finds every point of a small space, and says when there are no more', () => {
    const small = { learningRate: [1, 2], hidden: integer(1, 3), l2: categorical([3, 4], { when: { hidden: [2] } }) }
    const all = sampleSpace(small, { trials: 8 })
    const key = (params: object) => JSON.stringify(Object.entries(params).sort())
    expect(all.map(({ params }) => key(params)).sort()).toEqual(
      expandGrid(small)
        .map(({ params }) => key(params))
        .sort(),
    )
    expect(refusal(small, { trials: 9 }).message).toBe(
      'trials: expected at most 8, because 100000 draws in a row gave no other point, got 9',
    )
  })

  it('gives each point the same seeds', () => {
    const repeats = sampleSpace(
      { learningRate: uniform(0, 1), hidden: 4 },
      { trials: 2, repeats: 3, base: { seed: 5 } },
    )
    expect(repeats.map(({ trial, point, config, params }) => [trial, point, config.seed, params.seed])).toEqual([
      [0, 0, 5, 5],
      [1, 0, 6, 6],
      [2, 0, 7, 7],
      [3, 1, 5, 5],
      [4, 1, 6, 6],
      [5, 1, 7, 7],
    ])
    expect(repeats[0].config.learningRate).toBe(repeats[2].config.learningRate)
    expect(repeats[0].config.learningRate).not.toBe(repeats[3].config.learningRate)
  })
})

describe('expandGrid', () => {
  it('gives each point once where a parameter does not exist', () => {
    const points = expandGrid(
      {
        init: categorical(['he', 'glorot'], { when: { activation: ['relu'] } }),
        activation: ['relu', 'tanh'],
        learningRate: [1, 2],
      },
      { hidden: 3, init: 'homework' },
    )
    expect(points.map(({ params, config }) => [...Object.values(params), config.init])).toEqual([
      ['relu', 'he', 1, 'he'],
      ['relu', 'he', 2, 'he'],
      ['relu', 'glorot', 1, 'glorot'],
      ['relu', 'glorot', 2, 'glorot'],
      ['tanh', 1, 'homework'],
      ['tanh', 2, 'homework'],
    ])
  })

  it('lists the numbers of a range, and repeats points with seeds of their own', () => {
    const points = expandGrid({ hidden: integer(2, 4) }, { learningRate: 1 }, { repeats: 2 })
    expect(points.map(({ trial, point, params }) => [trial, point, params.hidden, params.seed])).toEqual([
      [0, 0, 2, 1],
      [1, 0, 2, 2],
      [2, 1, 3, 1],
      [3, 1, 3, 2],
      [4, 2, 4, 1],
      [5, 2, 4, 2],
    ])
  })

  it('looks at base where a condition names what does not vary', () => {
    const grid = { learningRate: [1], hidden: [2], l2: categorical([3, 4], { when: { activation: ['tanh'] } }) }
    expect(expandGrid(grid, { activation: 'tanh' })).toHaveLength(2)
    expect(expandGrid(grid, { activation: 'relu' })).toHaveLength(1)
  })

  it.each<[SearchSpace, object, string]>([
    [
      { learningRate: uniform(0, 1), hidden: [1] },
      {},
      'grid.learningRate: expected a list of values, because a grid tries',
    ],
    [{ learningRate: [1], hidden: integer(1, 9, { log: true }) }, {}, 'grid.hidden: expected a list of values'],
    [{ learningRate: [1], hidden: [2], epochs: integer(1, 200_000) }, {}, 'grid: expected at most 100000 trials'],
    [{ learningRate: [1], hidden: [1, 2] }, { repeats: 0 }, 'repeats: expected an integer from 1 to 1000, got 0'],
    [{ learningRate: [1], hidden: [1], seed: [1, 2] }, { repeats: 2 }, 'repeats: each has a seed of its own, but grid'],
  ])('refuses %j with %j', (grid, options, message) => {
    expect(() => expandGrid(grid, {}, options)).toThrow(message)
  })
})

describe('a search space refuses', () => {
  const good = { learningRate: uniform(0, 1), hidden: 8 }
  it.each<[object, string]>([
    [{ ...good, l2: { unifrom: [0, 1] } }, 'space.l2: unknown option "unifrom"; did you mean \'uniform\'?'],
    [{ ...good, l2: { uniform: [0, 1], whem: {} } }, "space.l2: unknown option 'whem'; did you mean 'when'?"],
    [{ ...good, l2: { uniform: [0, 1], log: true } }, "space.l2: unknown option 'log'"],
    [{ ...good, l2: { uniform: [0, 1], values: [1] } }, 'space.l2: expected one of { values }'],
    [{ ...good, l2: {} }, 'space.l2: expected a list of values, or one of { values }'],
    [{ ...good, l2: { uniform: [0] } }, 'space.l2.uniform: expected [low, high], got [0]'],
    [{ ...good, l2: { uniform: [0, '1'] } }, 'space.l2.uniform[1]: expected a finite number >= 0, got "1"'],
    [{ ...good, l2: { uniform: [0, Number.NaN] } }, 'space.l2.uniform[1]: expected a finite number'],
    [{ ...good, l2: uniform(1, 1) }, 'space.l2.uniform: expected [low, high] with low < high, got [1, 1]'],
    [{ ...good, l2: logUniform(0, 1) }, 'space.l2.logUniform[0]: expected a number > 0, because it has no logarithm'],
    [{ ...good, batchSize: uniform(1, 9) }, 'space.batchSize: expected a list of values or { integer: [low, high] }'],
    [{ ...good, batchSize: integer(1, 9.5) }, 'space.batchSize.integer[1]: expected an integer >= 0, got 9.5'],
    [{ ...good, batchSize: integer(0, 9) }, 'space.batchSize.integer[0]: expected an integer >= 1, got 0'],
    [{ ...good, hidden: integer(8, 100_000) }, 'space.hidden.integer[1]: expected an integer from 1 to 65536'],
    [{ ...good, seed: integer(1, 2 ** 40) }, 'space.seed.integer: expected at most 2^32 numbers'],
    [{ ...good, activation: integer(1, 2) }, 'space.activation: expected a list of values, got an object'],
    [{ ...good, activation: 'swish' }, 'space.activation: expected one of'],
    [{ ...good, activation: categorical(['relu', 'relu']) }, 'space.activation.values[1]: relu occurs already at 0'],
    [{ ...good, l2: null }, 'space.l2: expected a number from 0 to'],
    [{ ...good, evaluateEvery: 3 }, 'space.evaluateEvery: the same in all trials, give it in base'],
    [{ ...good, l2: uniform(0, 1, { when: {} }) }, 'space.l2.when: expected a parameter with its values'],
    [{ ...good, l2: uniform(0, 1, { when: { l2: [1] } }) }, 'space.l2.when.l2: depends on itself'],
    [
      { ...good, l2: { uniform: [0, 1], when: { activaton: ['relu'] } } },
      "unknown option 'activaton'; did you mean 'activation'?",
    ],
    [
      { ...good, l2: { uniform: [0, 1], when: { activation: 'relu' } } },
      'space.l2.when.activation: expected a list of',
    ],
    [
      { ...good, l2: uniform(0, 1, { when: { activation: ['relu'] } }) },
      'expected activation in space or in base, got neither',
    ],
    [
      { hidden: 8, learningRate: uniform(0, 1, { when: { hidden: [8] } }) },
      'learningRate: exists only under a condition',
    ],
    [
      {
        ...good,
        l2: uniform(0, 1, { when: { epochs: [1] } }),
        epochs: integer(1, 2, { when: { l2: [0] } }),
      },
      'space: the conditions of l2, epochs depend on each other',
    ],
    [{}, 'space: expected at least one parameter'],
    [{ learningRate: uniform(0, 1) }, 'hidden: expected values in space, or one in base, got neither'],
  ])('%j', (wrong, message) => {
    expect(refusal(wrong).message).toContain(message)
  })

  it('misspelt options, and a parameter that base gives too', () => {
    expect(refusal(good, { trails: 3 } as object).message).toBe(
      "sampleSpace: unknown option 'trails'; did you mean 'trials'?",
    )
    expect(refusal(good, { base: { learningRate: 1 } }).message).toBe('learningRate: given both in space and in base')
    expect(refusal(good, { base: { hidden: 1 } }).message).toBe('hidden: given both in space and in base')
    expect(refusal(good, { trials: 0 }).message).toBe('trials: expected an integer from 1 to 100000, got 0')
    expect(refusal(good, { seed: -1 }).message).toContain('seed: expected an integer >= 0')
  })
})
