import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Samples, samples } from '../../src/data/samples.js'

const bytes = () => samples({ values: Uint8Array.from([0, 1, 2, 3, 4, 255]), cols: 2, labels: [0, 2, 1] })

describe('samples', () => {
  test('bytes stay bytes, in a copy, and mean x / 255 unless told otherwise', () => {
    const values = Uint8Array.from([0, 51, 255, 128])
    const set = samples({ values, cols: 2, labels: [0, 1] })
    expect(set.values).toEqual(values)
    expect(set.values).not.toBe(values)
    expect(set.scale).toBe('unit')
    expect([...set.values].map((byte) => set.table?.[byte])).toEqual([0, Math.fround(0.2), 1, Math.fround(128 / 255)])
    const raw = samples({ values, cols: 2, labels: [0, 1], scale: 'raw' })
    expect([...raw.values].map((byte) => raw.table?.[byte])).toEqual([0, 51, 255, 128])
  })

  test('fills in classes, names and rows', () => {
    const set = bytes()
    expect(set.length).toBe(3)
    expect([...set.rows]).toEqual([0, 1, 2])
    expect(set.classes).toBe(3)
    expect(set.classNames).toEqual(['0', '1', '2'])
    expect(samples({ values: [1, 2], cols: 1, labels: [0, 0], classNames: ['cat', 'dog'] }).classes).toBe(2)
    expect(samples({ values: [1, 2], cols: 1, labels: [0, 0], classes: 4 }).classNames.length).toBe(4)
  })

  test('labels may be 64-bit integers, as NumPy writes them', () => {
    for (const labels of [BigInt64Array.of(0n, 2n, 1n), BigUint64Array.of(0n, 2n, 1n), [0n, 2n, 1n]]) {
      const set = samples({ values: [1, 2, 3], cols: 1, labels })
      expect(set.labels).toEqual(Int32Array.of(0, 2, 1))
      expect(set.classes).toBe(3)
    }
  })

  test('other numbers become float32 and are taken as they are', () => {
    for (const values of [Float64Array.from([0.1, -2, 3, 4]), [0.1, -2, 3, 4]]) {
      const set = samples({ values, cols: 2, targets: [1, 2, 3, 4] })
      expect(set.values).toEqual(Float32Array.from([0.1, -2, 3, 4]))
      expect(set.table).toBeNull()
      expect(set.targetCols).toBe(2)
      expect(set.classes).toBe(0)
    }
    const values = new Float32Array(4)
    expect(samples({ values, cols: 2 }).values).toEqual(values)
  })

  const detached = new Uint8Array(4)
  structuredClone(detached, { transfer: [detached.buffer] })
  const values = new Uint8Array(6)
  const labels = [0, 1, 0]
  test.each([
    ['no rows', { values: new Uint8Array(0), cols: 2 }, 'values: expected at least one row'],
    ['a detached buffer', { values: detached, cols: 2 }, 'values: expected at least one row'],
    [
      'rows as arrays',
      {
        values: [
          [1, 2],
          [3, 4],
        ],
        cols: 2,
      },
      'values: expected one flat row-major array, e.g. rows.flatMap((row) => [...row]), got [[1, 2], [3, 4]]',
    ],
    ['targets as arrays', { values, cols: 2, targets: [[1], [2], [3]] }, 'targets: expected one flat row-major array'],
    [
      'the number of targets',
      { values, cols: 2, targets: [1, 2, 3], targetCols: 1 },
      "unknown option 'targetCols': the number of targets per row follows from the length of targets",
    ],
    ['half a row', { values, cols: 4 }, 'values: expected whole rows of 4 columns, got Uint8Array of length 6'],
    ['no columns', { values, cols: 0 }, 'cols: expected an integer >= 1, got 0'],
    ['other values', { values: 'abc', cols: 1 }, 'values: expected a Uint8Array, Float32Array'],
    ['integers of 16 bits', { values: new Int16Array(4), cols: 1 }, 'values: expected a Uint8Array, Float32Array'],
    ['NaN', { values: Float32Array.of(1, 2, 3, Number.NaN), cols: 2 }, 'values: row 1, column 1: expected a finite'],
    ['Infinity', { values: [1, Infinity], cols: 2 }, 'values: row 0, column 1: expected a finite number'],
    ['beyond float32', { values: [1, 1e39], cols: 1 }, 'values: row 1, column 0: expected a finite number'],
    ['text among numbers', { values: [1, '2'], cols: 1 }, 'values: row 1, column 0: expected a finite number'],
    ['a bigint as value', { values: [1n, 2n], cols: 2 } as never, 'values: row 0, column 0: expected a finite number'],
    [
      '64-bit values',
      { values: new BigInt64Array(2), cols: 2 } as never,
      'values: expected a Uint8Array, Float32Array',
    ],
    [
      'a 64-bit label beyond them all',
      { values, cols: 2, labels: [0n, 1n, 2n ** 60n] },
      'labels: row 2: expected an integer',
    ],
    ['a negative 64-bit label', { values, cols: 2, labels: BigInt64Array.of(0n, -1n, 1n) }, 'labels: row 1: expected'],
    ['too few labels', { values, cols: 2, labels: [0, 1] }, 'labels: expected one label per row, 3 in total'],
    ['a negative label', { values, cols: 2, labels: [0, 1, -1] }, 'labels: row 2: expected an integer'],
    ['a fraction', { values, cols: 2, labels: [0, 0.5, 1] }, 'labels: row 1: expected an integer from 0'],
    [
      'an enormous label',
      { values, cols: 2, labels: [0, 1e9, 1] },
      'labels: row 1: expected an integer from 0 to 65535',
    ],
    [
      'a label >= classes',
      { values, cols: 2, labels, classes: 1 },
      'labels: row 1: expected an integer from 0 to 0, got 1',
    ],
    ['labels that are text', { values, cols: 2, labels: 'abc' }, 'labels: expected an array of integers'],
    [
      'names too few',
      { values, cols: 2, labels, classes: 2, classNames: ['a'] },
      'classNames: expected a name for each',
    ],
    ['names not text', { values, cols: 2, labels, classNames: [1, 2] }, 'classNames: expected an array of strings'],
    ['classes without labels', { values, cols: 2, classes: 2 }, 'classes, classNames: require labels'],
    ['labels and targets', { values, cols: 2, labels, targets: [1, 2, 3] }, 'got both'],
    ['ragged targets', { values, cols: 2, targets: [1, 2, 3, 4] }, 'targets: expected the same number of values'],
    ['NaN in targets', { values, cols: 2, targets: [1, 2, Number.NaN] }, 'targets: row 2, column 0: expected a finite'],
    ['an unknown scale', { values, cols: 2, scale: 'units' }, "scale: expected one of 'unit', 'raw', got \"units\""],
    ['an image of another size', { values, cols: 2, imageShape: [2, 2] }, 'height x width = 2'],
    ['a misspelt option', { values, cols: 2, lables: labels }, "unknown option 'lables'; did you mean 'labels'?"],
    ['nothing', undefined, 'samples: expected an options object'],
  ])('refuses %s', (_, options, message) => {
    expect(() => samples(options as never)).toThrow(message)
  })
})

