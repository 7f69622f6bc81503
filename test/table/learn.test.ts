import { describe, expect, it } from 'vitest'
import { encodeTable } from '../../src/data/encode-table.js'
import { type LearnOptions, learnTable } from '../../src/table/learn.js'
import { type Rows, table } from '../../src/table/rows.js'
import type { NumericScale } from '../../src/table/transform.js'

/** Inputs of each row of columns, learnt on `rows` of them. */
function encoded(
  columns: Readonly<Record<string, readonly unknown[]>>,
  options: Partial<LearnOptions> = {},
): number[][] {
  const length = Object.values(columns)[0].length
  const data = table({ ...columns, y: Array.from({ length }, (_, i) => (i % 2 === 0 ? 'a' : 'b')) } as Rows)
  const { transform } = learnTable(data, { target: 'y', ...options })
  const { values, cols } = encodeTable(data, transform)
  return Array.from({ length }, (_, i) => [...values.subarray(i * cols, (i + 1) * cols)])
}

const flat = (rows: number[][]) => rows.map(([first]) => first)

describe('numbers', () => {
  const x = [0, 1, 2, 3, 4, 100]

  it('are scaled by median and quartiles, and clipped smoothly at 3', () => {
    // median 2.5, quartiles 1.25 and 3.75
    const robust = x.map((value) => (value - 2.5) / 2.5).map((z) => z / Math.sqrt(1 + (z / 3) ** 2))
    expect(flat(encoded({ x }))).toEqual(robust.map((z) => expect.closeTo(z, 6)))
    expect(flat(encoded({ x: [0, 0, 0, 0, 0, 0, 0, 1] })).at(-1)).toBeCloseTo(2 / Math.sqrt(1 + 4 / 9), 6)
  })

  it.each<[NumericScale, number[]]>([
    ['standard', [-Math.SQRT2, -Math.SQRT1_2, 0, Math.SQRT1_2, Math.SQRT2]],
    ['minMax', [-1, -0.5, 0, 0.5, 1]],
    ['none', [0, 1, 2, 3, 4]],
    // normal quantiles of 0.1, 0.3, 0.5, 0.7, 0.9
    ['quantile', [-1.281552, -0.524401, 0, 0.524401, 1.281552]],
  ])('are scaled by %s on request', (scale, expected) => {
    const values = flat(encoded({ x: [0, 1, 2, 3, 4] }, { scale }))
    expect(values).toEqual(expected.map((z) => expect.closeTo(z, 5)))
  })

  it('are encoded piecewise linearly beside their scaled value', () => {
    const rows = encoded({ x: [0, 1, 2, 3, 4, 5, 6, 7, 8] }, { bins: 4 })
    expect(rows.map((row) => row.slice(1))).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((v) => [0, 2, 4, 6].map((e) => Math.max(0, Math.min(1, (v - e) / 2)))),
    )
    // fewer than three different edges would only repeat the value
    expect(encoded({ x: [0, 0, 0, 1, 1, 1] }, { bins: 1 })[0]).toHaveLength(1)
  })

  it('that are missing become the median, and say so where training rows have missing ones', () => {
    expect(encoded({ x: [0, null, 4, 2] }).map(([z, flag]) => [z === 0, flag])).toEqual([
      [false, 0],
      [true, 1],
      [false, 0],
      [true, 0],
    ])
  })

  it('come from dates on request', () => {
    const when = ['2024-01-01', '2024-01-03T00:00:00+00:00', '2024-01-02 00:00', null]
    const [a, b, c] = flat(encoded({ when }, { types: { when: 'date' }, scale: 'minMax' }))
    expect([a, b, c]).toEqual([-1, 1, 0])
    const wrong = { when: ['2024-01-01', '2024-02-30'] }
    expect(() => encoded(wrong, { types: { when: 'date' } })).toThrow(/row 1, column "when": expected a date/)
  })
})

describe('categories', () => {
  it('of two levels are -1 and 1, and 0 where they are missing', () => {
    expect(flat(encoded({ x: ['no', 'yes', null, 'no'] }))).toEqual([-1, 1, 0, -1])
    expect(flat(encoded({ x: [true, false, true] }))).toEqual([-1, 1, -1])
  })

  it('of more levels are one input each, most frequent first', () => {
    expect(encoded({ x: ['u', 'v', 'v', 'w', null] })).toEqual([
      [0, 1, 0],
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 0],
    ])
  })

  it('beyond the limit share an input, and unknown ones are zeros', () => {
    const data = table({ x: ['u', 'u', 'v', 'v', 'w', 'new'], y: [0, 1, 0, 1, 0, 1] })
    const { transform } = learnTable(data, { target: 'y', rows: [0, 1, 2, 3, 4], maxLevels: 2 })
    expect([...encodeTable(data, transform).values]).toEqual([1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0])
  })

  it('may be numbers on request', () => {
    expect(encoded({ zip: [8001, 3011, 8001] }, { types: { zip: 'categorical' } })).toEqual([[-1], [1], [-1]])
  })
})

