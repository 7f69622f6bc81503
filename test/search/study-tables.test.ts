import { describe, expect, it } from 'vitest'
import type { TrialSummary } from '../../src/core/results.js'
import type { TrialResult } from '../../src/search/study.js'
import { resultsCsv, timingsCsv, trialLine } from '../../src/search/study-tables.js'

const trials: TrialSummary[] = [
  {
    trial: 2,
    params: { learningRate: 0.1, hidden: '8-4' },
    state: 'completed',
    bestStep: 20,
    valid: { loss: 0.25, accuracy: 0.9 },
    test: { loss: 0.5, accuracy: 0.8 },
  },
  {
    trial: 0,
    params: { learningRate: 0.01, hidden: 8 },
    state: 'collapsed',
    reason: 'collapsed: 95 % of hidden units are dead since step 10',
    bestStep: 10,
    train: { loss: 2, accuracy: 0.1 },
    valid: { loss: 2.25, accuracy: 0.125 },
  },
  { trial: 1, params: { learningRate: 1, hidden: 8 }, state: 'failed', reason: 'NOT_FINITE: too high, "they" say' },
]

describe('results.csv', () => {
  it('has a row a trial in trial order, quoted where needed, ranked where completed', () => {
    expect(resultsCsv(trials, { selectBy: 'valid', metric: 'accuracy' })).toBe(
      [
        'trial,state,reason,param_learningRate,param_hidden,best_step,' +
          'valid_loss,valid_accuracy,test_loss,test_accuracy,train_loss,train_accuracy,rank',
        '0,collapsed,collapsed: 95 % of hidden units are dead since step 10,0.01,8,10,2.25,0.125,,,2,0.1,',
        '1,failed,"NOT_FINITE: too high, ""they"" say",1,8,,,,,,,,',
        '2,completed,,0.1,8-4,20,0.25,0.9,0.5,0.8,,,1',
        '',
      ].join('\n'),
    )
  })

  it('leaves the accuracy of a regression empty', () => {
    const regression = { ...trials[0], valid: { loss: 0.25, accuracy: Number.NaN }, test: undefined }
    expect(resultsCsv([regression], { selectBy: 'valid', metric: 'loss' })).toContain(
      '\n2,completed,,0.1,8-4,20,0.25,,',
    )
  })
})

describe('timings.csv and trials.jsonl', () => {
  const result = (summary: TrialSummary, timing: TrialResult['timing']): TrialResult => ({
    ...summary,
    config: { learningRate: 0.1, hidden: 8 },
    history: [{ step: 20, epoch: 0, valid: { loss: 0.25, accuracy: Number.NaN } }],
    collapsed: null,
    steps: timing && 30,
    digest: null,
    timing,
    worker: 1,
  })

  it('hold the times', () => {
    const all = [result(trials[2], null), result(trials[0], { total: 3, training: 1, evaluation: 2 })]
    expect(timingsCsv(all)).toBe('trial,worker,total_seconds,training_seconds,evaluation_seconds\n1,1,,,\n2,1,3,1,2\n')
  })

  it('have one line of JSON a trial, without NaN', () => {
    const line = trialLine(result(trials[0], { total: 3, training: 1, evaluation: 2 }))
    expect(line).toMatch(/^\{"trial":2,"state":"completed",[^\n]*\}\n$/)
    expect(JSON.parse(line)).toMatchObject({
      params: { learningRate: 0.1, hidden: '8-4' },
      seconds: { total: 3 },
      history: [{ step: 20, epoch: 0, valid: { loss: 0.25, accuracy: null } }],
    })
  })
})
