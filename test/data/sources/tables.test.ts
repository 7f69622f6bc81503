import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { checkDivision, divide, loadSets } from '../../../src/data/division.js'
import { loadData } from '../../../src/data/load.js'
import { type DataSpec, parseSpec, specText } from '../../../src/data/spec.js'
import { MLP } from '../../../src/model/mlp.js'
import { fit } from '../../../src/train/fit.js'
import { fitOptionsOf, modelOptionsOf } from '../../../src/train/from-config.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

const folder = temporaryFolder()

function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

/** size, town, price; town and size decide the price. */
const ROWS = Array.from({ length: 90 }, (_, i) => {
  const [size, town] = [40 + ((i * 37) % 90) + i / 100, ['Bern', 'Chur', 'Genf'][i % 3]]
  return { size, town, kind: size > 80 ? 'house' : 'flat', price: 1000 * size + 5000 * (i % 3) }
})
const CSV = `size,town,kind,price\n${ROWS.map((row) => Object.values(row).join(',')).join('\n')}\n`
const path = file('houses.csv', CSV)

describe('loadData of a table', () => {
  it('encodes the columns, says what they are, and loads the same from its recipe', async () => {
    const { train, test, schema, recipe, source, notes } = await loadData({ csv: { path, target: 'price' } })
    expect([train.length, train.cols, train.targetCols, test]).toEqual([90, 5, 1, undefined])
    expect(schema).toMatchObject({ inputs: 5, values: 'floats', classes: 0, table: { task: 'regression' } })
    expect(schema.table!.columns.map(({ name, type }) => [name, type])).toEqual([
      ['size', 'numeric'],
      ['town', 'categorical'],
      ['kind', 'categorical'],
    ])
    expect(source).toBe(path)
    expect(notes[0]).toBe("separated by ',', column names in line 1")
    expect(recipe).toEqual({
      csv: { path, target: 'price' },
      scale: 'unit',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect((await loadData(recipe)).recipe).toEqual(recipe)
    file('other.csv', CSV.replace('Bern', 'Brig'))
    const moved = {
      ...recipe,
      csv: { ...(recipe as { csv: object }).csv, path: join(folder, 'other.csv') },
    } as DataSpec
    await expect(loadData(moved)).rejects.toThrow('data digest does not match')
  })

  it('is the same from every format', async () => {
    const lines = ROWS.map((row) => JSON.stringify(row)).join('\n')
    const columnData = (['size', 'town', 'kind', 'price'] as const).map((name) => ({
      name,
      data: ROWS.map((row) => row[name]),
    }))
    const jsonl = file('houses.jsonl', lines)
    const json = file('houses.json', JSON.stringify(ROWS))
    const parquet = file('houses.parquet', new Uint8Array(parquetWriteBuffer({ columnData })))
    const gz = file('houses.csv.gz', gzipSync(CSV))
    const { train } = await loadData({ csv: { path, target: 'kind' } })
    for (const other of [jsonl, json, parquet, gz]) {
      const spec = await parseSpec(other)
      const [[name, options]] = Object.entries(spec)
      const loaded = await loadData({ [name]: { ...options, target: 'kind' } } as DataSpec)
      expect(loaded.train.values).toEqual(train.values)
      expect(loaded.train.labels).toEqual(train.labels)
      expect(loaded.schema.classNames).toEqual(['flat', 'house'])
    }
    expect(specText(await parseSpec(path))).toBe(path)
    expect(await parseSpec(specText({ csv: { path, target: 'kind' } })!)).toEqual({ csv: { path, target: 'kind' } })
  })

  it('draws test rows, or takes those of another file', async () => {
    const drawn = await loadData({ csv: { path, target: 'kind', testFraction: 0.2 } })
    expect([drawn.train.length, drawn.test!.length]).toEqual([72, 18])
    const [header, ...lines] = CSV.trim().split('\n')
    const test = file(
      'test.csv',
      [header.split(',').reverse(), ...lines.slice(0, 9).map((l) => l.split(',').reverse())].join('\n'),
    )
    const given = await loadData({ csv: { path, test, target: 'kind' } })
    expect(given.test!.length).toBe(9)
    expect(given.test!.values).toEqual(given.train.values.slice(0, 9 * given.train.cols))
    const short = file('short.csv', 'size,kind\n40,flat\n')
    await expect(
      loadData({ csv: { path, test: short, target: 'kind' } }).then(({ test: set }) => set!.values),
    ).rejects.toThrow(`${short}: expected a column "town"`)
    const unseen = file('unseen.csv', 'size,town,kind\n40,Bern,castle\n')
    await expect(loadData({ csv: { path, test: unseen, target: 'kind' } })).rejects.toThrow(
      /line 2, column "kind": expected one of the 2 classes of the training rows: flat, house, got "castle"/,
    )
  })

  it('names a missing target, a target that is no column, and one without a value', async () => {
    await expect(loadData({ csv: { path } })).rejects.toThrow('one of "size", "town", "kind", "price"')
    await expect(loadData({ csv: { path, target: 'cost' } })).rejects.toThrow('target: expected one of the columns')
    const gap = file('gap.csv', 'a,b\n1,x\n2,\n3,y\n')
    await expect(loadData({ csv: { path: gap, target: 'b' } })).rejects.toThrow(/line 3, column "b": expected a class/)
  })

  it.each([
    [{ csv: {} }, 'data.csv.path: expected a path'],
    [{ csv: { path, targets: 'a' } }, "unknown option 'targets'; did you mean 'target'"],
    [{ csv: { path, separator: ';;' } }, 'data.csv.separator: expected one character'],
    [{ csv: { path, testFraction: 1 } }, 'data.csv.testFraction: expected a number between 0 and 1'],
    [{ csv: { path, testFraction: 0.5, test: 'a' } }, 'expected test or testFraction, got both'],
    [{ csv: { path, header: 1 } }, 'data.csv.header: expected true or false'],
    [{ csv: { path, missing: '-' } }, 'data.csv.missing: expected a list of texts'],
    [{ csv: { path, decimal: ',', separator: ',' } }, 'data.csv.separator: expected another character'],
    [{ jsonl: { path, header: true } }, "unknown option 'header'"],
    [{ csv: { path, scale: 'big' } }, 'data.csv.scale: expected one of'],
  ])('refuses %j', async (spec, message) => {
    await expect(loadData(spec as unknown as DataSpec)).rejects.toThrow(message)
  })
})

describe('the folds of a table', () => {
  const division = (options: object) => checkDivision(options)

  it('learn scales, levels and targets on their own training rows alone', async () => {
    const { train } = await loadData({ csv: { path, target: 'price' } })
    for (const options of [{ folds: 3 }, { validFraction: 0.25 }]) {
      for (const fold of divide({ train }, division(options)).folds) {
        const rows = [...fold.train.origin!.rows!]
        const sizes = rows.map((row) => ROWS[row].size).sort((a, b) => a - b)
        const median = (sizes[Math.floor((sizes.length - 1) / 2)] + sizes[Math.ceil((sizes.length - 1) / 2)]) / 2
        const [input] = fold.train.transform!.inputs
        expect(input).toMatchObject({ column: 'size', center: expect.closeTo(median, 6) })
        const mean = rows.reduce((sum, row) => sum + ROWS[row].price, 0) / rows.length
        expect(fold.train.transform!.target).toMatchObject({ means: [expect.closeTo(mean, 3)] })
        expect(fold.valid.transform).toEqual(fold.train.transform)
        const all = [...rows, ...fold.valid.origin!.rows!].sort((a, b) => a - b)
        expect(all).toEqual(ROWS.map((_, i) => i))
      }
    }
  })

  it('do not see what only their validation rows have', async () => {
    // the only row of a town, and one enormous size, are in one fold each
    const odd = file('odd.csv', `${CSV}9000000,Zug,flat,1\n`)
    const { train } = await loadData({ csv: { path: odd, target: 'price' } })
    const { folds } = divide({ train }, division({ folds: 5 }))
    const seen = folds.map((fold) => {
      const town = fold.train.transform!.inputs.find(({ column }) => column === 'town')
      return town?.kind === 'categorical' && town.levels.includes('Zug')
    })
    expect(seen.filter((has) => !has).length).toBe(1)
    const at = seen.indexOf(false)
    expect(folds[at].valid.origin!.rows).toContain(90)
    expect(folds[at].valid.cols).toBe(folds[at].train.cols)
  })

  it('divide the rows of a recipe in the same way', async () => {
    const { train, recipe } = await loadData({ csv: { path, target: 'kind', testFraction: 0.2 } })
    const options = division({ folds: 3, stratified: true, splitSeed: 7 })
    const here = divide({ train }, options)
    const there = await loadSets({ data: JSON.parse(JSON.stringify(recipe)), ...options }, undefined)
    expect(there.folds.map((fold) => fold.train.origin!.rows)).toEqual(
      here.folds.map((fold) => fold.train.origin!.rows),
    )
    expect(there.folds[0].test!.length).toBe(18)
    expect(there.folds[1].train.values).toEqual(here.folds[1].train.values)
  })

  it('make a model that predicts raw rows', async () => {
    const { train } = await loadData({ csv: { path, target: 'kind' } })
    const { folds } = divide({ train }, division({}))
    const config = { hidden: [8], learningRate: 0.1, epochs: 40, batchSize: 16 }
    const model = new MLP(modelOptionsOf(config, folds[0].train))
    await fit(model, folds[0].train, { ...fitOptionsOf(config), valid: folds[0].valid })
    const [small, large] = await model.predictRows([
      { size: 42, town: 'Bern', price: 42_000 },
      { size: 127, town: 'Chur', price: 130_000 },
    ])
    expect([small.class, large.class]).toEqual(['flat', 'house'])
  })
})