describe('the schema', () => {
  const n = 40
  const data = table({
    id: Array.from({ length: n }, (_, i) => 1000 + i),
    constant: new Float64Array(n).fill(3),
    name: Array.from({ length: n }, (_, i) => `person ${i}`),
    born: Array.from({ length: n }, (_, i) => `1990-01-${String(1 + (i % 30)).padStart(2, '0')}`),
    empty: Array.from({ length: n }, () => null),
    size: Array.from({ length: n }, (_, i) => (i % 5 === 0 ? null : i / 10)),
    color: Array.from({ length: n }, (_, i) => ['red', 'green', 'blue'][i % 3]),
    smokes: Array.from({ length: n }, (_, i) => i % 4 === 0),
    price: Array.from({ length: n }, (_, i) => 100.5 * i),
  })

  it('infers types, and says what it ignores and why', () => {
    const { schema } = learnTable(data, { target: 'price' })
    const types = Object.fromEntries(schema.columns.map(({ name, type }) => [name, type]))
    expect(types).toEqual({
      ...{ id: 'ignored', constant: 'ignored', name: 'ignored', born: 'ignored', empty: 'ignored' },
      ...{ size: 'numeric', color: 'categorical', smokes: 'boolean' },
    })
    expect(schema.columns.find(({ name }) => name === 'size')).toMatchObject({ missing: 8, distinct: 32 })
    expect(schema.notes).toEqual([
      'task: regression of "price", by the values of the target',
      'column "id" is ignored: an identifier: whole numbers that never repeat',
      'column "constant" is ignored: constant in the training rows',
      'column "name" is ignored: identifiers or free text: 40 different texts in 40 rows',
      `column "born" is ignored: dates; types: { "born": 'date' } makes them numbers`,
      'column "empty" is ignored: no training row has a value',
    ])
  })

  it('is overridden by column', () => {
    const types = { id: 'numeric', born: 'date', name: 'categorical', color: 'ignored' } as const
    const { schema, transform } = learnTable(data, { target: 'price', types })
    expect(Object.fromEntries(schema.columns.map(({ name, type }) => [name, type]))).toMatchObject(types)
    expect(transform.inputs.map(({ column }) => column)).toEqual(['id', 'name', 'born', 'size', 'smokes'])
  })

  it.each<[string, readonly unknown[], string]>([
    ['texts', ['a', 'b', 'c'], 'classes'],
    ['booleans', [true, false, true], 'classes'],
    ['a few whole numbers', [1, 2, 1], 'classes'],
    ['fractions', [0.5, 1, 2], 'regression'],
    ['many whole numbers', Array.from({ length: 30 }, (_, i) => i), 'regression'],
  ])('tells the task from a target of %s', (_, y, task) => {
    expect(learnTable(table({ x: y.map((_, i) => i * i), y } as Rows, { target: 'y' })).schema.task).toBe(task)
  })

  it('tells several targets of 0 and 1 from several of numbers', () => {
    const of = (b: number[]) => table({ x: [1, 2, 4], a: [0, 1, 1], b }, { target: ['a', 'b'] })
    expect(learnTable(of([1, 0, 0])).transform.target).toEqual({ task: 'multiLabel', columns: ['a', 'b'] })
    const { transform } = learnTable(of([3, 5, 7]))
    expect(transform.target).toMatchObject({ task: 'regression', means: [2 / 3, 5] })
    expect([...encodeTable(of([3, 5, 7]), transform).targets!].filter((_, i) => i % 2 === 1)).toEqual([
      expect.closeTo(-1.224745, 5),
      0,
      expect.closeTo(1.224745, 5),
    ])
  })

  it.each<[string, Rows, Partial<LearnOptions>, RegExp]>([
    [
      'a missing label',
      { x: [1, 2], y: ['a', null] },
      {},
      /row 1, column "y": expected a class, because it is the target/,
    ],
    [
      'a missing number',
      { x: [1, 2], y: [0.5, null] },
      {},
      /row 1, column "y": expected a number, because it is a target/,
    ],
    ['a single class', { x: [1, 2], y: ['a', 'a'] }, {}, /target "y": expected 2 to 65536 classes .* got only "a"/],
    ['only ignored columns', { x: [1, 1], y: ['a', 'b'] }, {}, /no column to learn from: "x" \(constant/],
    ['a type for no column', { x: [1, 2], y: ['a', 'b'] }, { types: { z: 'numeric' } }, /column "z"/],
    [
      'texts as numbers',
      { x: ['u', 'v'], y: ['a', 'b'] },
      { types: { x: 'numeric' } },
      /holds texts, for example "u" in row 0/,
    ],
    [
      'no target',
      { x: [1, 2], y: ['a', 'b'] },
      { target: [] },
      /target: expected the column to predict, one of "x", "y"/,
    ],
  ])('rejects %s, and says where', (_, rows, options, message) => {
    expect(() => learnTable(table(rows), { target: 'y', ...options })).toThrow(message)
  })
})

it('nothing but the training rows changes what is learnt', () => {
  const rows = Array.from({ length: 30 }, (_, i) => i)
  const column = (last: number) => [...rows.map((i) => i * 1.5), last]
  const learnt = [5, 1e9].map((last) => {
    const data = table({ x: column(last), c: [...rows.map((i) => `c${i % 4}`), `only ${last}`], y: column(last) })
    return learnTable(data, { target: 'y', rows, bins: 8, scale: 'quantile' }).transform
  })
  expect(learnt[0]).toEqual(learnt[1])
  expect(learnt[0].inputs[1]).toMatchObject({ levels: ['c0', 'c1', 'c2', 'c3'] })
})
