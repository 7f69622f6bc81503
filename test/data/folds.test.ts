import { describe, expect, test } from 'vitest'
import { kFold } from '../../src/data/folds.js'
import { samples } from '../../src/data/samples.js'

/** 103 rows, of the classes 0 (69 rows), 1 (24) and 3 (10), mixed; class 2 has none. */
const labels = Int32Array.from({ length: 103 }, (_, i) => (i % 10 === 0 && i < 100 ? 3 : i % 4 === 1 && i < 95 ? 1 : 0))
const set = samples({ values: Uint8Array.from({ length: 206 }, (_, i) => i), cols: 2, labels, classes: 4 })
const countOf = (rows: Int32Array, c: number) => rows.filter((row) => labels[row] === c).length

describe.each([false, true])('kFold with stratified %s', (stratified) => {
  const folds = kFold(set, { folds: 5, stratified })

  test('puts each row into the validation set of one fold, in order, and the rest into its training set', () => {
    const all = folds.flatMap(({ valid }) => [...valid.rows])
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, i) => i))
    for (const { train, valid } of folds) {
      expect([...valid.rows]).toEqual([...valid.rows].sort((a, b) => a - b))
      expect([...train.rows]).toEqual([...set.rows].filter((row) => !valid.rows.includes(row)))
    }
  })

  test('makes parts as equal as can be, over the same arrays', () => {
    expect(folds.map(({ valid }) => valid.length).sort()).toEqual([20, 20, 21, 21, 21])
    for (const { train, valid } of folds) {
      expect(train.values).toBe(set.values)
      expect(valid.labels).toBe(set.labels)
    }
  })

  test('follows from the seed alone, which is 1', () => {
    const rows = (seed?: number) => kFold(set, { folds: 5, stratified, seed }).map(({ valid }) => [...valid.rows])
    expect(rows(1)).toEqual(rows())
    expect(rows(2)).not.toEqual(rows())
  })
})

test('stratified folds differ by at most one row of each class', () => {
  const folds = kFold(set, { folds: 5, stratified: true })
  const counts = (c: number) => folds.map(({ valid }) => countOf(valid.rows, c))
  expect(counts(3)).toEqual([2, 2, 2, 2, 2])
  expect(counts(1).sort()).toEqual([4, 5, 5, 5, 5])
  expect(counts(0).sort()).toEqual([13, 14, 14, 14, 14])
  expect([0, 1, 3].map((c) => countOf(set.rows, c))).toEqual([69, 24, 10])
})

test('a fold is a set like any other: its rows can be divided again', () => {
  const [{ train }] = kFold(set, { folds: 5 })
  const inner = kFold(train, { folds: 3, stratified: true })
  const all = inner.flatMap(({ valid }) => [...valid.rows]).sort((a, b) => a - b)
  expect(all).toEqual([...train.rows])
})

test('every row is as likely in each fold', () => {
  const counts = new Int32Array(5)
  for (let seed = 1; seed <= 500; seed++) {
    counts[kFold(set, { folds: 5, seed }).findIndex(({ valid }) => valid.rows.includes(17))]++
  }
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(45)
})

test('has pinned rows', () => {
  expect(kFold(set, { folds: 20, seed: 7 }).map(({ valid }) => valid.rows[0])).toMatchInlineSnapshot(`
    [
      4,
      7,
      19,
      5,
      27,
      81,
      71,
      0,
      13,
      30,
      28,
      35,
      34,
      6,
      24,
      33,
      17,
      38,
      1,
      8,
    ]
  `)
  expect(kFold(set, { folds: 10, seed: 7, stratified: true }).map(({ valid }) => valid.rows[0])).toMatchInlineSnapshot(`
    [
      0,
      11,
      6,
      13,
      33,
      2,
      4,
      1,
      5,
      10,
    ]
  `)
})

describe('kFold refuses', () => {
  test.each<[object, string]>([
    [{ folds: 1 }, 'kFold: folds: expected an integer from 2 to 103, got 1'],
    [{ folds: 104 }, 'kFold: folds: expected an integer from 2 to 103, got 104'],
    [{}, 'kFold: folds: expected an integer from 2 to 103, got undefined'],
    [{ folds: 5, seed: -1 }, 'seed: expected an integer >= 0'],
    [{ folds: 5, stratified: 'yes' }, 'kFold: stratified: expected true or false, got "yes"'],
    [{ folds: 5, stratifed: true }, "kFold: unknown option 'stratifed'; did you mean 'stratified'?"],
    [{ folds: 11, stratified: true }, 'kFold: stratified: class 3 has 10 rows, fewer than the 11 folds'],
  ])('%j', (options, message) => {
    expect(() => kFold(set, options as never)).toThrow(message)
  })

  test('what is no set, has a single row, or no classes to stratify by', () => {
    expect(() => kFold([1, 2] as never, { folds: 2 })).toThrow('kFold: expected Samples, got [1, 2]')
    expect(() => kFold(set.take(1), { folds: 2 })).toThrow('kFold: expected at least 2 rows, one per fold, got 1')
    const plain = samples({ values: [1, 2, 3], cols: 1, targets: [1, 2, 3] })
    expect(() => kFold(plain, { folds: 3, stratified: true })).toThrow('false for a set without labels')
    expect(kFold(plain, { folds: 3 }).map(({ valid }) => valid.length)).toEqual([1, 1, 1])
  })
})
