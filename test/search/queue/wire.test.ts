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

describe('what stands in Redis', () => {
  it('comes back as it was', () => {
    expect(decodeStudy(encode(record))).toEqual(record)
    const task = { trial: 3, fold: 0, untilStep: null, config: { learningRate: 0.1, hidden: [4, 2], seed: 7 } }
    expect(decodeTask(encode(task))).toEqual(task)
  })

  it('keeps numbers that JSON does not have', () => {
    const entry = { step: 1, epoch: 0, valid: { loss: Number.POSITIVE_INFINITY, accuracy: Number.NaN } }
    const outcome = {
      ...{ state: 'completed' as const, history: [entry], best: entry, collapsed: null, steps: 2, digest: 'a' },
      timing: { total: 1, training: 0.1 + 0.2, evaluation: -0 },
    }
    const back = decodeOutcome(encode(outcome))
    expect(back).toEqual(outcome)
    expect(Object.is(back.timing?.evaluation, -0)).toBe(true)
    expect(decodeEvent(encode({ type: 'evaluation', worker: 'w', entry, share: 0.5 }))).toMatchObject({ entry })
  })

  it('is refused where it is something else', () => {
    expect(() => decodeStudy('{')).toThrow(/a study in Redis is not JSON/)
    expect(() => decodeStudy(encode({ ...record, format: 2, version: '9.9.9' }))).toThrow(
      /has format 2 of native-mlp 9\.9\.9; this version knows only 1/,
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
