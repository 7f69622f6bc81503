import { type Executor, resultsCsv, type SearchOptions, samples, search } from 'native-mlp'
import { describe, expect, it, vi } from 'vitest'
// the built one, whose classes are those of 'native-mlp'
import { runTask } from '../../dist/search/trial/run-task.js'
import { clusters } from '../train/toy-data.js'

const { values, cols, labels } = clusters(120)
const all = samples({ values, cols, labels: labels! })
const { train, test } = all.split({ test: 0.2 })
const data = { ...train.split({ valid: 0.25 }), test }
const grid = { learningRate: [0.05, 0.1, 0.2, 1e30], hidden: [4, 6] }
const base = { epochs: 4, batchSize: 16, evaluateEvery: 2 }
const halving = { minEpochs: 1, maxEpochs: 4, factor: 2 }

const studies: Record<string, SearchOptions> = {
  grid: { data, grid, base },
  halving: { data, grid, base, strategy: 'halving', halving },
  folds: { data: { train, test }, grid, base, folds: 3, stratified: true },
  'halving of folds': { data: { train }, grid, base, strategy: 'halving', halving, folds: 2 },
}

/** Computes in this thread, in any order, hands tasks over in the middle, and forgets checkpoints. */
function erratic(folds: readonly { train: typeof train; valid: typeof train; test?: typeof test }[]): Executor {
  let calls = 0
  return {
    slots: 5,
    run: async (task, checkpoint, callbacks) => {
      const turn = calls++
      await new Promise((resolve) => setTimeout(resolve, (turn * 7) % 5))
      callbacks.onStart(`one ${turn}`)
      let last = turn % 3 === 2 && checkpoint ? null : checkpoint
      if (turn % 2 === 0) {
        const controller = new AbortController()
        const onCheckpoint = (bytes: Uint8Array) => {
          last = bytes
        }
        const interrupt = {
          checkpoint: last,
          signal: controller.signal,
          onCheckpoint,
          onEvaluation: () => controller.abort(),
        }
        await runTask(task, folds[task.fold], interrupt).catch(() => undefined)
        callbacks.onStart(`another ${turn}`)
      }
      const { onEvaluation, onCheckpoint } = callbacks
      return await runTask(task, folds[task.fold], { checkpoint: last, onEvaluation, onCheckpoint })
    },
    close: async () => undefined,
  }
}

describe('search', () => {
  it.each(Object.keys(studies))('gives the same for a %s whoever computes, and how many', async (name) => {
    const options = studies[name]
    const [first, ...others] = await Promise.all([
      ...[1, 2, 3].map((workers) => search({ ...options, workers })),
      search({ ...options, executor: async () => erratic(await foldsOf(options)) }),
    ])
    const table = resultsCsv(first.trials, first)
    expect(table.split('\n')).toHaveLength(10)
    for (const study of others) expect(resultsCsv(study.trials, study)).toBe(table)
    expect(others.map(({ bestModel }) => bestModel?.parametersDigest())).toEqual(
      others.map(() => first.bestModel?.parametersDigest()),
    )
  })

  it('chooses by the mean of the folds', async () => {
    const { trials, best } = await search({ ...studies.folds, objective: 'valid.loss' })
    const completed = trials.filter(({ state }) => state === 'completed')
    expect(completed).toHaveLength(6)
    for (const { folds, valid, history } of completed) {
      const losses = folds!.map((fold) => fold.best!.valid!.loss)
      expect(valid!.loss).toBeCloseTo((losses[0] + losses[1] + losses[2]) / 3, 12)
      expect(history).toHaveLength(folds![0].history.length)
    }
    expect(best!.valid!.loss).toBe(Math.min(...completed.map(({ valid }) => valid!.loss)))
    expect(trials.filter(({ state }) => state === 'failed')[0].reason).toMatch(/^fold 0: NOT_FINITE/)
  })

  it('warns who asks for an objective of the test set', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      const study = await search({ data, grid: { learningRate: [0.1], hidden: [4] }, base, objective: 'test.accuracy' })
      expect(study).toMatchObject({ selectBy: 'test', metric: 'accuracy' })
      expect(warnings.mock.calls[0][0]).toMatch(/TEST set.*optimistic/)
    } finally {
      warnings.mockRestore()
    }
  })

  it('evaluates validation alone on request, with the same models', async () => {
    const study = await search(studies.grid)
    const quick = await search({ ...studies.grid, base: { ...base, evaluateOn: ['valid'] } })
    expect(quick.trials.map(({ digest }) => digest)).toEqual(study.trials.map(({ digest }) => digest))
    expect(Object.keys(quick.trials[0].history[0])).toEqual(['step', 'epoch', 'valid'])
  })

  it.each<[string, Partial<Record<keyof SearchOptions, unknown>>, string]>([
    ['both spaces', { space: grid }, 'space: expected one of grid and space, got both'],
    ['no trials', { strategy: 'random' }, "trials: expected a number with strategy 'random'"],
    ['trials of a grid', { trials: 3 }, 'trials: a grid tries every point'],
    ['rungs of nothing', { strategy: 'halving', halving: null }, 'halving: expected an options object, got null'],
    ['rungs of a grid', { halving }, "halving: expected with strategy 'halving'"],
    [
      'another strategy',
      { strategy: 'bayes' },
      "strategy: expected one of 'grid', 'random', 'halving', 'tpe', got \"bayes\"",
    ],
    ['a seed of nothing', { seed: 3 }, 'seed: nothing is drawn; that of the trials is base.seed'],
    [
      'another objective',
      { objective: 'train.loss' },
      "objective: expected 'valid' or 'test' and a metric, e.g. 'valid.accuracy'",
    ],
    [
      'two objectives',
      { objective: 'valid.loss', metric: 'loss' },
      'objective: pass either objective or selectBy/metric, not both',
    ],
    ['a set beside folds', { folds: 2 }, 'data.valid: expected none with folds'],
    ['a folder that is none', { folder: 3 }, 'folder: expected a path or a file: URL, got 3'],
    ['resume of nothing', { resume: true }, 'resume: needs folder'],
    ['an executor that is none', { executor: {} }, 'executor: expected a function'],
    [
      'a misspelt option',
      { strategie: 'grid' } as object,
      "search: unknown option 'strategie'; did you mean 'strategy'?",
    ],
  ])('refuses %s', async (_, changes, message) => {
    await expect(search({ data, grid, base, ...changes } as SearchOptions)).rejects.toThrow(message)
  })
})

async function foldsOf({ data, folds = 1, stratified }: SearchOptions) {
  if (folds === 1) return [data as { train: typeof train; valid: typeof train; test: typeof test }]
  const { kFold } = await import('native-mlp')
  return kFold(data.train, { folds, stratified }).map((fold) => ({ ...fold, test: data.test }))
}
