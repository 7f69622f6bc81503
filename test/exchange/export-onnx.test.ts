import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { ACTIVATIONS } from '../../src/core/types.js'
import { MLPClassifier } from '../../src/estimators/classifier.js'
import type { Estimator } from '../../src/estimators/estimator.js'
import type { EstimatorOptions } from '../../src/estimators/options.js'
import { MLPRegressor } from '../../src/estimators/regressor.js'
import { exportOnnx, type OnnxOptions } from '../../src/exchange/export-onnx.js'
import { saveOnnx } from '../../src/exchange/onnx-file.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { RowPrediction } from '../../src/model/raw-rows.js'
import { learnTable } from '../../src/table/learn.js'
import type { TableCell } from '../../src/table/rows.js'
import { table } from '../../src/table/rows.js'
import { NUMERIC_SCALES, targetNames, type ValuesTarget } from '../../src/table/transform.js'
import { houses } from '../estimators/data.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { runtimeMissing, session } from './runtime.js'

/** Probabilities and shares of values agree within this; both sides compute in float32. */
const CLOSE = 1e-5
const MINUTES = 60_000
const folder = temporaryFolder()
const quick: EstimatorOptions = { members: 2, maxIter: 5, hiddenLayerSizes: [8], backend: createJsBackend() }

type Columns = Readonly<Record<string, readonly TableCell[]>>

function columnsOf(rows: readonly Readonly<Record<string, TableCell>>[]): Columns {
  return Object.fromEntries(Object.keys(rows[0]).map((name) => [name, rows.map((row) => row[name])]))
}

/** Fisher's iris (UCI Machine Learning Repository, CC BY 4.0) */
function iris(): Columns {
  const [header, ...lines] = readFileSync(join(import.meta.dirname, '../fixtures/iris.csv'), 'utf8')
    .trim()
    .split('\n')
  const cells = lines.map((line) => line.trim().split(','))
  return Object.fromEntries(
    header
      .trim()
      .split(',')
      .map((name, c, { length }) => [name, cells.map((row) => (c === length - 1 ? row[c] : Number(row[c])))]),
  )
}

const DATA = houses(150)
const HOUSES = columnsOf(DATA)

async function check(model: MLP, columns: Columns, options: OnnxOptions = {}): Promise<void> {
  const rows = columns[Object.keys(columns)[0]].length
  const { run } = await session(await exportOnnx(model, options))
  const outputs = await run(rows, columns)
  const expected = await model.predictRows(columns)
  const names = targetNames(model.table!)
  expected.forEach((row: RowPrediction, r) => {
    const from = r * names.length
    if (row.class !== undefined) {
      const { data, dims } = outputs.class
      expect(dims).toEqual([rows])
      const label = typeof row.class === 'boolean' ? Number(row.class) : row.class
      expect(typeof data[r] === 'bigint' ? Number(data[r]) : data[r]).toEqual(label)
    }
    if (row.labels) expect(names.filter((_, c) => Boolean(outputs.labels.data[from + c]))).toEqual(row.labels)
    names.forEach((name, c) => {
      if (row.probabilities) {
        expect(outputs.probabilities.dims).toEqual([rows, names.length])
        expect(Math.abs(Number(outputs.probabilities.data[from + c]) - row.probabilities[name])).toBeLessThan(CLOSE)
      } else {
        const value = row.value ?? row.values![name]
        const { means, sds } = model.table!.target as ValuesTarget
        const error = Math.abs(Number(outputs.values.data[from + c]) - value)
        expect(error).toBeLessThan(CLOSE * (sds[c] + (options.numbers === 'float' ? Math.abs(means[c]) : 0)))
      }
    })
  })
}

/** Rows of every kind: missing cells, unknown and rare categories, far and repeated numbers. */
const STRANGE = {
  size: [null, 0, 1e9, -1e300, 120, 120.5],
  age: [null, 40, -7, 1e300, 0, 80],
  city: [null, 'Paris', 'Bern', 'Chur', 'Genf', 'bern'],
}

async function trained(
  estimator: Estimator & { fit(x: Columns, y: unknown): Promise<unknown> },
  x: Columns,
  y: unknown,
) {
  await estimator.fit(x, y)
  return estimator.model
}

