import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { Prediction } from '../../src/model/prediction.js'
import { clusters, pixels } from '../train/toy-data.js'
import { BACKENDS } from './backends.js'

const CAPACITY = 40
/** More than `predict` puts through the memory of a predictor. */
const MANY = 100

const floats = { rows: clusters(MANY).values, layers: [4, 17, 5, 3] }
const bytes = { rows: pixels(MANY, 1, 4).values, layers: [4, 17, 5, 3] }
const CASES: [string, { rows: Float32Array | Uint8Array; layers: number[] }, Partial<MLPOptions>][] = [
  ['float32', floats, {}],
  ['bytes', bytes, {}],
  ['raw bytes', bytes, { inputScale: 'raw' }],
  ['a regression', floats, { loss: 'meanSquaredError', activation: 'gelu' }],
  ['one yes or no', { ...floats, layers: [4, 17, 1] }, { loss: 'binaryCrossEntropy' }],
  ['several of them', floats, { loss: 'binaryCrossEntropy' }],
]

/** Rows from..to-1 of a prediction of `n`. */
function part(all: Prediction, n: number, from: number, to: number): Prediction {
  const cut = <A extends Int32Array | Float32Array>(array: A) =>
    array.slice((array.length / n) * from, (array.length / n) * to) as A
  return { classes: cut(all.classes), probabilities: cut(all.probabilities), outputs: cut(all.outputs) }
}