describe('sets made from a set', () => {
  test('take and subset choose rows and share the arrays', () => {
    const set = bytes()
    expect([...set.take(2).rows]).toEqual([0, 1])
    const picked = set.subset([2, 0, 2])
    expect([...picked.rows]).toEqual([2, 0, 2])
    expect([...picked.subset([1, 2]).rows]).toEqual([0, 2])
    expect(picked.values).toBe(set.values)
    expect(picked.labels).toBe(set.labels)
    expect(picked).toBeInstanceOf(Samples)
  })

  test('refuse rows that are not there', () => {
    const set = bytes()
    expect(() => set.take(4)).toThrow('take: expected an integer from 1 to 3, got 4')
    expect(() => set.take(0)).toThrow('take')
    expect(() => set.subset([0, 3])).toThrow('subset: positions[1]: expected an integer from 0 to 2, got 3')
    expect(() => set.subset([])).toThrow('subset: expected at least one position')
  })
})

describe('split', () => {
  const n = 1000
  const set = samples({
    values: new Uint8Array(n),
    cols: 1,
    labels: Int32Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 1 : 0)),
  })

  test('every row goes to exactly one side, in the order it had', () => {
    const { train, valid } = set.split({ valid: 0.2 })
    expect([train.length, valid.length]).toEqual([800, 200])
    for (const { rows } of [train, valid]) expect([...rows]).toEqual([...rows].sort((a, b) => a - b))
    expect([...train.rows, ...valid.rows].sort((a, b) => a - b)).toEqual([...set.rows])
  })

  test('depends on the seed alone, 1 unless told otherwise', () => {
    const rows = (seed?: number) => [...set.split({ valid: 0.2, ...(seed === undefined ? {} : { seed }) }).valid.rows]
    expect(rows()).toEqual(rows(1))
    expect(rows(2)).not.toEqual(rows(1))
    expect(rows(1).slice(0, 8)).toEqual([8, 13, 14, 22, 25, 39, 56, 59])
  })

  test('is uniform: over many seeds every row is drawn equally often', () => {
    const small = set.take(10)
    const counts = new Array(10).fill(0)
    for (let seed = 0; seed < 2000; seed++) {
      for (const row of small.split({ valid: 0.3, seed }).valid.rows) counts[row]++
    }
    // binomial(2000, 0.3): mean 600, standard deviation 20.5; five of them
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(103)
  })

  test('stratified gives each class its share', () => {
    const { train, valid } = set.split({ valid: 0.2, stratified: true })
    const ones = ({ rows, labels }: Samples) => rows.filter((row) => labels?.[row] === 1).length
    expect([ones(train), ones(valid)]).toEqual([80, 20])
    expect([train.length, valid.length]).toEqual([800, 200])
    expect([...train.rows, ...valid.rows].sort((a, b) => a - b)).toEqual([...set.rows])
    // 1.5 of each of two classes: the lower class rounds up, the total stays 3
    const even = samples({ values: new Uint8Array(6), cols: 1, labels: [0, 1, 0, 1, 0, 1] })
    const drawn = even.split({ valid: 0.5, stratified: true }).valid
    expect([drawn.length, ones(drawn)]).toEqual([3, 1])
  })

  test('of a split set draws from its rows only, under the name test too', () => {
    const { train } = set.split({ valid: 0.2 })
    const again = train.split({ test: 0.25, seed: 5 })
    expect([...again.train.rows, ...again.test.rows].sort((a, b) => a - b)).toEqual([...train.rows])
    expect(again.test.length).toBe(200)
  })

  test.each([
    [{ valid: 0 }, 'split: valid: expected a number between 0 and 1, got 0'],
    [{ valid: 1 }, 'split: valid'],
    [{ valid: Number.NaN }, 'split: valid'],
    [{ test: 2 }, 'split: test'],
    [{}, 'split: valid: expected a number between 0 and 1, got undefined'],
    [undefined, 'split: valid'],
    [{ valid: 0.1, test: 0.1 }, 'got both'],
    [{ valid: 0.0001 }, 'a fraction that gives both sets at least one of the 1000 rows'],
    [{ valid: 0.5, seed: -1 }, 'seed: expected an integer >= 0'],
    [{ vaild: 0.5 }, "did you mean 'valid'?"],
  ])('refuses %j', (options, message) => {
    expect(() => set.split(options as never)).toThrow(message)
  })

  test('refuses to stratify without labels', () => {
    const plain = samples({ values: new Uint8Array(4), cols: 1 })
    expect(() => plain.split({ valid: 0.5, stratified: true })).toThrow('set without labels')
  })
})