describe.skipIf(runtimeMissing)('ONNX Runtime predicts as the model does', { timeout: 5 * MINUTES }, () => {
  it('iris, with text classes', async () => {
    const data = iris()
    const target = Object.keys(data).at(-1)!
    const model = await trained(new MLPClassifier(quick) as never, data, { target })
    await check(model, data)
    await check(model, data, { numbers: 'float' })
  })

  it('thirty columns of numbers of very different sizes, in bins, as of breast cancer', async () => {
    const rows = 120
    const columns: Record<string, (number | string)[]> = {}
    for (let c = 0; c < 30; c++) {
      const size = [0.001, 1, 50, 4000][c % 4]
      columns[`x${c}`] = Array.from({ length: rows }, (_, i) => size * (1 + (((i * (c + 7)) % 101) + (i % 2) * c) / 50))
    }
    const y = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 'malignant' : 'benign'))
    await check(await trained(new MLPClassifier({ ...quick, bins: 8 }) as never, columns, y), columns)
  })

  it.each(NUMERIC_SCALES)('missing numbers and categories, boolean classes, scale %s', async (scale) => {
    const { price: _, ...columns } = HOUSES
    for (const bins of [0, 6]) {
      const model = await trained(new MLPClassifier({ ...quick, scale, bins }) as never, columns, { target: 'dear' })
      await check(model, columns)
      // only the scales that are bounded take numbers whose product with a weight is not finite
      const isBounded = scale === 'robust' || scale === 'quantile'
      await check(
        model,
        isBounded ? STRANGE : { ...STRANGE, size: HOUSES.size.slice(0, 6), age: HOUSES.age.slice(0, 6) },
      )
    }
  })

  it('rare categories, categories of numbers, two levels, numeric classes', async () => {
    const rows = 60
    const columns = {
      zip: Array.from({ length: rows }, (_, i) => ['a', 'b', 'c', 'd', 'e'][(i * i) % 5]),
      pair: Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? null : i % 2 === 0)),
      code: Array.from({ length: rows }, (_, i) => `${(i % 4) * 10}`),
      x: Array.from({ length: rows }, (_, i) => ((i * 37) % 23) / 10),
    }
    for (const labels of [
      [3, 5, 8],
      [0.5, 1.5, 2.5],
      [true, false],
      ['no', 'yes'],
    ]) {
      const y = Array.from({ length: rows }, (_, i) => labels[i % labels.length])
      const classifier = new MLPClassifier({ ...quick, maxLevels: 3 })
      const x = { ...columns, code: columns.code }
      await check(await trained(classifier as never, x, y), x)
    }
  })

  it('values in their units, one and several targets, also as float', async () => {
    const { dear: _, ...columns } = HOUSES
    const one = await trained(new MLPRegressor(quick) as never, columns, { target: 'price' })
    const several = await trained(new MLPRegressor(quick) as never, columns, { target: ['price', 'age'] })
    for (const numbers of ['double', 'float'] as const) {
      await check(one, columns, { numbers })
      await check(several, columns, { numbers })
    }
    await check(one, STRANGE)
  })

  it('several labels, of which a row may have any', async () => {
    const low = DATA.map(({ age }) => age < 30)
    const columns = { age: HOUSES.age, city: HOUSES.city, low, high: DATA.map(({ price }) => price > 300_000) }
    const model = await trained(new MLPClassifier(quick) as never, columns, { target: ['low', 'high'] })
    expect(model.table!.target.task).toBe('multiLabel')
    await check(model, columns)
  })

  it('one output of binary cross-entropy for two classes', async () => {
    const data = table(HOUSES, { target: 'dear', columns: ['size', 'age', 'city', 'dear'] })
    const { transform } = learnTable(data)
    const model = new MLP({
      ...{ layers: [6, 4, 1], loss: 'binaryCrossEntropy', table: transform, backend: createJsBackend() },
    })
    await check(model, { size: HOUSES.size, age: HOUSES.age, city: HOUSES.city })
  })

  it('columns whose names are those of outputs and nodes', async () => {
    const columns = { class: DATA.map(({ age }) => age), gemm: DATA.map(({ size }) => size), 'a b"ä': HOUSES.city }
    const model = await trained(new MLPClassifier(quick) as never, columns, HOUSES.dear)
    const { inputNames, outputNames } = await session(await exportOnnx(model))
    expect(inputNames).toEqual(['class', 'gemm', 'a b"ä'])
    expect(outputNames).toEqual(['class_2', 'probabilities'])
  })

  it.each(ACTIVATIONS)('encoded rows, activation %s', async (activation) => {
    const inputs = Float32Array.from({ length: 40 }, (_, i) => ((i * 7919) % 97) / 12 - 4)
    const options: MLPOptions = { layers: [4, 7, 5, 3], activation, backend: createJsBackend() }
    const model = new MLP(options)
    const { run } = await session(await exportOnnx(model))
    const { class: classes, probabilities } = await run(10, { inputs: inputs as never })
    const expected = await model.predict(inputs)
    expect(Array.from(classes.data, Number)).toEqual([...expected.classes])
    expected.probabilities.forEach((p, i) => {
      expect(Math.abs(Number(probabilities.data[i]) - p)).toBeLessThan(CLOSE)
    })
    const regression = new MLP({ ...options, loss: 'huber', outputActivation: activation })
    const { values } = await (await session(await exportOnnx(regression))).run(10, { inputs: inputs as never })
    ;(await regression.predict(inputs)).outputs.forEach((value, i) => {
      expect(Math.abs(Number(values.data[i]) - value)).toBeLessThan(CLOSE)
    })
  })

  it.each(['unit', 'raw'] as const)('bytes, scale %s', async (inputScale) => {
    const pixels = Uint8Array.from({ length: 60 }, (_, i) => (i * 41) % 256)
    const model = new MLP({
      ...{ layers: [6, 5, 3], inputKind: 'bytes', inputScale, classNames: ['cat', 'dog', 'owl'] },
      ...{ init: { weights: 0.01, biases: 0 }, backend: createJsBackend() },
    })
    await saveOnnx(join(folder, 'bytes.onnx'), model)
    const { run } = await session(new Uint8Array(readFileSync(join(folder, 'bytes.onnx'))))
    const { class: names, probabilities } = await run(10, { inputs: pixels as never })
    const expected = await model.predict(pixels)
    expect(Array.from(names.data)).toEqual([...expected.classes].map((c) => ['cat', 'dog', 'owl'][c]))
    expected.probabilities.forEach((p, i) => {
      expect(Math.abs(Number(probabilities.data[i]) - p)).toBeLessThan(CLOSE)
    })
  })
})

