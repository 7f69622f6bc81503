import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NativeMlpError } from '../../src/core/errors.js'
import { loadData } from '../../src/data/load.js'
import { MLPClassifier } from '../../src/estimators/classifier.js'
import { MLPRegressor } from '../../src/estimators/regressor.js'
import { decodeModel, encodeModel } from '../../src/io/model-bytes.js'
import { type Rows, table } from '../../src/table/rows.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { BACKENDS } from '../model/backends.js'
import { houses } from './data.js'

const train = houses(240)
const test = houses(100, 2)
const inputs = (rows: ReturnType<typeof houses>) => rows.map(({ size, age, city }) => ({ size, age, city }))
const columns = { columns: ['size', 'age', 'city', 'dear'] }

describe.each(BACKENDS)('estimators on %s', (name, backend) => {
  /** TypeScript is too slow for the epochs that follow from the rows. */
  const short = name === 'js' ? { maxIter: 20, members: 2, hiddenLayerSizes: [32] } : {}

  it('classify rows in two lines', async () => {
    const classifier = await new MLPClassifier({ backend, ...short }).fit(table(train, columns), { target: 'dear' })
    expect(await classifier.score(table(test, columns), { target: 'dear' })).toBeGreaterThan(0.9)
    expect(classifier.classes).toEqual([false, true])
    const predicted = await classifier.predict(inputs(test))
    const probabilities = await classifier.predictProba(inputs(test))
    expect(predicted).toEqual(probabilities.map(([no, yes]) => yes > no))
    for (const [no, yes] of probabilities) expect(no + yes).toBeCloseTo(1, 5)
  })

  it('predict numbers in their units', async () => {
    const regressor = await new MLPRegressor({ backend, ...short }).fit(
      inputs(train),
      train.map(({ price }) => price),
    )
    const prices = test.map(({ price }) => price)
    expect(await regressor.score(inputs(test), prices)).toBeGreaterThan(0.9)
    const predicted = await regressor.predict(inputs(test))
    const mean = prices.reduce((a, b) => a + b) / prices.length
    const squares = (f: (p: number, i: number) => number) => prices.reduce((sum, p, i) => sum + f(p, i) ** 2, 0)
    const r2 = 1 - squares((p, i) => p - (predicted[i] as number)) / squares((p) => p - mean)
    expect(await regressor.score(inputs(test), prices)).toBeCloseTo(r2, 4)
  })

  it('are the same bits again, and another model for another seed', async () => {
    const few = { maxIter: 3, backend }
    const digest = async (randomState: number) => {
      const { model } = await new MLPRegressor({ ...few, randomState }).fit(table(train), { target: 'price' })
      return model.parametersDigest()
    }
    const first = await digest(1)
    expect(await digest(1)).toBe(first)
    expect(await digest(2)).not.toBe(first)
  })

  it('average their members in one network, which is saved as any other', async () => {
    const options = { members: 3, hiddenLayerSizes: [5, 4], maxIter: 2, backend }
    const classifier = await new MLPClassifier(options).fit(table(train, columns), { target: 'dear' })
    const width = classifier.model.layerSizes[0]
    expect(classifier.model.layerSizes).toEqual([width, 15, 12, 2])
    const loaded = decodeModel(encodeModel(classifier.model), 'bytes', { backend })
    const predictions = await loaded.predictRows(inputs(test))
    expect(predictions.map((row) => row.class)).toEqual(await classifier.predict(inputs(test)))
    // with weights between different members
    const middle = classifier.model.getParameters()[1].weights
    const isOwn = middle.map((_, i) => (Math.floor(Math.floor(i / 12) / 5) === Math.floor((i % 12) / 4) ? 1 : 0))
    expect(middle.every((w, i) => (w === 0) === (isOwn[i] === 0))).toBe(true)
  })

  it('give the mean of what the members give alone', async () => {
    const options = { hiddenLayerSizes: [6], maxIter: 2, backend }
    const x = inputs(train)
    const y = train.map(({ price }) => price)
    const both = await new MLPRegressor({ ...options, members: 1 }).fit(x, y)
    const [alone] = await both.predict(inputs(test))
    const two = await new MLPRegressor({ ...options, members: 2 }).fit(x, y)
    const first = two.model.getParameters()
    expect(first[0].outputs).toBe(12)
    // the first member of two is the member of one, at half its weight
    const one = both.model.getParameters()
    expect(first[1].weights[0]).toBe(Math.fround(one[1].weights[0] / 2))
    expect(alone).toBeGreaterThan(0)
  })

  it('learn labels of which a row may have any, and several numbers', async () => {
    const rows = inputs(train)
    const flags = train.map(({ dear, age }) => [dear, age > 40])
    const labels = await new MLPClassifier({ backend, ...short }).fit(rows, flags)
    expect(labels.classes).toEqual(['target0', 'target1'])
    expect(await labels.score(rows, flags)).toBeGreaterThan(0.8)
    const numbers = train.map(({ price, age }) => [price, age])
    const regressor = await new MLPRegressor({ backend, ...short }).fit(rows, numbers)
    expect(await regressor.score(rows, numbers)).toBeGreaterThan(0.9)
    expect((await regressor.predict(rows))[0]).toHaveLength(2)
  })

  it('take matrices, and labels as words', async () => {
    const rows = train.map(({ size, age }) => Float64Array.of(size ?? Number.NaN, age))
    const words = train.map(({ dear }) => (dear ? 'dear' : 'cheap'))
    const classifier = await new MLPClassifier({ backend, maxIter: 20 }).fit(rows, words)
    expect(classifier.classes).toEqual(['cheap', 'dear'])
    expect(await classifier.score(rows, words)).toBeGreaterThan(0.8)
    const data = Float64Array.from(rows.flatMap((row) => [...row]))
    expect(await classifier.predict({ shape: [rows.length, 2], data })).toEqual(await classifier.predict(rows))
    const [first] = await classifier.model.predictRows([{ x1: 5, x0: 190 }])
    expect(first.class).toBe('dear')
  })

  it('learn further from part of the rows', async () => {
    const classifier = new MLPClassifier({ backend, hiddenLayerSizes: [16] })
    const words = train.map(({ dear }) => (dear ? 'dear' : 'cheap'))
    const isCheap = (i: number) => words[i] === 'cheap'
    const cheap = train.filter((_, i) => isCheap(i)).slice(0, 5)
    await classifier.partialFit(
      inputs([...cheap, ...train.slice(0, 30)]),
      [...cheap.map(() => 'cheap'), ...words.slice(0, 30)],
      ['cheap', 'dear', 'rare'],
    )
    const early = await classifier.score(
      inputs(test),
      test.map(({ dear }) => (dear ? 'dear' : 'cheap')),
    )
    for (let pass = 0; pass < 20; pass++) await classifier.partialFit(inputs(train), words)
    const late = await classifier.score(
      inputs(test),
      test.map(({ dear }) => (dear ? 'dear' : 'cheap')),
    )
    expect(classifier.classes).toEqual(['cheap', 'dear', 'rare'])
    expect(late).toBeGreaterThan(Math.max(0.85, early - 0.01))
    await expect(classifier.partialFit(inputs(train.slice(0, 1)), ['new'])).rejects.toThrow(
      /column "target": expected one of the 3 classes/,
    )
  })

  it('say what they ignored', async () => {
    const rows = inputs(train).map((row, id) => ({ id, ...row }))
    const { schema } = await new MLPRegressor({ backend, maxIter: 1 }).fit(
      rows,
      train.map(({ price }) => price),
    )
    expect(schema.notes).toContain('column "id" is ignored: an identifier: whole numbers that never repeat')
  })

  it('work on few rows, and with more members than parts', async () => {
    const rows = inputs(train.slice(0, 6))
    const y = [1, 2, 1, 2, 1, 2]
    const classifier = await new MLPClassifier({ backend, members: 7, maxIter: 2 }).fit(rows, y)
    expect(await classifier.predict(rows)).toHaveLength(6)
    const three = await new MLPClassifier({ backend, maxIter: 2 }).fit([[1], [2], [3]], [0, 1, 0])
    expect(await three.predict([[2]])).toHaveLength(1)
  })
})

