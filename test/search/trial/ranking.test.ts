import { describe, expect, it } from 'vitest'
import type { SetMetrics, TrialSummary } from '../../../src/core/results.js'
import {
  bestTrial,
  isBetterTrial,
  rankTrials,
  selectionCaution,
  withBestRule,
} from '../../../src/search/trial/ranking.js'

function trial(trial: number, valid: Partial<SetMetrics>, state: TrialSummary['state'] = 'completed'): TrialSummary {
  return { trial, params: {}, state, valid: { loss: 1, accuracy: 0.5, ...valid }, test: { loss: trial, accuracy: 0 } }
}

const byAccuracy = { selectBy: 'valid', metric: 'accuracy' } as const
const byLoss = { selectBy: 'valid', metric: 'loss' } as const

describe('ranks', () => {
  it('put high accuracy and low loss first', () => {
    const trials = [
      trial(0, { accuracy: 0.7, loss: 2 }),
      trial(1, { accuracy: 0.9, loss: 3 }),
      trial(2, { accuracy: 0.8 }),
    ]
    expect([...rankTrials(trials, byAccuracy)]).toEqual([
      [1, 1],
      [2, 2],
      [0, 3],
    ])
    expect([...rankTrials(trials, byLoss).keys()]).toEqual([2, 0, 1])
    expect([...rankTrials(trials, { selectBy: 'test', metric: 'loss' }).keys()]).toEqual([0, 1, 2])
  })

  it('give equal results one place, of which the earlier trial is the best', () => {
    const trials = [trial(3, { accuracy: 0.9 }), trial(1, { accuracy: 0.9 }), trial(2, { accuracy: 0.8 })]
    expect([...rankTrials(trials, byAccuracy)]).toEqual([
      [1, 1],
      [3, 1],
      [2, 3],
    ])
    expect(bestTrial(trials, byAccuracy)).toBe(trials[1])
    expect(isBetterTrial(trials[1], trials[0], byAccuracy)).toBe(true)
    expect(isBetterTrial(trials[0], trials[1], byAccuracy)).toBe(false)
  })

  it('give the best of equal accuracy to the lower loss, unless the trials of the study do not', () => {
    const trials = [
      trial(0, { accuracy: 0.9, loss: 0.5 }),
      trial(1, { accuracy: 0.9, loss: 0.3 }),
      trial(2, { accuracy: 0.8, loss: 0.1 }),
    ]
    expect(bestTrial(trials, byAccuracy)).toBe(trials[1])
    expect([...rankTrials(trials, byAccuracy)]).toEqual([
      [1, 1],
      [0, 1],
      [2, 3],
    ])
    const homework = { ...byAccuracy, base: { selectBy: 'firstAccuracy' } } as const
    expect(bestTrial(trials, homework)).toBe(trials[0])
    expect([...rankTrials(trials, homework)][0]).toEqual([0, 1])
    expect(bestTrial(trials, { ...homework, ...byLoss })).toBe(trials[2])
  })

  it('leave out trials that collapsed, failed or were not measured', () => {
    const trials = [
      trial(0, { accuracy: 0.99 }, 'collapsed'),
      { trial: 1, params: {}, state: 'failed' } as const,
      trial(2, { accuracy: Number.NaN }),
      trial(3, { accuracy: 0.1 }),
    ]
    expect(trials.map((each) => isBetterTrial(each, null, byAccuracy))).toEqual([false, false, false, true])
    expect(bestTrial(trials, byAccuracy)).toBe(trials[3])
    expect(bestTrial(trials.slice(0, 3), byAccuracy)).toBeNull()
    expect([...rankTrials(trials, byAccuracy)]).toEqual([[3, 1]])
  })
})

it('says what selecting by the test set means', () => {
  expect(selectionCaution('valid')).toBeNull()
  expect(selectionCaution('test')).toMatch(/TEST set.*optimistic/)
})

it('keeps the checkpoints with the lowest losses in a study that is decided by the loss', () => {
  expect(withBestRule({}, 'loss')).toEqual({ selectBy: 'loss' })
  expect(withBestRule({ selectBy: null }, 'loss')).toEqual({ selectBy: 'loss' })
  expect(withBestRule({ selectBy: 'firstAccuracy' }, 'loss')).toEqual({ selectBy: 'firstAccuracy' })
  expect(withBestRule({}, 'accuracy')).toEqual({})
  expect(withBestRule({}, undefined)).toEqual({})
})
