import { describe, expect, it } from 'vitest'
import { NativeMlpError } from '../../src/core/errors.js'
import { type Rows, table } from '../../src/table/rows.js'

const OBJECTS = [
  { size: 50, city: 'Bern', sold: true, when: new Date('2024-05-31T00:00:00Z') },
  { size: null, city: undefined, sold: false, when: null },
  { size: 70n, sold: null, city: 'Chur', extra: 1 },
]

describe('table', () => {
  it('takes objects, whose keys may be missing', () => {
    const { columns, length, source, place } = table(OBJECTS)
    expect({ length, source, place: place(2) }).toEqual({ length: 3, source: 'rows', place: 'row 2' })
    expect(columns).toEqual([
      { name: 'size', kind: 'number', values: Float64Array.of(50, Number.NaN, 70) },
      { name: 'city', kind: 'text', codes: Int32Array.of(0, -1, 1), levels: ['Bern', 'Chur'] },
      { name: 'sold', kind: 'text', codes: Int32Array.of(0, 1, -1), levels: ['true', 'false'] },
      { name: 'when', kind: 'text', codes: Int32Array.of(0, -1, -1), levels: ['2024-05-31T00:00:00.000Z'] },
      { name: 'extra', kind: 'number', values: Float64Array.of(Number.NaN, Number.NaN, 1) },
    ])
  })

  it('takes lists, typed arrays and columns alike', () => {
    const columns = [
      { name: 'a', kind: 'number', values: Float64Array.of(1, 3) },
      { name: 'b', kind: 'number', values: Float64Array.of(2, 4) },
    ]
    const names = { columns: ['a', 'b'] }
    for (const rows of [
      [
        [1, 2],
        [3, 4],
      ],
      [Float32Array.of(1, 2), Float32Array.of(3, 4)],
      { a: [1, 3], b: Int8Array.of(2, 4) },
      { shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) },
    ]) {
      expect(table(rows as Rows, names).columns).toEqual(columns)
    }
    expect(table([[1, 2]]).columns.map(({ name }) => name)).toEqual(['x0', 'x1'])
  })

  it('takes columns called shape and data', () => {
    expect(table({ shape: [1, 2], data: [3, 4] }).columns.map(({ name }) => name)).toEqual(['shape', 'data'])
  })

  it('keeps the order of the columns asked for, and the target', () => {
    const made = table(OBJECTS, { columns: ['city', 'size'], target: 'size' })
    expect(made.columns.map(({ name }) => name)).toEqual(['city', 'size'])
    expect(made.target).toEqual(['size'])
    expect(table(made, { columns: ['size'] }).columns.map(({ name }) => name)).toEqual(['size'])
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'a word among numbers',
      () => table([{ a: 1 }, { a: 'x' }]),
      /row 1, column "a": expected a number as in row 0, or null, got "x"/,
    ],
    ['a number among booleans', () => table([[true], [null], [3]]), /row 2, column "x0": expected a boolean/],
    [
      'an infinite number',
      () => table({ a: [1, Number.POSITIVE_INFINITY] }),
      /row 1, column "a": expected a finite number, got Infinity/,
    ],
    [
      'an object for a cell',
      () => table([{ a: {} }] as never),
      /row 0, column "a": expected a number, text, boolean or date/,
    ],
    ['a short row', () => table([[1, 2], [1]]), /rows\[1\]: expected 2 cells/],
    ['objects and lists', () => table([{ a: 1 }, [1]] as never), /rows\[1\]: expected an object/],
    ['columns of different lengths', () => table({ a: [1, 2], b: [1] }), /column "b": expected a list of 2 cells/],
    ['no rows', () => table([]), /rows: expected at least one row/],
    ['an unknown target', () => table([{ a: 1 }], { target: 'b' }), /target: expected one of the columns "a", got "b"/],
    ['a column named twice', () => table([[1, 2]], { columns: ['a', 'a'] }), /columns: "a" is named twice/],
    ['an invalid date', () => table([[new Date('x')]]), /row 0, column "x0": expected a valid date/],
  ])('rejects %s, and says where', (_, make, message) => {
    expect(make).toThrow(NativeMlpError)
    expect(make).toThrow(message)
  })
})
