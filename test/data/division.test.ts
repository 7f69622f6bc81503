import { describe, expect, it } from 'vitest'
import { checkDivision, type Division, divide, loadSets } from '../../src/data/division.js'
import { loadData } from '../../src/data/load.js'
import { samples } from '../../src/data/samples.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { idx, writeFiles } from './idx-file.js'

const set = (n: number) =>
  samples({ values: new Uint8Array(n), cols: 1, labels: Array.from({ length: n }, (_, i) => i % 2) })
const sets = { train: set(20), test: set(6) }
const division = (changes: Partial<Division> = {}) => checkDivision(changes)

describe('divide', () => {
  it('draws a validation set, as split does', () => {
    const { train, test, folds } = divide(sets, division({ validFraction: 0.25, splitSeed: 7, stratified: true }))
    const drawn = sets.train.split({ valid: 0.25, seed: 7, stratified: true })
    expect(folds).toHaveLength(1)
    expect(folds[0].train.rows).toEqual(drawn.train.rows)
    expect(folds[0].valid.rows).toEqual(drawn.valid.rows)
    expect([train.length, test?.length, folds[0].test?.length]).toEqual([20, 6, 6])
  })

  it('limits the rows first', () => {
    const { train, test, folds } = divide(sets, division({ limitTrain: 10, limitTest: 2, folds: 5 }))
    expect([...train.rows]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(test?.length).toBe(2)
    expect(folds.map(({ train, valid }) => [train.length, valid.length])).toEqual(Array(5).fill([8, 2]))
  })

  it('takes a validation set that is given', () => {
    const valid = set(4)
    expect(divide({ ...sets, valid }, division()).folds[0].valid).toBe(valid)
  })

  it('ignores a limit of test rows there are none of, and refuses one beyond the rows', () => {
    expect(divide({ train: sets.train }, division({ limitTest: 3 })).test).toBeUndefined()
    expect(() => divide(sets, division({ limitTrain: 21 }))).toThrow(
      'limitTrain: expected an integer from 1 to 20, got 21',
    )
  })
})

it.each<[object, string]>([
  [{ validFraction: 1 }, 'validFraction: expected a number between 0 and 1, got 1'],
  [{ folds: 0 }, 'folds: expected an integer from 1 to 1000, got 0'],
  [{ limitTest: 0 }, 'limitTest: expected an integer >= 1, got 0'],
  [{ stratified: 1 }, 'stratified: expected true or false, got 1'],
  [{ splitSeed: -1 }, 'splitSeed: expected an integer >= 0, got -1'],
])('%j is no division', (options, message) => {
  expect(() => checkDivision(options)).toThrow(message)
})

describe('loadSets', () => {
  const files = {
    'train-images-idx3-ubyte': idx('uint8', [10, 1, 2], Array(20).fill(3)),
    'train-labels-idx1-ubyte': idx('uint8', [10], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
  }
  const folder = writeFiles(temporaryFolder(), files)

  it('loads what a recipe describes, also from elsewhere', async () => {
    const { recipe: data } = await loadData({ idx: { folder } })
    const recipe = { data, ...division({ folds: 2 }) }
    const own = await loadSets(recipe, undefined)
    const elsewhere = await loadSets(recipe, { idx: { folder: writeFiles(temporaryFolder(), files) } })
    expect(own.folds.map(({ valid }) => [...valid.rows])).toEqual(elsewhere.folds.map(({ valid }) => [...valid.rows]))
    expect(elsewhere.recipe.digest).toBe(data.digest)
  })

  it('refuses other data, and what is no recipe', async () => {
    const { recipe: data } = await loadData({ idx: { folder } })
    const other = {
      idx: {
        folder: writeFiles(temporaryFolder(), {
          ...files,
          'train-labels-idx1-ubyte': idx('uint8', [10], [0, 1, 0, 1, 0, 1, 0, 1, 1, 1]),
        }),
      },
    }
    await expect(loadSets({ data }, other)).rejects.toThrow('data digest does not match')
    await expect(loadSets({ data: { mnist: {} } }, undefined)).rejects.toThrow(
      'data.digest: expected a recipe with a digest',
    )
    await expect(loadSets(null, undefined)).rejects.toThrow('recipe: expected the recipe of a study, got null')
  })
})
