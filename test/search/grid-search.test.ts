// from the built package: workers run only as built files
import {
  fit,
  type GridSearchOptions,
  gridSearch,
  MLP,
  mnist,
  resultsCsv,
  type Samples,
  type Study,
  samples,
  sgd,
} from 'native-mlp'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import * as toy from '../train/toy-data.js'

/** Raw pixels: the middle rate learns, the high one kills the hidden units, the last one overflows. */
const grid = { learningRate: [0.001, 0.075, 1e30], hidden: [16, [12, 8]] } as const
const base = {
  init: 'homework',
  l2: 0.01,
  l2Biases: true,
  epochs: 2,
  batchSize: 64,
  stepsPerEpoch: 30,
  sampling: 'replacement',
  evaluateEvery: 10,
  evaluateOn: ['train', 'valid', 'test'],
} as const

let data: { train: Samples; valid: Samples; test: Samples }
let study: Study

beforeAll(async () => {
  const { train, test } = await mnist({ scale: 'raw' })
  data = { ...train.take(1000).split({ valid: 0.2 }), test: test.take(300) }
  study = await gridSearch({ data, grid, base, workers: 2, keepModels: true })
})

/** The toy sets as the built package's own. */
function rebuilt({ values, cols, labels, targets }: ReturnType<typeof toy.curve>): Samples {
  return samples({ values, cols, labels: labels ?? undefined, targets: targets ?? undefined })
}

describe('gridSearch', () => {
  it('gives results in trial order, whatever order trials finish in', () => {
    expect(study.trials.map(({ trial }) => trial)).toEqual([0, 1, 2, 3, 4, 5])
    expect(study.trials.map(({ params }) => params)).toEqual(
      [0.001, 0.075, 1e30].flatMap((learningRate) => [16, '12-8'].map((hidden) => ({ learningRate, hidden }))),
    )
    expect(study.trials[0].history.map(({ step }) => step)).toEqual([0, 10, 20, 30, 40, 50])
    expect(study.size).toBe(6)
  })

  it('marks collapsed and failed trials with their reasons and lets none of them win', () => {
    const [learns, , dies, , overflows, deep] = study.trials.map(({ state }) => state)
    expect([learns, dies, overflows, deep]).toEqual(['completed', 'collapsed', 'failed', 'failed'])
    expect(study.trials[2].reason).toMatch(/^collapsed: \d+ % of hidden units are dead since step \d+$/)
    expect(study.trials[2].bestStep).toBeTypeOf('number')
    expect(study.trials[4].reason).toMatch(/^NOT_FINITE: .*learning rate \(1e\+30\) is too high/)
    expect(study.trials[4]).toMatchObject({ steps: null, digest: null, timing: null })
    expect(study.best).toBe(study.trials[0])
    expect(study.best?.valid?.accuracy).toBeGreaterThan(0.5)
  })

  it('gives the same results.csv and the same models with 1 and with 2 workers', async () => {
    const ends: number[] = []
    const alone = await gridSearch({
      data,
      grid,
      base,
      workers: 1,
      stack: false,
      callbacks: { onTrialEnd: ({ result }) => void ends.push(result.trial) },
    })
    expect(resultsCsv(alone.trials, alone)).toBe(resultsCsv(study.trials, study))
    expect(alone.trials.map(({ digest }) => digest)).toEqual(study.trials.map(({ digest }) => digest))
    expect(alone.bestModel!.parametersDigest()).toBe(study.bestModel!.parametersDigest())
    expect(ends, 'the largest first').toEqual([0, 2, 4, 1, 3, 5])
  })

  it('trains a point as fit does', async () => {
    const model = new MLP({ layers: [784, 16, 10], init: 'homework', seed: 1, inputScale: 'raw' })
    const optimizer = sgd({ learningRate: 0.001, l2: 0.01, l2Biases: true })
    const { epochs, batchSize, stepsPerEpoch, sampling, evaluateEvery, evaluateOn } = base
    const run = { epochs, batchSize, stepsPerEpoch, sampling, evaluateEvery, evaluateOn }
    const result = await fit(model, data.train, { ...run, optimizer, valid: data.valid, test: data.test })
    expect(study.trials[0].history).toEqual(result.history)
    expect(study.trials[0].bestStep).toBe(result.best!.step)
    expect(study.trials[0].valid).toEqual(result.best!.valid)
    expect(study.trials[0].digest).toBe(model.parametersDigest())
  })

  it('keeps the models it was asked for', () => {
    expect([...study.models.keys()].sort()).toEqual([0, 1, 2, 3])
    for (const [trial, model] of study.models) expect(model.parametersDigest()).toBe(study.trials[trial].digest)
    expect(study.bestModel!.inputScale).toBe('raw')
  })

  it('selects by the test set on request, and warns', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      const options = { data, grid: { learningRate: [0.001, 0.002], hidden: [8] }, base } as const
      const byTest = await gridSearch({ ...options, objective: 'test.loss' })
      expect(byTest.caution).toMatch(/TEST set.*optimistic/)
      expect(warnings.mock.calls).toEqual([[byTest.caution, 'NativeMlpWarning']])
      const losses = byTest.trials.map(({ test }) => test!.loss)
      expect(byTest.best!.test!.loss).toBe(Math.min(...losses))
      expect(study.caution).toBeNull()
    } finally {
      warnings.mockRestore()
    }
  })

  it('splits a validation set off where none is given, and needs no test set', async () => {
    const train = rebuilt(toy.clusters(100))
    const found = await gridSearch({ data: { train }, grid: { learningRate: [0.1], hidden: [3] }, base: { epochs: 1 } })
    expect(found.rows).toEqual({ train: 80, valid: 20, test: null })
    expect(Object.keys(found.trials[0].history[0])).toEqual(['step', 'epoch', 'valid'])
  })

  it('selects a regression by its loss', async () => {
    const options = {
      data: { train: rebuilt(toy.curve(100)) },
      grid: { learningRate: [1e-9, 0.1], hidden: [8] },
      base: { epochs: 3, batchSize: 10, loss: 'meanSquaredError', activation: 'tanh' },
    } as const
    const found = await gridSearch(options)
    expect(found).toMatchObject({ metric: 'loss', best: { trial: 1 } })
    expect(resultsCsv(found.trials, found)).toMatch(
      /,valid_loss,valid_accuracy,.*,rank_valid_loss\n0,completed,.*\d,,,,,,[0-9a-f]+,2\n1,completed/,
    )
    await expect(gridSearch({ ...options, metric: 'accuracy' })).rejects.toThrow(
      "metric: expected 'loss' where loss is 'meanSquaredError'",
    )
  })

  it('hands out the progress of each trial', async () => {
    const events: string[] = []
    let weights = 0
    await gridSearch({
      data,
      grid: { learningRate: [0.001], hidden: [4, 8] },
      base: { ...base, evaluateEvery: 15 },
      workers: 1,
      callbacks: [
        {
          onStart: ({ size, workers, rows }) =>
            void events.push(`${size} trials, ${workers} worker, ${rows.train} rows`),
          onTrialStart: ({ trial, weight }) => {
            events.push(`start ${trial}`)
            weights += weight
          },
          onTrialProgress: ({ trial, share }) => void events.push(`${trial} at ${Math.round(share * 60)}`),
        },
        {
          onTrialEnd: ({ result, isBest, model }) =>
            void events.push(`end ${result.trial} ${isBest === (model !== null)}`),
        },
      ],
    })
    const trial = (n: number) => [`start ${n}`, ...[1, 16, 31, 46].map((step) => `${n} at ${step}`), `end ${n} true`]
    expect(events).toEqual(['2 trials, 1 worker, 800 rows', ...trial(1), ...trial(0)])
    expect(weights).toBeCloseTo(1, 12)
  })

  it('stops when the signal fires', async () => {
    const controller = new AbortController()
    const ended: number[] = []
    const search = gridSearch({
      data,
      grid: { learningRate: [0.001, 0.002, 0.003, 0.004], hidden: [8] },
      base,
      workers: 1,
      signal: controller.signal,
      callbacks: {
        onTrialEnd: ({ result }) => {
          ended.push(result.trial)
          controller.abort()
        },
      },
    })
    await expect(search).rejects.toMatchObject({ code: 'ABORTED' })
    expect(ended).toEqual([0])
  })
})

