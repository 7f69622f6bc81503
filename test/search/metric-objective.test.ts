import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Executor,
  evaluate,
  type HistoryEntry,
  reproduceArguments,
  resultsCsv,
  type SearchOptions,
  samples,
  search,
  searchFigures,
} from 'native-mlp'
import { describe, expect, it } from 'vitest'
// the built one, whose classes are those of 'native-mlp'
import { runTask } from '../../dist/search/trial/run-task.js'
import { decodeOutcome, encode } from '../../src/search/queue/wire.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { clusters } from '../train/toy-data.js'

const { values, cols, labels } = clusters(240, 1, 4, 3, 2)
const all = samples({ values, cols, labels: labels! })
const { train, test } = all.split({ test: 0.2 })
const data = { ...train.split({ valid: 0.25 }), test }
const grid = { learningRate: [0.02, 0.1, 0.4], hidden: [4, 6] }
const base = { epochs: 3, batchSize: 16, evaluateEvery: 2 }
const folder = temporaryFolder()

const of = (study: Awaited<ReturnType<typeof search>>, name: 'rocAuc' | 'logLoss') =>
  study.trials.map(({ valid }) => valid![name]!)

describe('search with the objective of a metric', () => {
  it('ranks the trials by it, at the checkpoint that has the best of it', async () => {
    const study = await search({ data, grid, base, objective: 'valid.rocAuc' })
    expect(study.best!.valid!.rocAuc).toBe(Math.max(...of(study, 'rocAuc')))
    for (const { history, valid, config } of study.trials) {
      expect(valid!.rocAuc).toBe(Math.max(...history.map((entry) => entry.valid!.rocAuc!)))
      expect(config.selectBy).toBe('rocAuc')
    }
    const measured = await evaluate(study.bestModel!, data.valid, { metrics: ['rocAuc'] })
    expect(measured.rocAuc).toBe(study.best!.valid!.rocAuc)
    const [header, ...rows] = resultsCsv(study.trials, study).trimEnd().split('\n')
    expect(header).toContain('valid_loss,valid_accuracy,valid_rocAuc,test_loss,test_accuracy,test_rocAuc,')
    expect(header).toMatch(/,rank_valid_rocAuc$/)
    const column = header.split(',').indexOf('valid_rocAuc')
    expect(rows.map((row) => Number(row.split(',')[column]))).toEqual(of(study, 'rocAuc'))
    const flags = reproduceArguments(study.best!.config, { ...study, data: { mnist: {} } })
    expect(flags.join(' ')).toContain('--select-by rocAuc')
  })

  it('takes the lowest of a metric of which less is better, over folds and rungs', async () => {
    const options: SearchOptions = { data: { train, test }, grid, base, folds: 2, stratified: true, metric: 'logLoss' }
    const study = await search(options)
    expect(study.best!.valid!.logLoss).toBe(Math.min(...of(study, 'logLoss')))
    const { folds, valid } = study.best!
    expect(valid!.logLoss).toBeCloseTo((folds![0].best!.valid!.logLoss! + folds![1].best!.valid!.logLoss!) / 2, 12)
    expect(resultsCsv(study.trials, study)).toContain('split0_valid_logLoss')
    expect(resultsCsv(study.trials, study)).toContain('std_valid_logLoss')
    const halving = { minEpochs: 1, maxEpochs: 3, factor: 3 }
    const halved = await search({ ...options, strategy: 'halving', halving })
    const kept = halved.trials.filter(({ state }) => state === 'completed')
    expect(kept.length).toBeLessThan(6)
    const first = (trial: number) =>
      study.trials[trial].folds!.map((fold) => {
        const rung = fold.history.filter(({ epoch }) => epoch === 0).map((entry) => entry.valid!.logLoss!)
        return Math.min(...rung)
      })
    const atRung = study.trials.map(({ trial }) => first(trial)[0] + first(trial)[1])
    const lowest = [...atRung.keys()].sort((a, b) => atRung[a] - atRung[b]).slice(0, kept.length)
    expect(kept.map(({ trial }) => trial)).toEqual(lowest.sort((a, b) => a - b))
  })

  it('is resumed from its folder with the same table, and drawn', async () => {
    const options: SearchOptions = { data, grid, base, objective: 'test.f1Macro', folder: join(folder, 'study') }
    const study = await search(options)
    const table = readFileSync(join(folder, 'study', 'results.csv'), 'utf8')
    expect(table).toContain('test_f1Macro')
    rmSync(join(folder, 'study', 'results.csv'))
    const again = await search({ ...options, resume: true })
    expect(again.trials.map(({ test: set }) => set)).toEqual(study.trials.map(({ test: set }) => set))
    expect(readFileSync(join(folder, 'study', 'results.csv'), 'utf8')).toBe(table)
    await expect(search({ ...options, objective: 'test.f1Micro', resume: true })).rejects.toThrow(
      /holds another study: (base\.selectBy|metric)/,
    )
    const figures = searchFigures(again.trials, { metric: 'test.f1Macro' })
    expect(figures.map(({ name }) => name)).toEqual([
      ...['valid-f1Macro', 'test-f1Macro', 'parallel-coordinates'],
      ...['trial-curves-f1Macro', 'trial-curves-accuracy', 'trial-curves-loss'],
    ])
    expect((await figures[0].draw()).svg).toContain('Validation macro F1 by learning rate and hidden units')
    expect((await figures[3].draw()).svg).toContain('Validation macro F1 of 6 trials')
    const parallel = await figures.find(({ name }) => name === 'parallel-coordinates')!.draw()
    expect(parallel.svg).toContain('Test macro F1 by parameters')
    // a queue sends the same numbers
    const { valid } = study.best!
    const entry = { step: 1, epoch: 0, valid: { ...valid!, f1Macro: 0.25 } }
    const outcome = {
      state: 'completed',
      history: [entry],
      best: entry,
      collapsed: null,
      steps: 2,
      digest: '',
      timing: null,
    }
    expect(decodeOutcome(encode(outcome)).best).toEqual(entry)
  })

  it('takes no result without it', async () => {
    const forgetful: Executor = {
      slots: 1,
      run: async (task, checkpoint, callbacks) => {
        callbacks.onStart('afar')
        const outcome = await runTask(task, data, { checkpoint })
        const plain = (entry: HistoryEntry) => ({ ...entry, valid: { loss: 1, accuracy: 0.5 } })
        return { ...outcome, history: outcome.history.map(plain), best: plain(outcome.best!) }
      },
      close: async () => undefined,
    }
    await expect(search({ data, grid, base, objective: 'valid.rocAuc', executor: () => forgetful })).rejects.toThrow(
      /^the result of trial \d: valid at step 0: no rocAuc$/,
    )
  })

  it.each<[string, object, string]>([
    ['a metric of another task', { objective: 'valid.rmse' }, "metric: 'rmse' is not defined with loss 'softmaxCross"],
    ['what is no metric', { objective: 'valid.auc' }, "objective: expected 'valid' or 'test' and a metric"],
    [
      'trials that keep the best of another one',
      { objective: 'valid.rocAuc', base: { ...base, selectBy: 'loss' } },
      'base.selectBy: expected \'rocAuc\', which ranks the trials, got "loss"',
    ],
    [
      'rows that do not define it',
      { objective: 'valid.rocAuc', data: { ...data, valid: data.valid.take(1) } },
      "data.valid: 'rocAuc' is not defined: no row has class",
    ],
    [
      'a fold that does not define it',
      { objective: 'valid.rocAuc', data: { train: train.take(5) }, folds: 4 },
      "data.valid of fold 0: 'rocAuc' is not defined: no row has class",
    ],
  ])('refuses %s', async (_, changes, message) => {
    await expect(search({ data, grid, base, ...changes } as SearchOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })
})
