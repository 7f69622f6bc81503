import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Executor, MLP, samples, search } from 'native-mlp'
import { describe, expect, it } from 'vitest'
// the built one, whose classes are those of 'native-mlp'
import { runTask } from '../../../dist/search/trial/run-task.js'
import type { HistoryEntry } from '../../../src/core/results.js'
import { encodeModel } from '../../../src/io/model-bytes.js'
import { readJournal } from '../../../src/search/store/journal.js'
import type { TrialOutcome } from '../../../src/search/trial/task.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'

const { values, cols, labels } = clusters(120)
const data = samples({ values, cols, labels: labels! }).split({ valid: 0.25 })
const base = { epochs: 4, batchSize: 16, evaluateEvery: 2 }
const grid = { learningRate: [0.05, 0.1], hidden: [4] }
const parent = temporaryFolder()

type Change = (outcome: TrialOutcome) => Partial<Record<keyof TrialOutcome, unknown>>

/** An executor whose first result is changed on the way. */
function changing(change: Change): Executor {
  return {
    slots: 1,
    run: async (task, checkpoint, callbacks) => {
      callbacks.onStart('afar')
      const outcome = await runTask(task, data, { checkpoint })
      return (task.trial === 0 ? { ...outcome, ...change(outcome) } : outcome) as TrialOutcome
    },
    close: async () => undefined,
  }
}

/** @returns the error that ends the study, whose journal can still be read and resumed */
async function errorAfter(change: Change): Promise<unknown> {
  const folder = mkdtempSync(join(parent, 'study-'))
  const options = { data, grid, base, folder }
  const error = await search({ ...options, executor: () => changing(change) }).catch((reason) => reason)
  expect((await readJournal(join(folder, 'journal.jsonl'))).events.some(({ event }) => event === 'trial')).toBe(false)
  const study = await search({ ...options, resume: true, workers: 1 })
  expect(study.trials.map(({ state }) => state)).toEqual(['completed', 'completed'])
  return error
}

function model(layers: number[]): Uint8Array {
  return encodeModel(new MLP({ layers }) as never)
}

const withLast = (change: (entry: HistoryEntry) => object): Change => {
  return ({ history }) => ({ history: [...history.slice(0, -1), change(history[history.length - 1])] })
}
const both = (valid: object): Change => {
  return ({ best }) => {
    const entry = { ...best!, valid: { ...best!.valid!, ...valid } }
    return { history: [entry], best: entry }
  }
}

describe('a result that cannot be that of its trial', () => {
  it.each<[string, Change, RegExp]>([
    ['a loss that is NaN', both({ loss: Number.NaN }), /history: 0: valid: loss/],
    ['an infinite loss', both({ loss: Number.NEGATIVE_INFINITY }), /history: 0: valid: loss/],
    ['an accuracy of 2', both({ accuracy: 2 }), /valid: accuracy: Too big/],
    ['no accuracy of classes', both({ accuracy: Number.NaN }), /accuracy NaN with loss 'softmaxCrossEntropy'/],
    ['a step beyond its last', withLast((entry) => ({ ...entry, step: 1000 })), /evaluation at step 1000/],
    ['a step before the last one', withLast((entry) => ({ ...entry, step: 0 })), /evaluation at step 0 after/],
    ['another epoch', withLast((entry) => ({ ...entry, epoch: 9 })), /of epoch 9/],
    ['other sets', withLast(({ valid, ...entry }) => ({ ...entry, train: valid })), /on other sets/],
    ['a best that it has not measured', ({ best }) => ({ best: { ...best!, step: 1 } }), /best is not in its history/],
    ['no best', () => ({ best: null }), /incomplete result/],
    ['too few steps', () => ({ steps: 20 }), /expected 24 steps, got 20|evaluation at step/],
    ['too many steps', () => ({ steps: 1e6 }), /expected 24 steps, got 1000000/],
    ['a pause of a task without one', () => ({ state: 'paused', digest: null, model: null }), /expected a pause/],
    ['a reason of a success', () => ({ reason: 'no reason' }), /wrong reason/],
    ['a long reason', () => ({ state: 'failed', reason: 'x'.repeat(60_000_000) }), /reason: Too big/],
    ['a collapse of another state', () => ({ reason: 'x', collapsed: { step: 1, deadShare: 1 } }), /its collapse/],
    ['a time that is NaN', () => ({ timing: { total: Number.NaN, training: 0, evaluation: 0 } }), /timing: total/],
    ['no model', () => ({ model: null }), /both a model and its digest/],
    ['a model of other layers', () => ({ model: model([3, 2]) }), /expected a model \d-4-\d, got 3-2/],
    ['no list', () => ({ history: 3 }), /history/],
  ])('with %s ends the study with an error, and is not recorded', async (_, change, words) => {
    const error = await errorAfter(change)
    expect(error).toMatchObject({ code: 'INVALID_FILE' })
    expect((error as Error).message).toMatch(/^the result of trial 0: /)
    expect((error as Error).message).toMatch(words)
    expect((error as Error).message.length).toBeLessThan(400)
  })

  it('from a worker without a name ends the study too', async () => {
    const folder = mkdtempSync(join(parent, 'study-'))
    const executor: Executor = {
      ...changing(() => ({})),
      run: async (task, _, callbacks) => {
        callbacks.onStart(Number.NaN)
        return await runTask(task, data, { checkpoint: null })
      },
    }
    await expect(search({ data, grid, base, folder, executor: () => executor })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('journal.jsonl: an event that could not be read again: worker'),
    })
    expect(readFileSync(join(folder, 'journal.jsonl'), 'utf8')).not.toContain('"event":"start"')
  })
})

describe('a share that is only shown', () => {
  it.each([1.5, -3, Number.NaN, 1e300, Number.POSITIVE_INFINITY])(
    '%s reaches callbacks as one from 0 to 1',
    async (share) => {
      const shares: number[] = []
      const executor: Executor = {
        ...changing(() => ({})),
        run: async (task, _, callbacks) => {
          callbacks.onStart('afar')
          return await runTask(task, data, {
            checkpoint: null,
            onEvaluation: (entry) => callbacks.onEvaluation(entry, share),
          })
        },
      }
      const callbacks = { onTrialProgress: (event: { share: number }) => void shares.push(event.share) }
      await search({ data, grid, base, executor: () => executor, callbacks })
      expect(shares.length).toBeGreaterThan(4)
      for (const shown of shares) expect(shown === 0 || shown === 1).toBe(true)
    },
  )
})