describe('gridSearch refuses', () => {
  it.each<[string, Partial<Record<keyof GridSearchOptions, unknown>>, string]>([
    [
      'a misspelt option',
      { metrics: 'loss' } as object,
      "gridSearch: unknown option 'metrics'; did you mean 'metric'?",
    ],
    ['no data', { data: {} }, 'data.train: expected Samples, got undefined'],
    ['a set that is none', { data: { train: new Float32Array(4) } }, 'data.train: expected Samples, got Float32Array'],
    ['a misspelt set', { data: { trian: 1 } }, "data: unknown option 'trian'; did you mean 'train'?"],
    ['no workers', { workers: 0 }, 'workers: expected an integer from 1 to 256, got 0'],
    ['another metric', { metric: 'f1' }, "metric: expected one of 'loss', 'accuracy', 'balancedAccuracy', "],
    ['another set', { selectBy: 'train' }, "selectBy: expected one of 'valid', 'test', got \"train\""],
    [
      'no list',
      { base: { evaluateOn: 'valid' } },
      "base.evaluateOn: expected a list of 'train', 'valid', 'test', or null for valid and test if given, got \"valid\"",
    ],
    [
      'no validation',
      { base: { evaluateOn: ['test'] } },
      "base.evaluateOn: expected a list with 'valid', which selects",
    ],
    ['no function', { callbacks: [{ onTrialEnd: 1 }] }, 'callbacks[0].onTrialEnd: expected a function, got 1'],
    ['a class', { callbacks: [{ onTrialEnd: class {} }] }, 'callbacks[0].onTrialEnd: expected a function, got a class'],
    ['a hole', { callbacks: new Array(1) }, 'callbacks[0]: expected an options object, got null'],
    [
      'a batch larger than the data',
      { grid: { learningRate: [0.1], hidden: [2], batchSize: [8, 5000] } },
      'trial 1 (learningRate 0.1, hidden 2, batchSize 5000): batchSize: expected at most 800, the training rows, got 5000',
    ],
    [
      'a loss that the data has no targets for',
      { base: { loss: 'meanSquaredError' } },
      "trial 0 (learningRate 0.1, hidden 2): loss: 'meanSquaredError' needs targets, the data have labels of 10 classes",
    ],
  ])('%s', async (_, changes, message) => {
    const options = { data, grid: { learningRate: [0.1], hidden: [2] }, ...changes } as GridSearchOptions
    await expect(gridSearch(options)).rejects.toThrow(message)
  })

  it('to select by a test set that is not there, or not looked at', async () => {
    const options = { grid: { learningRate: [0.1], hidden: [2] }, selectBy: 'test' } as const
    const { train, valid } = data
    await expect(gridSearch({ ...options, data: { train, valid } })).rejects.toThrow("selectBy: 'test' needs data.test")
    await expect(gridSearch({ ...options, data, base: { evaluateOn: ['valid'] } })).rejects.toThrow(
      "base.evaluateOn: expected a list with 'test', which selects",
    )
  })
})
