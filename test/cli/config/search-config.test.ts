import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveSearch } from '../../../src/cli/config/search-config.js'
import { expandGrid } from '../../../src/search/space/grid.js'
import { TRIAL_NAMES } from '../../../src/search/space/parameters.js'
import { sampleSpace } from '../../../src/search/space/random.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

const folder = temporaryFolder()

function config(value: unknown): string {
  const file = join(folder, 'grid.json')
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

describe('resolveSearch', () => {
  it('starts from the homework: 60 points with its protocol', async () => {
    const { grid, base, training, selectBy, metric } = await resolveSearch(undefined, {}, {})
    expect(expandGrid(grid, base)).toHaveLength(60)
    expect({ selectBy, metric }).toEqual({ selectBy: 'valid', metric: 'accuracy' })
    expect(training).toMatchObject({ scale: 'raw', validFraction: 0.2, limitTrain: null })
    expect(Object.keys(base).sort()).toEqual(TRIAL_NAMES.filter((name) => !Object.hasOwn(grid, name)).sort())
    expect(base).toMatchObject({
      activation: 'relu',
      outputActivation: 'identity',
      init: 'homework',
      loss: 'softmaxCrossEntropy',
      l2Biases: true,
      epochs: 7,
      batchSize: 256,
      stepsPerEpoch: 234,
      sampling: 'replacement',
      evaluateEvery: 100,
      evaluateOn: ['train', 'valid', 'test'],
      seed: 1,
      patience: null,
      minDelta: 0,
      stopOnCollapse: false,
    })
  })

  it('takes what a file and flags say of a strategy, flags over the file', async () => {
    const space = { learningRate: { uniform: [0.1, 0.2] }, hidden: [4] }
    const file = config({ preset: 'quick', space, strategy: 'tpe', trials: 5, tpe: { ahead: 2, startup: 3 } })
    const { plan, chosen } = await resolveSearch(file, {}, {}, { tpe: { ahead: 1 } })
    expect(plan).toMatchObject({ strategy: 'tpe', trials: 5, tpe: { ahead: 1, startup: 3 } })
    expect(chosen).toMatchObject({ tpe: { ahead: 1, startup: 3 }, halving: null })
    await expect(resolveSearch(file, {}, {}, { halving: { asynchronous: true } })).rejects.toThrow(
      "halving: expected with strategy 'halving' alone",
    )
    const wrong = config({ preset: 'quick', space, strategy: 'tpe', trials: 5, tpe: 4 })
    await expect(resolveSearch(wrong, {}, {})).rejects.toThrow('tpe: expected an object such as { "ahead": 4')
  })

  it('takes the grid of a file in place of the preset’s, and its values over the preset’s', async () => {
    const file = config({
      grid: { batchSize: [32, 64], hidden: [8, [8, 4]] },
      epochs: 2,
      patience: 3,
      seed: 5,
      selectBy: 'test',
      metric: 'loss',
      stopOnCollapse: true,
    })
    const resolved = await resolveSearch(file, { epochs: 4 }, { metric: 'accuracy' })
    expect(resolved.grid).toEqual({ batchSize: [32, 64], hidden: [8, [8, 4]] })
    expect(resolved.base).toMatchObject({ learningRate: 0.005, l2: 0.05, epochs: 4, seed: 5, stopOnCollapse: true })
    expect(resolved.base.patience).toBe(3)
    expect(resolved).toMatchObject({ selectBy: 'test', metric: 'accuracy', training: { seed: 5 } })
  })

  it('no longer varies what is given one value', async () => {
    const flags = { learningRate: 0.02, hidden: [64, 32] }
    const { grid, base } = await resolveSearch(undefined, flags, {})
    expect(grid).toEqual({ learningRate: [0.02], l2: [0.005, 0.01, 0.05, 0.1], hidden: [[64, 32]] })
    expect(expandGrid(grid, base).map(({ params }) => params)[0]).toEqual({
      learningRate: 0.02,
      l2: 0.005,
      hidden: '64-32',
    })
    const fromFile = await resolveSearch(config({ preset: 'quick', hidden: [7] }), {}, {})
    expect(fromFile.grid).toEqual({ learningRate: [0.05, 0.2], l2: [0.0001, 0.001], hidden: [[7]] })
  })

  it('takes beside a space what a parameter is where its condition does not hold', async () => {
    const l2 = { values: [0.1], when: { activation: ['tanh'] } }
    const file = config({ preset: 'quick', l2: 0, space: { activation: ['relu', 'tanh'], l2 }, trials: 2 })
    const { grid, base } = await resolveSearch(file, {}, {})
    expect(grid).toEqual({ activation: ['relu', 'tanh'], l2 })
    expect(base.l2).toBe(0)
    expect(sampleSpace(grid, { trials: 2, base }).map(({ config }) => [config.activation, config.l2])).toEqual(
      expect.arrayContaining([
        ['relu', 0],
        ['tanh', 0.1],
      ]),
    )
  })

  it('leaves out of a preset what the optimizer does not use, also where it varies', async () => {
    const lines: string[] = []
    const flags = { preset: 'quick', optimizer: 'adamW' } as const
    const { grid, base } = await resolveSearch(undefined, flags, {}, {}, (line) => lines.push(line))
    expect(Object.keys(grid)).toEqual(['learningRate', 'hidden'])
    expect(base).toMatchObject({ optimizer: 'adamW', l2: 0 })
    expect(lines).toEqual([expect.stringMatching(/^optimizer adamW does not use l2 .* of preset quick: left out$/)])
  })

  it('keeps of each trial what decides: the highest accuracy, or the lowest loss', async () => {
    const rule = async (value: object) => (await resolveSearch(config(value), {}, {})).base.selectBy
    expect(await rule({ preset: 'quick' })).toBeNull()
    expect(await rule({ preset: 'quick', objective: 'valid.loss' })).toBe('loss')
    expect(await rule({ objective: 'valid.accuracy' })).toBe('firstAccuracy')
    expect(await rule({ preset: 'quick', objective: 'valid.rocAuc' })).toBe('rocAuc')
    expect(await rule({ preset: 'quick', metric: 'top3Accuracy' })).toBe('top3Accuracy')
    const { selectBy } = await resolveSearch(config({ selectBy: 'test' }), {}, {})
    expect(selectBy).toBe('test')
  })

  it.each<[unknown, string, string]>([
    [{ gird: {} }, 'UNKNOWN_OPTION', "unknown key 'gird'; did you mean 'grid'?"],
    [{ epoch: 3 }, 'UNKNOWN_OPTION', "unknown key 'epoch'; did you mean 'epochs'?"],
    [
      { grid: { learningrate: [1] } },
      'UNKNOWN_OPTION',
      "grid: unknown option 'learningrate'; did you mean 'learningRate'?",
    ],
    [{ grid: { l2: [] } }, 'INVALID_ARGUMENT', 'grid.l2: expected a list of at least one value, got []'],
    [{ grid: { l2: [0.1, null] } }, 'INVALID_ARGUMENT', 'grid.l2[1]: expected a number from 0 to'],
    [{ grid: { l2: [0.1, 0.1] } }, 'INVALID_ARGUMENT', 'grid.l2[1]: 0.1 occurs already at 0'],
    ['{"grid": {"toString": [1]}}', 'UNKNOWN_OPTION', "grid: unknown option 'toString'"],
    ['{"grid": {"__proto__": [1]}}', 'UNKNOWN_OPTION', "grid: unknown option '__proto__'"],
    ['{"__proto__": {"epochs": 1}}', 'UNKNOWN_OPTION', "unknown key '__proto__'"],
    ['{"hasOwnProperty": 1}', 'UNKNOWN_OPTION', "unknown key 'hasOwnProperty'"],
    [{ grid: [1] }, 'INVALID_ARGUMENT', 'grid: expected an object of lists, got [1]'],
    [{ grid: {} }, 'INVALID_ARGUMENT', 'grid: expected at least one parameter'],
    [{ grid: { l2: [0.1] }, l2: 0.2 }, 'INVALID_ARGUMENT', 'l2 is given both in grid and beside it'],
    [{ epochs: 'many' }, 'INVALID_ARGUMENT', 'epochs: expected an integer >= 1, got "many"'],
    [{ selectBy: 'train' }, 'INVALID_ARGUMENT', "selectBy: expected one of 'valid', 'test', got \"train\""],
    [{ metric: 1 }, 'INVALID_ARGUMENT', "metric: expected one of 'loss', 'accuracy', 'balancedAccuracy', "],
    [
      { objective: 'valid.loss', metric: 'loss' },
      'INVALID_ARGUMENT',
      'objective: pass either objective or selectBy/metric, not both',
    ],
    [{ stopOnCollapse: 'yes' }, 'INVALID_ARGUMENT', 'stopOnCollapse: expected true or false, got "yes"'],
    [[1], 'INVALID_ARGUMENT', 'expected a JSON object, got [1]'],
    ['{"grid": {"l2": [NaN]}}', 'INVALID_ARGUMENT', 'not JSON'],
    ['{"grid": {"l2": [1], "l2": [2]}}', 'INVALID_ARGUMENT', 'key "l2" occurs twice'],
  ])('refuses %j, naming file and key', async (value, code, message) => {
    const file = config(value)
    await expect(resolveSearch(file, {}, {})).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^--config ${file}: .*`)),
    })
    await expect(resolveSearch(file, {}, {})).rejects.toThrow(message)
  })
})
