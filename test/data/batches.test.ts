import { describe, expect, test } from 'vitest'
import { BatchSampler, type BatchSamplerOptions } from '../../src/data/batches.js'

const rows = Int32Array.from({ length: 10 }, (_, i) => 100 + 3 * i)
const batches = (sampler: BatchSampler, count: number) => Array.from({ length: count }, () => [...sampler.next()])
const sorted = (values: number[]) => [...values].sort((a, b) => a - b)

describe('shuffle', () => {
  test('hands out every row once an epoch, in another order each epoch, the rest as a smaller batch', () => {
    const sampler = new BatchSampler({ rows, batchSize: 4 })
    const [first, second] = [batches(sampler, 3), batches(sampler, 3)]
    for (const epoch of [first, second]) {
      expect(epoch.map((batch) => batch.length)).toEqual([4, 4, 2])
      expect(sorted(epoch.flat())).toEqual([...rows])
    }
    expect(second).not.toEqual(first)
  })

  test('a batch size that divides the rows leaves no rest', () => {
    const sampler = new BatchSampler({ rows, batchSize: 5 })
    expect(sorted(batches(sampler, 2).flat())).toEqual([...rows])
  })
})

describe('replacement', () => {
  test('draws every row of every batch anew, uniformly', () => {
    const sampler = new BatchSampler({ rows, batchSize: 10, mode: 'replacement' })
    const drawn = batches(sampler, 2000)
    expect(drawn.every((batch) => batch.length === 10)).toBe(true)
    // ten draws out of ten without a repeat have a chance of 0.04 %
    expect(drawn.filter((batch) => new Set(batch).size === 10).length).toBeLessThan(20)
    for (const row of rows) {
      const count = drawn.flat().filter((other) => other === row).length
      // binomial(20000, 0.1): mean 2000, standard deviation 42; five of them
      expect(Math.abs(count - 2000)).toBeLessThan(212)
    }
  })
})

const MODES: Partial<BatchSamplerOptions>[] = [{ mode: 'shuffle' }, { mode: 'replacement' }]

describe.each(MODES)('%j', (options) => {
  test('depends on the seed alone, 1 unless told otherwise', () => {
    const drawn = (seed?: number) =>
      batches(new BatchSampler({ rows, batchSize: 3, ...options, ...(seed === undefined ? {} : { seed }) }), 9)
    expect(drawn()).toEqual(drawn(1))
    expect(drawn(2)).not.toEqual(drawn(1))
  })

  test('continues from its state, taken at any step, as if never interrupted', () => {
    for (let step = 0; step <= 9; step++) {
      const sampler = new BatchSampler({ rows, batchSize: 3, seed: 7, ...options })
      batches(sampler, step)
      const state = JSON.parse(JSON.stringify(sampler.state()))
      const resumed = new BatchSampler({ rows, batchSize: 3, seed: 1, ...options })
      batches(resumed, 2)
      resumed.restore(state)
      expect(resumed.state()).toEqual(state)
      expect(batches(resumed, 12)).toEqual(batches(sampler, 12))
    }
  })

  test('overwrites a batch with the next one of its size, and is not disturbed by what happens to it', () => {
    const sampler = new BatchSampler({ rows, batchSize: 3, ...options })
    const twin = new BatchSampler({ rows, batchSize: 3, ...options })
    sampler.next().fill(-1)
    twin.next()
    expect(batches(sampler, 8)).toEqual(batches(twin, 8))
    expect(sampler.next().buffer).toBe(sampler.next().buffer)
    expect(rows[0]).toBe(100)
  })
})

test('refuses what it cannot draw', () => {
  const make = (options: object) => () => new BatchSampler({ rows, batchSize: 2, ...options })
  expect(make({ batchSize: 11 })).toThrow('batchSize: expected at most 10, the number of rows, got 11')
  expect(make({ batchSize: 11, mode: 'replacement' })).toThrow('batchSize')
  expect(make({ batchSize: 0 })).toThrow('batchSize: expected an integer >= 1')
  expect(make({ rows: new Int32Array(0) })).toThrow('rows: expected an Int32Array with at least one')
  expect(make({ rows: [1, 2] })).toThrow('rows: expected an Int32Array')
  expect(make({ mode: 'shufle' })).toThrow("mode: expected one of 'shuffle', 'replacement'")
  expect(make({ seed: 1.5 })).toThrow('seed')
  expect(make({ batchsize: 3 })).toThrow("did you mean 'batchSize'")
})

test('refuses a state of other options, or none', () => {
  const state = new BatchSampler({ rows, batchSize: 3 }).state()
  const restore = (options: object, other: unknown) => () =>
    new BatchSampler({ rows, batchSize: 3, ...options }).restore(other as never)
  expect(restore({ batchSize: 4 }, state)).toThrow('sampler state: batchSize: expected 4, as in this run, got 3')
  expect(restore({ rows: rows.slice(1) }, state)).toThrow('sampler state: rows: expected 9')
  expect(restore({ mode: 'replacement' }, state)).toThrow('sampler state: mode')
  expect(restore({}, { ...state, position: 11 })).toThrow('sampler state: position: expected an integer from 0 to 10')
  expect(restore({}, { ...state, random: [0, 0, 0, 0] })).toThrow('random state')
  expect(restore({}, null)).toThrow('sampler state: mode')
  expect(restore({}, {})).toThrow('sampler state: mode')
})
