import { describe, expect, it } from 'vitest'
import { decodeEvent, decodeOutcome, decodeStudy, decodeTask, encode } from '../../../src/search/queue/wire.js'

const record = {
  format: 1,
  version: '0.1.0',
  id: 'abc',
  family: { name: 'native' as const, contract: 1 },
  digest: 'd',
  recipe: { seed: 1 },
  open: true,
}

const entry = { step: 1, epoch: 0, valid: { loss: 0.5, accuracy: Number.NaN } }
const outcome = {
  ...{ state: 'completed' as const, history: [entry], best: entry, collapsed: null, steps: 2, digest: 'a' },
  timing: { total: 1, training: 0.1 + 0.2, evaluation: -0 },
}
const event = { type: 'evaluation', worker: 'w', entry, share: 0.5 }

describe('what stands in Redis', () => {
  it('comes back as it was', () => {
    expect(decodeStudy(encode(record))).toEqual(record)
    const task = { trial: 3, fold: 0, untilStep: null, config: { learningRate: 0.1, hidden: [4, 2], seed: 7 } }
    expect(decodeTask(encode(task))).toEqual(task)
  })

  it('keeps numbers that JSON does not have', () => {
    const back = decodeOutcome(encode(outcome))
    expect(back).toEqual(outcome)
    expect(Object.is(back.timing?.evaluation, -0)).toBe(true)
    expect(decodeEvent(encode(event))).toEqual(event)
  })

  it('is refused where it is something else', () => {
    expect(() => decodeStudy('{')).toThrow(/a study in Redis is not JSON/)
    expect(() => decodeStudy(encode({ ...record, format: 2, version: '9.9.9' }))).toThrow(
      /has format 2 of native-mlp 9\.9\.9; this version reads only format 1/,
    )
    const method = { toString: 1, valueOf: 1 }
    expect(() => decodeStudy(encode({ ...record, format: 2, version: method }))).toThrow(
      /has format 2 of native-mlp an object; this version/,
    )
    expect(() => decodeStudy(encode({ ...record, format: method, constructor: method }))).toThrow(
      /a study in Redis: format/,
    )
    expect(() => decodeStudy('{"format":1,"version":{"$number":{"toString":1}}}')).toThrow(/a study in Redis/)
    expect(() => decodeStudy(encode({ ...record, family: { name: 'other', contract: 1 } }))).toThrow(/family: name/)
    expect(() => decodeTask(encode({ trial: -1 }))).toThrow(/a task in Redis: trial/)
    expect(() => decodeOutcome('{"state":"completed"}')).toThrow(/a result in Redis: history/)
    expect(() => decodeEvent('null')).toThrow(/an event in Redis/)
  })
})

describe('numbers that no worker can have measured', () => {
  const withValid = (valid: object) => ({ ...entry, valid: { ...entry.valid, ...valid } })
  const entries = [
    withValid({ loss: Number.NaN }),
    withValid({ loss: Number.POSITIVE_INFINITY }),
    withValid({ loss: '1' }),
    withValid({ loss: -1 }),
    withValid({ accuracy: 2 }),
    withValid({ accuracy: -0.1 }),
    withValid({ more: 1 }),
    { ...entry, step: 1.5 },
    { ...entry, epoch: -1 },
  ]

  it.each(entries)('are refused in a result and in an event: %j', (bad) => {
    expect(() => decodeOutcome(encode({ ...outcome, history: [bad] }))).toThrow(/^a result in Redis: history: 0: /)
    expect(() => decodeOutcome(encode({ ...outcome, best: bad }))).toThrow(/^a result in Redis: best: /)
    expect(() => decodeEvent(encode({ ...event, entry: bad }))).toThrow(/^an event in Redis: entry: /)
  })

  it.each([
    { steps: -1 },
    { collapsed: { step: 1, deadShare: 1.5 } },
    { timing: { total: Number.NaN, training: 0, evaluation: 0 } },
    { timing: { total: -1, training: 0, evaluation: 0 } },
    { digest: 'f'.repeat(65) },
  ])('are refused in a result: %j', (change) => {
    expect(() => decodeOutcome(encode({ ...outcome, ...change }))).toThrow(/^a result in Redis: /)
  })

  it.each([1.5, -0.5, Number.NaN, Number.POSITIVE_INFINITY, '0.5', null])('are refused as a share: %s', (share) => {
    expect(() => decodeEvent(encode({ ...event, share }))).toThrow(/^an event in Redis: share: /)
  })
})

describe('texts of any size', () => {
  it('are refused by their length, in a message of one line', () => {
    const long = 'x'.repeat(60_000_000)
    for (const [decode, text] of [
      [decodeOutcome, encode({ ...outcome, state: 'failed', reason: long })],
      [decodeOutcome, encode({ ...outcome, state: 'failed', reason: 'x'.repeat(10_000) })],
      [decodeOutcome, encode({ ...outcome, history: [{ ...entry, ['x'.repeat(10_000)]: 1 }] })],
      [decodeEvent, encode({ type: 'start', worker: 'x'.repeat(1000) })],
      [decodeEvent, long],
      [decodeStudy, encode({ ...record, version: 'x'.repeat(10_000) })],
      [decodeTask, long],
    ] as const) {
      const error = thrownBy(() => decode(text))
      expect(error).toMatchObject({ code: 'INVALID_FILE' })
      expect(error.message.length).toBeLessThan(400)
    }
  })

  it('stop at the first wrong item of a long list', () => {
    const text = `{"state":"completed","history":[${'0,'.repeat(5_000_000)}0]}`
    const before = process.memoryUsage().rss
    expect(() => decodeOutcome(text)).toThrow(/^a result in Redis: history: 0: /)
    expect(process.memoryUsage().rss - before).toBeLessThan(20 * text.length)
  })
})

describe('a task', () => {
  const task = { trial: 3, fold: 0, untilStep: null, config: { learningRate: 0.1, hidden: [4, 2] } }

  it.each([
    [{ hidden: Array(200_000).fill(1) }, 'hidden: expected fewer than 1024 hidden layers, got an array of 200000'],
    [{ hidden: [100_000] }, 'hidden[0]: expected an integer from 1 to 65536, got 100000'],
    [{ hidden: null }, 'hidden: expected an integer from 1 to 65536, got null'],
    [{ learningRate: Number.NaN }, 'learningRate: expected a number'],
    [{ epochs: 1.5 }, 'epochs: expected an integer >= 1, got 1.5'],
    [{ activation: 'constructor' }, 'activation: expected one of'],
  ])('has a config that a search accepts: %#', (change, problem) => {
    const text = encode({ ...task, config: { ...task.config, ...change } })
    const error = thrownBy(() => decodeTask(text))
    expect(error).toMatchObject({ code: 'INVALID_FILE' })
    expect(error.message).toContain(`a task in Redis: config.${problem}`)
  })

  it('has no hyper-parameter of another version', () => {
    const text = encode({ ...task, config: { ...task.config, temperature: 0.5 } })
    expect(() => decodeTask(text)).toThrow("a task in Redis: config: unknown option 'temperature'")
  })
})

function thrownBy(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected an error')
}