const folder = temporaryFolder()

/** A set of a file whose target the reader takes for a regression. */
function setOf(y: readonly number[]) {
  const path = join(folder, 'numbers.csv')
  writeFileSync(path, ['x,y', ...y.map((value) => `${value},${value}`)].join('\n'))
  return loadData({ csv: { path, target: 'y' } })
}

describe('an estimator', () => {
  const backend = BACKENDS[0][1]
  const fit = (x: unknown, y?: unknown, options = {}) =>
    new MLPClassifier({ backend, maxIter: 1, ...options }).fit(x as Rows, y as never)

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['no target', () => fit([{ a: 1 }]), /y: expected values for each row, or { target: 'name of a column' }/],
    ['an unknown target', () => fit([{ a: 1 }], { target: 'b' }), /target: expected one of the columns "a", got "b"/],
    ['too few targets', () => fit([[1], [2]], [1]), /y: expected 2 values, one for each row/],
    ['one row', () => fit([[1]], ['a']), /target "target": expected 2 to 65536 classes/],
    ['a missing class', () => fit([[1], [2], [3]], ['a', 'b', null]), /row 2, column "target": expected a class/],
    ['an unknown option', () => fit([[1]], [1], { hidden: [3] }), /unknown option 'hidden'/],
    ['a wrong size', () => fit([[1]], [1], { hiddenLayerSizes: [0] }), /hiddenLayerSizes\[0\]/],
    [
      'predictions before it is trained',
      () => new MLPClassifier({ backend }).predict([[1]]),
      /not trained yet; call fit first/,
    ],
  ])('rejects %s', async (_, call, message) => {
    const error = await (async () => call())().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(NativeMlpError)
    expect((error as Error).message).toMatch(message)
  })

  it.each<[string, (y: number[]) => Promise<MLPClassifier>]>([
    ['a table that names its target', (y) => fit(table({ x: y, y }, { target: 'y' }))],
    ['a set that names its target', async (y) => fit((await setOf(y)).train)],
    ['the name of the target', (y) => fit({ x: y, y }, { target: 'y' })],
    ['a list of one name', (y) => fit({ x: y, y }, { target: ['y'] })],
    ['a value for each row', (y) => fit({ x: y }, y)],
    [
      'a list of one value for each row',
      (y) =>
        fit(
          { x: y },
          y.map((value) => [value]),
        ),
    ],
  ])('classifies numbers of any kind, given by %s', async (_, fitTo) => {
    const integers = Array.from({ length: 90 }, (_, row) => row % 30)
    for (const y of [integers, integers.map((value) => value + 0.5)]) {
      const classifier = await fitTo(y)
      expect(classifier.classes).toEqual(y.slice(0, 30))
      expect(y).toContain((await classifier.predict([{ x: 3 }]))[0])
    }
  })

  it('learns labels of several columns that hold flags alone', async () => {
    await expect(
      fit(
        [[1], [2]],
        [
          [0, 3],
          [1, 1],
        ],
      ),
    ).rejects.toThrow(/row 0, column "target1": expected 0 or 1/)
  })

  it('stops when its signal fires', async () => {
    const classifier = new MLPClassifier({ backend })
    const signal = AbortSignal.abort()
    await expect(classifier.fit([[1], [2]], [0, 1], { signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
