import { describe, expect, it } from 'vitest'
import { encodeTable } from '../../src/data/encode-table.js'
import { encodeSafetensors, parseSafetensors } from '../../src/formats/safetensors.js'
import { decodeModel, encodeModel } from '../../src/io/model-bytes.js'
import { MLP } from '../../src/model/mlp.js'
import { learnTable } from '../../src/table/learn.js'
import { type Rows, table } from '../../src/table/rows.js'
import { inputsOf } from '../../src/table/transform.js'
import { fit } from '../../src/train/fit.js'
import { BACKENDS } from './backends.js'

const ROWS = Array.from({ length: 60 }, (_, i) => ({
  size: i % 9 === 0 ? null : i % 13,
  city: ['Bern', 'Chur', 'Genf'][i % 3],
  species: i % 3 === 0 ? 'cat' : 'dog',
}))
const DATA = table(ROWS, { target: 'species' })
const { transform } = learnTable(DATA)

describe.each(BACKENDS)('a model of a table on %s', (_, backend) => {
  const layers = [inputsOf(transform), 8, 2]

  async function trained(): Promise<MLP> {
    const model = new MLP({ layers, table: transform, backend })
    await fit(model, encodeTable(DATA, transform), { epochs: 20, batchSize: 16 })
    return model
  }

  it('predicts raw rows: classes and probabilities by name, whatever the order and number of the columns', async () => {
    const model = await trained()
    const predictions = await model.predictRows(ROWS)
    expect(predictions.every(({ class: c }, i) => c === ROWS[i].species)).toBe(true)
    const { probabilities } = await model.predict(encodeTable(DATA, transform))
    expect(predictions.map((row) => row.probabilities)).toEqual(
      ROWS.map((_, i) => ({ cat: probabilities[2 * i], dog: probabilities[2 * i + 1] })),
    )
    const [expected] = predictions.slice(1)
    for (const rows of [
      [{ city: 'Chur', other: 3, size: 1 }],
      [[1, 'Chur']],
      { city: ['Chur'], size: [1] },
    ] as Rows[]) {
      expect(await model.predictRows(rows)).toEqual([expected])
      expect(model.predictor().runRows(rows)).toEqual([expected])
    }
  })

  it('takes unknown categories and missing cells', async () => {
    const model = await trained()
    const [unknown, missing, alone] = await model.predictRows([
      { city: 'Paris', size: 4 },
      { city: null, size: 4 },
      { city: null, size: null },
    ])
    expect(unknown).toEqual(missing)
    expect(alone.probabilities!.cat + alone.probabilities!.dog).toBeCloseTo(1, 6)
    expect(await model.predictRows([{ city: null, size: null }])).toEqual([alone])
  })

  it('names row and column of what does not fit', async () => {
    const model = await trained()
    const rejected = async (rows: unknown, message: RegExp) => {
      await expect(model.predictRows(rows as Rows)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(model.predictRows(rows as Rows)).rejects.toThrow(message)
      expect(() => model.predictor().runRows(rows as Rows)).toThrow(message)
    }
    await rejected(
      [{ size: 3 }],
      /rows: expected a column "city", which the model was trained on; its columns are "size"/,
    )
    await rejected([{ city: 'Bern', size: 'big' }], /row 0, column "size": expected a number, got "big"/)
    await rejected(
      [
        { city: 'Bern', size: 3 },
        { city: 'Bern', size: 'big' },
      ],
      /row 1, column "size": expected a number/,
    )
    await rejected([[3, 'Bern', 5]], /rows\[0\]: expected 2 cells/)
    await expect(new MLP({ layers, backend }).predictRows(ROWS)).rejects.toThrow(/does not know what raw rows mean/)
    expect(() => model.predictor({ capacity: 2 }).runRows(ROWS)).toThrow(/rows: expected 1 to 2 rows/)
  })

  it('is saved with what the columns mean', async () => {
    const model = await trained()
    const bytes = encodeModel(model)
    expect(parseSafetensors(bytes, 'bytes').metadata.format_version).toBe('4')
    const loaded = decodeModel(bytes, 'bytes', { backend })
    expect(loaded.table).toEqual(transform)
    expect(encodeModel(loaded)).toEqual(bytes)
    expect(encodeModel(model.clone())).toEqual(bytes)
    expect(await loaded.predictRows(ROWS)).toEqual(await model.predictRows(ROWS))
  })

  it('gives values in the units of the target, one or several', async () => {
    const raw = { x: Array.from({ length: 50 }, (_, i) => i), price: [] as number[], rent: [] as number[] }
    for (const x of raw.x) {
      raw.price.push(200_000 + 1000 * x)
      raw.rent.push(10.5 - x / 10)
    }
    const types = { x: 'numeric' } as const
    for (const target of [['price'], ['price', 'rent']]) {
      const data = table(raw, { columns: ['x', ...target], target })
      const learnt = learnTable(data, { types, task: 'regression' })
      const options = {
        layers: [1, target.length],
        loss: 'meanSquaredError',
        table: learnt.transform,
        backend,
      } as const
      const model = new MLP(options)
      await fit(model, encodeTable(data, learnt.transform), { epochs: 200, batchSize: 10 })
      const [first] = await model.predictRows([{ x: 25 }])
      const price = target.length === 1 ? first.value : first.values!.price
      expect(price).toBeGreaterThan(215_000)
      expect(price).toBeLessThan(235_000)
      if (target.length > 1) expect(first.values!.rent).toBeCloseTo(8, 0)
    }
  })

  it('gives the labels of a multi-label model by name', async () => {
    const data = table(
      { x: ROWS.map((_, i) => (i % 7) - 3), low: ROWS.map((_, i) => i % 7 < 2), high: ROWS.map((_, i) => i % 7 > 4) },
      { target: ['low', 'high'] },
    )
    const learnt = learnTable(data)
    const model = new MLP({ layers: [1, 8, 2], loss: 'binaryCrossEntropy', table: learnt.transform, backend })
    await fit(model, encodeTable(data, learnt.transform), { epochs: 60, batchSize: 10 })
    const predictions = await model.predictRows([{ x: -3 }, { x: 0 }, { x: 3 }])
    expect(predictions.map(({ labels }) => labels)).toEqual([['low'], [], ['high']])
    expect(Object.keys(predictions[0].probabilities!)).toEqual(['low', 'high'])
  })
})

describe('a transform', () => {
  const backend = BACKENDS[0][1]
  const model = new MLP({ layers: [inputsOf(transform), 2], table: transform, backend })

  it('must have the inputs and the outputs of the network', () => {
    const make = (layers: number[], loss?: 'meanSquaredError') =>
      new MLP({ layers, table: transform, backend, ...(loss && { loss }) })
    expect(() => make([9, 2])).toThrow(/table.inputs: expected columns that make 9 inputs of the network, got 5/)
    expect(() => make([5, 3])).toThrow(/table.target: expected 3 classes or columns, as the model has, got 2/)
    expect(() => make([5, 2], 'meanSquaredError')).toThrow(/table.target.task: expected 'regression'/)
  })

  it('in a file is validated as the rest of it', () => {
    const { tensors, metadata } = parseSafetensors(encodeModel(model), 'bytes')
    const changed = (table: string | undefined, version = '4') => {
      const { digest: _, table: __, ...rest } = metadata
      // version 2 has no digest, which would hide what else is wrong
      const entries = { ...rest, format_version: version, ...(table !== undefined && { table }) }
      return () => decodeModel(encodeSafetensors({ tensors, metadata: entries }), 'a.bin', { backend })
    }
    const plain = JSON.parse(metadata.table)
    expect(changed(metadata.table, '2')().table).toBeNull()
    expect(changed(metadata.table)).toThrow(/a.bin: its metadata have no digest/)
    const tampered = metadata.table.replace('"Bern"', '"Bonn"')
    const bytes = encodeSafetensors({ tensors, metadata: { ...metadata, table: tampered } })
    expect(() => decodeModel(bytes, 'a.bin', { backend })).toThrow(/a.bin: damaged, or changed by another program/)
    for (const wrong of [3, {}, { ...plain, inputs: [] }, { ...plain, target: { task: 'x' } }]) {
      expect(() => new MLP({ layers: [5, 2], table: wrong as never, backend })).toThrow(/^table/)
    }
  })
})