describe('exportOnnx', () => {
  const backend = createJsBackend()

  it('says why dates, models with infinite parameters and other things cannot be exported', async () => {
    const days = Array.from({ length: 9 }, (_, i) => `2024-05-0${i + 1}`)
    const data = table({ day: days, y: days.map((_, i) => `${i % 2}`) }, { target: 'y' })
    const { transform } = learnTable(data, { types: { day: 'date' } })
    const model = new MLP({ layers: [1, 2], table: transform, backend })
    await expect(exportOnnx(model)).rejects.toThrow(/exportOnnx: column "day" holds dates, which ONNX does not support/)
    const broken = new MLP({ layers: [1, 2], backend })
    broken.parameters[0] = Number.NaN
    await expect(exportOnnx(broken)).rejects.toThrow(/the parameters of layer 1 are not finite/)
    await expect(exportOnnx({} as MLP)).rejects.toThrow(/model: expected an MLP/)
    await expect(exportOnnx(model, { numbers: 'half' as never })).rejects.toThrow(/numbers: expected one of/)
  })

  it('loads the library of protocol buffers on demand alone', async () => {
    const entry = join(import.meta.dirname, '../../src/browser.ts')
    const { metafile } = await build({
      ...{ entryPoints: [entry], bundle: true, write: false, metafile: true, splitting: true, outdir: folder },
      ...{ format: 'esm', platform: 'browser', conditions: ['browser'], logLevel: 'silent', external: ['#native'] },
    })
    const isLibrary = (path: string) => path.includes('@bufbuild')
    const loaders = Object.entries(metafile.inputs).filter(
      ([path, { imports }]) => !isLibrary(path) && imports.some(({ path: other }) => isLibrary(other)),
    )
    expect(loaders.map(([path]) => path.replace(/.*src/, 'src'))).toEqual(['src/exchange/onnx-messages.ts'])
    const kinds = loaders.flatMap(([, { imports }]) => imports.filter(({ path }) => isLibrary(path)))
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['dynamic-import']))
  })

  it('was checked by ONNX Runtime, or says why not', () => {
    if (runtimeMissing) console.warn(`ONNX Runtime skipped: it cannot be installed: ${runtimeMissing}`)
    expect(runtimeMissing === '' || process.env.CI === undefined, runtimeMissing).toBe(true)
  })
})