describe.each(BACKENDS)('a predictor on %s', (_, backend) => {
  it.each(CASES)('gives the bits of predict on many rows, for any number of rows: %s', async (_, data, options) => {
    const { layers, rows } = data
    const model = new MLP({ layers, seed: 3, backend, ...options })
    const all = await model.predict(rows)
    const predictor = model.predictor({ capacity: CAPACITY })
    for (let n = 1; n <= CAPACITY; n++) {
      const from = (n * 7) % (MANY - n)
      const given = rows.subarray(from * 4, (from + n) * 4)
      expect(predictor.run(given), `${n} rows`).toEqual(part(all, MANY, from, from + n))
      if (n <= 3) expect(await model.predict(given)).toEqual(part(all, MANY, from, from + n))
    }
  })

  it('takes bytes and floats in turn', async () => {
    const model = new MLP({ layers: floats.layers, backend })
    const predictor = model.predictor({ capacity: 2 })
    const [fromFloats, fromBytes] = [await model.predict(floats.rows), await model.predict(bytes.rows)]
    for (let i = 0; i < 3; i++) {
      expect(predictor.run(floats.rows.subarray(0, 8))).toEqual(part(fromFloats, MANY, 0, 2))
      expect(predictor.run(Buffer.from(bytes.rows.subarray(0, 8)))).toEqual(part(fromBytes, MANY, 0, 2))
    }
  })

  it('follows the parameters of its model', async () => {
    const model = new MLP({ layers: floats.layers, backend })
    const predictor = model.predictor({ capacity: 3 })
    const rows = floats.rows.subarray(0, 12)
    const before = predictor.run(rows)
    model.setParameters(new MLP({ layers: floats.layers, seed: 9, backend }).getParameters())
    const after = predictor.run(rows)
    expect(after.outputs).not.toEqual(before.outputs)
    expect(after).toEqual(part(await model.predict(floats.rows), MANY, 0, 3))
  })

  it('gives results of their own, and reads the rows at the call only', () => {
    const model = new MLP({ layers: floats.layers, backend })
    const [one, two] = [model.predictor({ capacity: 3 }), model.predictor({ capacity: 5 })]
    const rows = floats.rows.slice(0, 12)
    const first = one.run(rows)
    const copy = structuredClone(first)
    const other = two.run(floats.rows.subarray(12, 24))
    rows.fill(3)
    expect(one.run(rows)).not.toEqual(first)
    expect(first).toEqual(copy)
    expect(two.run(floats.rows.subarray(12, 24))).toEqual(other)
    first.outputs.fill(0)
    first.classes.fill(0)
    expect(one.run(floats.rows.subarray(0, 12))).toEqual(copy)
  })

  it('goes on after rows that it refused', () => {
    const predictor = new MLP({ layers: floats.layers, backend }).predictor({ capacity: 3 })
    const good = predictor.run(floats.rows.subarray(0, 12))
    const bad = floats.rows.slice(0, 12)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      bad[6] = value
      const message = `rows[1][2]: expected a finite number, got ${value}`
      expect(() => predictor.run(bad)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
      expect(predictor.run(floats.rows.subarray(0, 12))).toEqual(good)
    }
    bad[6] = 3e38
    bad[5] = -3e38
    const large = expect.objectContaining({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/^predict: output 0 of row 1 is (NaN|-?Infinity)/),
    })
    const wide = new MLP({ layers: [4, 2], init: { weights: 100, biases: 0 }, backend }).predictor()
    expect(() => wide.run(bad)).toThrow(large)
  })

  it.each<[string, unknown]>([
    ['too few values', new Float32Array(3)],
    ['half a row', new Float32Array(6)],
    ['no rows', new Float32Array(0)],
    ['more rows than its capacity', new Uint8Array(16)],
    ['float64', new Float64Array(4)],
    ['clamped bytes', new Uint8ClampedArray(4)],
    ['a list', [1, 2, 3, 4]],
    ['a set', clusters(2)],
    ['null', null],
    ['nothing', undefined],
  ])('refuses %s', (_, rows) => {
    const predictor = new MLP({ layers: floats.layers, backend }).predictor({ capacity: 3 })
    const message = expect.stringMatching(/^rows: expected 1 to 3 rows of 4 values, float32 or bytes, got /)
    expect(() => predictor.run(rows as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
  })

  it.each<[object, RegExp]>([
    [{ capacity: 0 }, /^predictor\.capacity: expected an integer from 1 to 65536, got 0$/],
    [{ capacity: 65_537 }, /^predictor\.capacity: .*got 65537$/],
    [{ capacity: 1.5 }, /^predictor\.capacity: .*got 1\.5$/],
    [{ capacity: '8' }, /^predictor\.capacity: .*got "8"$/],
    [{ capcity: 8 }, /'capcity'; did you mean 'capacity'/],
  ])('refuses the options %j', (options, message) => {
    expect(() => new MLP({ layers: [4, 3], backend }).predictor(options as never)).toThrow(message)
  })

  it('takes as many rows as its capacity, 64 unless told', async () => {
    const model = new MLP({ layers: [1, 2], backend })
    expect(model.predictor().capacity).toBe(64)
    const rows = Float32Array.from({ length: 65_536 }, (_, i) => i / 65_536)
    const [one, other] = [model.predictor({ capacity: 65_536 }).run(rows), await model.predict(rows)]
    // comparing large arrays value by value takes seconds
    expect(Buffer.from(one.outputs.buffer).equals(Buffer.from(other.outputs.buffer))).toBe(true)
  })
})

/** Counts collections while rows are predicted one by one. */
const PROGRAM = `
  import { constants, PerformanceObserver } from 'node:perf_hooks'
  const { createJsBackend, defaultBackend, MLP } = await import(process.argv[1])
  const counts = {}
  for (const [name, backend] of [['js', createJsBackend()], ['default', defaultBackend()]]) {
    const predictor = new MLP({ layers: [30, 20, 2], backend }).predictor()
    const row = new Float32Array(30).fill(0.5)
    const many = (n) => { for (let i = 0; i < n; i++) predictor.run(row) }
    many(1000)
    gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
    let major = 0
    let minor = 0
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) {
        if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR || detail.kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) major++
        else minor++
      }
    })
    observer.observe({ entryTypes: ['gc'] })
    many(20_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const duringCalls = major
    gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
    observer.disconnect()
    counts[name] = { duringCalls, isSeen: major > duringCalls }
  }
  console.log(JSON.stringify(counts))`

it('needs no major garbage collection in 20,000 calls', () => {
  const library = new URL('../../dist/index.js', import.meta.url).href
  const flags = ['--expose-gc', '--input-type=module', '-e', PROGRAM, library]
  const child = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  expect(child.stderr).toBe('')
  const quiet = { duringCalls: 0, isSeen: true }
  expect(JSON.parse(child.stdout)).toEqual({ js: quiet, default: quiet })
})
