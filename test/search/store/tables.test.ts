import { describe, expect, it } from 'vitest'
import { resultsCsv, timingsCsv, trialLine } from '../../../src/search/store/tables.js'
import { type FoldResult, summarizeFolds, type TableTrial, type TrialResult } from '../../../src/search/trial/result.js'
import { readFlag } from '../../../src/train/config-flags.js'

const trials: TableTrial[] = [
  {
    trial: 2,
    params: { learningRate: 0.1, hidden: '8-4' },
    state: 'completed',
    bestStep: 20,
    valid: { loss: 0.25, accuracy: 0.9 },
    test: { loss: 0.5, accuracy: 0.8 },
    steps: 30,
    digest: 'abc',
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
        'trial,state,reason,param_learningRate,param_hidden,steps,best_step,valid_loss,valid_accuracy,' +
          'test_loss,test_accuracy,train_loss,train_accuracy,digest,rank_valid_accuracy',
        '0,collapsed,collapsed: 95 % of hidden units are dead since step 10,0.01,8,,10,2.25,0.125,,,2,0.1,,',
        '1,failed,"NOT_FINITE: too high, ""they"" say",1,8,,,,,,,,,,',
        '2,completed,,0.1,8x4,30,20,0.25,0.9,0.5,0.8,,,abc,1',
        '',
      ].join('\n'),
    )
  })

  it('leaves the accuracy of a regression empty', () => {
    const regression = { ...trials[0], valid: { loss: 0.25, accuracy: Number.NaN }, test: undefined }
    expect(resultsCsv([regression], { selectBy: 'valid', metric: 'loss' })).toContain(
      '\n2,completed,,0.1,8x4,30,20,0.25,,',
    )
  })

  it('has no field that a spreadsheet takes for a date or a formula, and one that --hidden reads', () => {
    const reason = '=HYPERLINK("http://example.org")'
    const sized = [8, '10-5', '3-2-1', 'none'].map((hidden, trial): TableTrial => {
      return { trial, params: { hidden, activation: 'relu' }, state: 'failed', reason }
    })
    const [, ...rows] = resultsCsv(sized, { selectBy: 'valid', metric: 'loss' }).trimEnd().split('\n')
    const hidden = rows.map((row) => row.split(',')[3])
    expect(hidden).toEqual(['8', '10x5', '3x2x1', 'none'])
    expect(hidden.map((text) => readFlag('hidden', text))).toEqual([[8], [10, 5], [3, 2, 1], []])
    for (const row of rows) expect(row).toMatch(/^\d,failed,"'=HYPERLINK/)
  })

  it('has the parameters in the order of the space, and an empty field where one does not exist', () => {
    const sometimes: TableTrial[] = [
      { trial: 0, params: { activation: 'tanh', seed: 1 }, state: 'completed' },
      { trial: 1, params: { activation: 'relu', l2: 0.5, seed: 1 }, state: 'pruned', rung: 0 },
    ]
    const space = { l2: [], activation: [], epochs: [] }
    const [header, ...rows] = resultsCsv(sometimes, { selectBy: 'valid', metric: 'loss', space }).split('\n')
    expect(header).toMatch(/^trial,state,reason,rung,param_l2,param_activation,param_seed,steps,.*,rank_valid_loss$/)
    expect(rows[0]).toMatch(/^0,completed,,,,tanh,1,/)
    expect(rows[1]).toMatch(/^1,pruned,,0,0.5,relu,1,/)
  })

  it('of a study without trials has the columns of its space', () => {
    const selection = { selectBy: 'test', metric: 'accuracy', grid: { hidden: [1] } } as const
    expect(resultsCsv([], selection)).toMatch(/^trial,state,reason,param_hidden,.*,rank_test_accuracy\n$/)
  })
})

describe('folds', () => {
  const fold = (accuracy: number, loss: number): FoldResult => ({
    state: 'completed',
    best: { step: 7, epoch: 0, valid: { loss, accuracy } },
    steps: 10,
    digest: `of ${accuracy}`,
  })
  const folds = [fold(0.5, 1), fold(0.75, 4)]

  it('make a trial: means, and deviations of the population', () => {
    expect(summarizeFolds(folds)).toEqual({
      state: 'completed',
      steps: 20,
      valid: { loss: 2.5, accuracy: 0.625 },
      std: { valid: { loss: 1.5, accuracy: 0.125 } },
    })
  })

  it('take a trial down with them', () => {
    const collapsed: FoldResult = { ...folds[0], state: 'collapsed', reason: 'collapsed: 95 %' }
    const failed: FoldResult = { state: 'failed', reason: 'NOT_FINITE: x', best: null, steps: null, digest: null }
    expect(summarizeFolds([folds[0], collapsed, failed])).toEqual({
      state: 'failed',
      reason: 'fold 2: NOT_FINITE: x',
      steps: null,
      std: {},
    })
    expect(summarizeFolds([folds[0], collapsed])).toMatchObject({
      state: 'collapsed',
      reason: 'fold 1: collapsed: 95 %',
      valid: { accuracy: 0.5 },
    })
  })

  it('are columns of results.csv, each and together', () => {
    const { state, valid, steps } = summarizeFolds(folds)
    const best = { step: 1, epoch: 0, valid: 'metrics' } as never
    expect(() => summarizeFolds([{ ...folds[0], best }])).toThrow(
      'folds[0].best.valid: expected metrics, got "metrics"',
    )
    const trial: TableTrial = { trial: 0, params: { hidden: 8 }, state, steps, valid, folds }
    const text = resultsCsv([trial], { selectBy: 'valid', metric: 'accuracy', folds: 2 })
    const [names, fields] = text.split('\n').map((line) => line.split(','))
    const row = Object.fromEntries(names.map((name, i) => [name, fields[i]]))
    expect(row).toMatchObject({
      param_hidden: '8',
      steps: '20',
      split0_best_step: '7',
      split0_valid_accuracy: '0.5',
      split1_valid_loss: '4',
      split1_test_loss: '',
      split1_digest: 'of 0.75',
      mean_valid_accuracy: '0.625',
      std_valid_loss: '1.5',
      std_test_loss: '',
      rank_valid_accuracy: '1',
    })
    expect(names).not.toContain('digest')
  })
})

describe('timings.csv and trials.jsonl', () => {
  const result = ({ folds: _, ...summary }: TableTrial, timing: TrialResult['timing']): TrialResult => ({
    ...summary,
    config: { learningRate: 0.1, hidden: 8 },
    history: [{ step: 20, epoch: 0, valid: { loss: 0.25, accuracy: Number.NaN } }],
    collapsed: null,
    steps: timing && 30,
    digest: null,
    timing,
    worker: 1,
  })

  it('have no formula for the name of a worker', () => {
    const named = { ...result(trials[2], null), worker: '=cmd|x' }
    expect(timingsCsv([named])).toMatch(/\n1,'=cmd\|x,,,\n$/)
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
