import { describe, expect, it } from 'vitest'
import { expandGrid, MAX_TRIALS, type SearchGrid } from '../../../src/search/space/grid.js'
import { SEARCH_PRESETS } from '../../../src/search/space/presets.js'

const grid: SearchGrid = { learningRate: [0.1, 0.2], hidden: [4, [8, 3], []] }

function refusal(grid: unknown, base: unknown = {}): { code: string; message: string } {
  try {
    expandGrid(grid as SearchGrid, base as object)
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('was accepted')
}

describe('expandGrid', () => {
  it('numbers trials in nested order, the last parameter changing fastest', () => {
    const points = expandGrid(grid, { l2: 0.5, seed: 7 })
    expect(points.map(({ trial }) => trial)).toEqual([0, 1, 2, 3, 4, 5])
    expect(points.map(({ params }) => Object.values(params))).toEqual([
      [0.1, 4],
      [0.1, '8-3'],
      [0.1, 'none'],
      [0.2, 4],
      [0.2, '8-3'],
      [0.2, 'none'],
    ])
    expect(points[4].config).toEqual({ learningRate: 0.2, hidden: [8, 3], l2: 0.5, seed: 7 })
  })

  it('keeps the order in which the grid names its parameters', () => {
    const points = expandGrid({ hidden: [1, 2], learningRate: [3, 4] })
    expect(points.map(({ params }) => JSON.stringify(params))).toEqual([
      '{"hidden":1,"learningRate":3}',
      '{"hidden":1,"learningRate":4}',
      '{"hidden":2,"learningRate":3}',
      '{"hidden":2,"learningRate":4}',
    ])
  })

  it('has the 60 points of the homework in its order', () => {
    const points = expandGrid(SEARCH_PRESETS.homework.grid, SEARCH_PRESETS.homework.base)
    const expected = [0.001, 0.005, 0.01, 0.05, 0.075].flatMap((learningRate) =>
      [0.005, 0.01, 0.05, 0.1].flatMap((l2) => [128, 256, 512].map((hidden) => ({ learningRate, l2, hidden }))),
    )
    expect(expected).toHaveLength(60)
    expect(points.map(({ params }) => params)).toEqual(expected)
  })

  it('shows initial deviations as words', () => {
    const points = expandGrid({ ...grid, init: ['he', { weights: 0.01, biases: 0 }] })
    expect(points[1].params.init).toBe('weights 0.01 biases 0')
  })

  it('shows null by its word where null is a value', () => {
    const points = expandGrid({ learningRate: [0.1], hidden: [4], stepsPerEpoch: [null, 5] })
    expect(points.map(({ params }) => params.stepsPerEpoch)).toEqual(['auto', 5])
    expect(points.map(({ config }) => config.stepsPerEpoch)).toEqual([null, 5])
    expect(expandGrid({ learningRate: [0.1], hidden: [4] }, { batchSize: null })[0].config.batchSize).toBeNull()
  })

  it('names a misspelt parameter and the one that was meant', () => {
    expect(refusal({ ...grid, learningrate: [1] })).toMatchObject({
      code: 'UNKNOWN_OPTION',
      message: "grid: unknown option 'learningrate'; did you mean 'learningRate'?",
    })
    expect(refusal(grid, { epoch: 3 })).toMatchObject({
      code: 'UNKNOWN_OPTION',
      message: "base: unknown option 'epoch'; did you mean 'epochs'?",
    })
  })

  it.each([
    [{ ...grid, l2: [] }, 'grid.l2: expected a list of at least one value, got []'],
    [{ ...grid, l2: 0.1 }, 'grid.l2: expected a list of at least one value, got 0.1'],
    [{ ...grid, l2: [0.1, Number.NaN] }, 'grid.l2[1]: expected a number from 0 to'],
    [{ ...grid, l2: [-1] }, 'grid.l2[0]: expected a number from 0 to'],
    [{ ...grid, l2: ['0.1'] }, 'grid.l2[0]: expected a number from 0 to'],
    [{ ...grid, l2: [undefined] }, 'grid.l2[0]: expected a number from 0 to'],
    [{ ...grid, l2: [0.1, 0.2, 0.1] }, 'grid.l2[2]: 0.1 occurs already at 0'],
    [{ ...grid, hidden: [128, [128]] }, 'grid.hidden[1]: 128 occurs already at 0'],
    [{ ...grid, hidden: [[4, 0]] }, 'grid.hidden[0][1]: expected an integer from 1 to 65536, got 0'],
    [{ ...grid, hidden: [2.5] }, 'grid.hidden[0]: expected an integer from 1 to 65536, got 2.5'],
    [{ ...grid, activation: ['relu', 'swish'] }, 'grid.activation[1]: expected one of'],
    [{ ...grid, init: [{ weights: 1, biases: -1 }] }, 'grid.init[0].biases: expected a finite number >= 0, got -1'],
    [{ ...grid, evaluateEvery: [1, 2] }, 'grid.evaluateEvery: the same in all trials, give it in base'],
    [{}, 'grid: expected at least one parameter'],
    [null, 'grid: expected an options object, got null'],
    [{ hidden: [1] }, 'learningRate: expected values in grid, or one in base'],
    [{ learningRate: [1] }, 'hidden: expected values in grid, or one in base'],
  ])('refuses %j', (wrong, message) => {
    const error = refusal(wrong)
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain(message)
  })

  it('refuses a parameter that grid and base both give, and a base that is wrong', () => {
    expect(refusal(grid, { learningRate: 0.1 }).message).toBe('learningRate: given both in grid and in base')
    expect(refusal(grid, { epochs: 0 }).message).toBe('base.epochs: expected an integer >= 1, got 0')
    expect(refusal(grid, { evaluateOn: ['tset'] }).message).toContain('base.evaluateOn[0]: expected one of')
  })

  it('refuses more trials than anyone can mean', () => {
    const seed = Array.from({ length: 400 }, (_, i) => i)
    expect(refusal({ ...grid, seed, epochs: seed.map((i) => i + 1) }).message).toBe(
      `grid: expected at most ${MAX_TRIALS} trials, got 960000`,
    )
  })
})