describe('shared memory', () => {
  test('toShared copies once; a second call and sets made from it copy nothing', () => {
    const set = samples({ values: [1, 2, 3], cols: 1, targets: [4, 5, 6] })
    const shared = set.toShared()
    for (const name of ['values', 'targets', 'rows'] as const) {
      expect(shared[name]?.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect(shared[name]).toEqual(set[name])
    }
    expect(shared.labels).toBeNull()
    expect(shared.toShared().values).toBe(shared.values)
    expect(shared.split({ valid: 0.5 }).valid.values).toBe(shared.values)
  })

  test('a description posted and rebuilt is the same set over the same memory', () => {
    const set = bytes().toShared().subset([2, 1])
    const { port1, port2 } = new MessageChannel()
    port1.postMessage(set.describe())
    const received = Samples.fromDescription(receiveMessageOnPort(port2)?.message)
    expect(received).toBeInstanceOf(Samples)
    expect(received).toEqual(set)
    expect(received.table).toBe(set.table)
    set.values[5] = 77
    expect(received.values[5]).toBe(77)
    port1.close()
  })

  test('a worker thread sees the same bytes', async () => {
    const set = bytes().toShared()
    const code = `const { workerData } = require('node:worker_threads'); workerData.values[0] = workerData.labels[1] + 40`
    const worker = new Worker(code, { eval: true, workerData: set.describe() })
    await new Promise((resolve) => worker.once('exit', resolve))
    expect(set.values[0]).toBe(42)
  })
})
