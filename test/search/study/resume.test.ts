import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel, type SearchOptions, StudyFolder, samples, search } from 'native-mlp'
import { describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'

type Options = Omit<SearchOptions, 'data'>

const { values, cols, labels } = clusters(240)
const all = samples({ values, cols, labels: labels! }).split({ test: 0.2 })
const split = { ...all.train.split({ valid: 0.2 }), test: all.test }
const base = { epochs: 4, batchSize: 16, evaluateEvery: 4 }

/** The third rate overflows. */
const grid: Options = { grid: { learningRate: [0.05, 0.2, 1e30], hidden: [4, 6] }, base }
const halving: Options = {
  ...grid,
  strategy: 'halving',
  halving: { minEpochs: 1, maxEpochs: 4, factor: 2 },
  keepModels: true,
}
const folds: Options = { grid: { learningRate: [0.05, 0.2], hidden: [4] }, base, folds: 3, keepModels: true }
const asynchronous: Options = {
  grid: { learningRate: [0.05, 0.1, 0.2, 0.3], hidden: [4, 6] },
  base,
  strategy: 'halving',
  halving: { minEpochs: 1, maxEpochs: 4, factor: 2, asynchronous: true },
  keepModels: true,
}
const tpe: Options = {
  space: { learningRate: { logUniform: [0.01, 1] }, hidden: [4, 6], init: ['he', 'glorot'] },
  strategy: 'tpe',
  ...{ trials: 9, tpe: { startup: 3, ahead: 2 }, seed: 3, base },
  keepModels: true,
}
const random: Options = { space: { learningRate: { logUniform: [0.01, 1] }, hidden: [4, 6] }, trials: 5, seed: 3, base }

function run(path: string, options: Options, changes: Options = {}) {
  const data = options.folds ? { train: all.train, test: all.test } : split
  return search({ data, ...options, folder: path, resume: true, workers: 2, stack: false, ...changes })
}

/** All that must not depend on how the study went. */
function outcome(path: string): Record<string, string> {
  const models = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.safetensors'),
  )
  const names = ['results.csv', ...models.sort()]
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name)).toString('base64')]))
}

function journal(path: string): { event?: string; trial: number; state: string }[] {
  const lines = readFileSync(join(path, 'journal.jsonl'), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

/** Aborts at the n-th thing that happens. */
function interruption(n: number) {
  const controller = new AbortController()
  let happened = 0
  const count = () => {
    if (++happened === n) controller.abort()
  }
  const callbacks = {
    onTrialStart: count,
    onTrialProgress: count,
    onTrialPause: count,
    onTrialEnd: ({ isEarlier }: { isEarlier: boolean }) => {
      if (!isEarlier) count()
    },
  }
  return { callbacks, signal: controller.signal }
}

/** A study of one trial that was interrupted in its middle: long enough that its worker could not finish it meanwhile. */
async function interruptedTrial() {
  for (let epochs = 200; ; epochs *= 4) {
    const path = join(temporaryFolder(), 'study')
    const options: Options = { grid: { learningRate: [0.05], hidden: [4] }, base: { ...base, epochs }, workers: 1 }
    let seen = 0
    const { signal, callbacks } = interruption(10)
    const onTrialProgress = () => {
      seen++
      callbacks.onTrialProgress()
    }
    await expect(run(path, options, { signal, callbacks: { onTrialProgress } })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    if (existsSync(join(path, 'checkpoints'))) return { path, options, seen }
    expect(epochs).toBeLessThan(100_000)
  }
}

describe.each([
  ['a grid', grid, 11],
  ['a random search', random, 13],
  ['successive halving', halving, 8],
  ['asynchronous halving', asynchronous, 8],
  ['points proposed from results', tpe, 11],
  ['points proposed from results, with folds and repeats', { ...tpe, folds: 2, repeats: 2, trials: 5 }, 13],
  ['a study with folds', folds, 11],
] as const)('%s', (_, options, every) => {
  it('gives the same however often it is interrupted, and with whatever number of workers it goes on', async () => {
    const folder = temporaryFolder()
    const [whole, broken] = ['whole', 'broken'].map((name) => join(folder, name))
    const study = await run(whole, options, { workers: 1 })
    let interrupted = 0
    for (let workers = 1; ; workers = (workers % 3) + 1) {
      const error = await run(broken, options, { workers, ...interruption(every + (interrupted % 4)) }).then(
        () => null,
        (reason) => reason,
      )
      if (error === null) break
      expect(error).toMatchObject({ code: 'ABORTED' })
      expect(++interrupted).toBeLessThan(60)
    }
    // even where workers finish what they have before an interruption reaches them
    expect(interrupted).toBeGreaterThan(1)
    expect(outcome(broken)).toEqual(outcome(whole))
    expect(readdirSync(broken)).not.toContain('checkpoints')
    const again = await run(broken, options)
    expect(again.trials.map(({ timing: _, worker: __, folds: ___, ...rest }) => rest)).toEqual(
      study.trials.map(({ timing: _, worker: __, folds: ___, ...rest }) => rest),
    )
    expect(again.best?.trial).toBe(study.best?.trial)
    expect(again.bestModel?.parametersDigest()).toBe(study.bestModel?.parametersDigest())
    expect([...again.models.keys()].sort()).toEqual([...study.models.keys()].sort())
  })
})

describe('successive halving', () => {
  it('gives survivors exactly the bits of a grid that prunes nothing', async () => {
    const folder = temporaryFolder()
    const pruned = await run(join(folder, 'pruned'), halving)
    const whole = await run(join(folder, 'whole'), grid)
    const states = pruned.trials.map(({ state, rung }) => (rung === undefined ? state : `${state} ${rung}`))
    expect(states.filter((state) => state === 'completed')).toHaveLength(1)
    expect(states.filter((state) => state === 'pruned 0')).toHaveLength(1)
    expect(states.filter((state) => state === 'failed')).toHaveLength(2)
    const [survivor] = pruned.trials.filter(({ state }) => state === 'completed')
    expect(survivor).toMatchObject({
      digest: whole.trials[survivor.trial].digest,
      history: whole.trials[survivor.trial].history,
    })
    expect(pruned.best).toBe(survivor)
  })

  it('needs no folder', async () => {
    const { trials } = await search({ data: split, ...halving, keepModels: false })
    const kept = await run(join(temporaryFolder(), 'kept'), halving)
    expect(trials.map(({ state, digest }) => [state, digest])).toEqual(
      kept.trials.map(({ state, digest }) => [state, digest]),
    )
  })
})

describe('a resumed study', () => {
  it('goes on in the middle of a trial', async () => {
    const { path, options, seen } = await interruptedTrial()
    expect(readdirSync(join(path, 'checkpoints'))).toEqual(['trial-0.safetensors'])
    let after = 0
    const { trials } = await run(path, options, { callbacks: { onTrialProgress: () => void after++ } })
    expect(trials[0].history.length).toBeGreaterThanOrEqual(seen + after)
  })

  it('computes a trial again whose checkpoint is damaged, and says so', async () => {
    const { path, options } = await interruptedTrial()
    const file = join(path, 'checkpoints', 'trial-0.safetensors')
    const bytes = readFileSync(file)
    bytes[bytes.length - 9] ^= 1
    writeFileSync(file, bytes)
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      const { trials } = await run(path, options)
      expect(warnings.mock.calls[0][0]).toMatch(/^trial 0 starts again: .*trial-0\.safetensors/)
      const whole = await run(join(temporaryFolder(), 'whole'), options)
      expect(trials[0].digest).toBe(whole.trials[0].digest)
    } finally {
      warnings.mockRestore()
    }
  })

  it('computes the best trial again where its model is gone', async () => {
    const path = join(temporaryFolder(), 'study')
    const first = await run(path, grid)
    const whole = outcome(path)
    writeFileSync(join(path, 'best.safetensors'), 'gone')
    const ended: number[] = []
    const onTrialEnd = ({ result, isEarlier }: { result: { trial: number }; isEarlier: boolean }) => {
      if (!isEarlier) ended.push(result.trial)
    }
    const again = await run(path, grid, { callbacks: { onTrialEnd } })
    expect(ended).toEqual([first.best!.trial])
    expect(again.bestModel!.parametersDigest()).toBe(first.best!.digest)
    expect(outcome(path)).toEqual(whole)
  })

  it('computes only the fold again whose model is gone or damaged', async () => {
    const path = join(temporaryFolder(), 'study')
    await run(path, folds)
    const whole = outcome(path)
    const model = join(path, 'models', 'trial-1-fold-2.safetensors')
    const bytes = readFileSync(model)
    bytes[bytes.length - 1] ^= 1
    const forgetEnd = () => {
      const lines = readFileSync(join(path, 'journal.jsonl'), 'utf8').split('\n')
      const kept = lines.filter((line) => !/"event":"trial","trial":1,/.test(line))
      expect(kept.length).toBeLessThan(lines.length)
      writeFileSync(join(path, 'journal.jsonl'), kept.join('\n'))
    }
    const remove = () => rmSync(model)
    const damage = () => writeFileSync(model, bytes)
    for (const hindrances of [[remove], [damage], [remove, forgetEnd]]) {
      for (const hinder of hindrances) hinder()
      const events: string[] = []
      const callbacks = {
        onTrialStart: ({ trial, fold }: { trial: number; fold: number }) => void events.push(`${trial} ${fold}`),
        onTrialEnd: ({ result, isEarlier }: { result: { trial: number }; isEarlier: boolean }) =>
          void events.push(`${result.trial} ${isEarlier ? 'earlier' : 'again'}`),
      }
      await run(path, folds, { callbacks })
      expect(events).toEqual(['0 earlier', '1 2', '1 again'])
      expect(outcome(path)).toEqual(whole)
    }
  })

  it('tells of what had finished, and does nothing where all had', async () => {
    const path = join(temporaryFolder(), 'study')
    await run(path, grid)
    const events: string[] = []
    const callbacks = {
      onTrialStart: () => void events.push('start'),
      onTrialEnd: ({ result, isEarlier }: { result: { trial: number }; isEarlier: boolean }) =>
        void events.push(`${result.trial} ${isEarlier}`),
    }
    const { trials } = await run(path, grid, { callbacks })
    expect(events.sort()).toEqual([0, 1, 2, 3, 4, 5].map((trial) => `${trial} true`))
    expect(trials).toHaveLength(6)
    expect(journal(path).filter(({ event }) => event === 'trial')).toHaveLength(6)
  })

  it('must be the same study', async () => {
    const path = join(temporaryFolder(), 'study')
    await run(path, grid)
    const before = readFileSync(join(path, 'results.csv'))
    const { grid: axes } = grid
    for (const [changes, message] of [
      [{ base: { ...base, epochs: 7 } }, `${path}: holds another study: base.epochs is 4 there and 7 here`],
      [{ keepModels: true }, 'keepModels is false there and true here'],
      [{ metric: 'loss' }, 'metric is "accuracy" there and "loss" here'],
      [{ grid: { hidden: axes!.hidden, learningRate: axes!.learningRate } }, 'grid: its parameters stand in the order'],
    ] as const) {
      await expect(run(path, grid, changes as Options)).rejects.toThrow(message)
    }
    await expect(
      search({ data: all.train.split({ valid: 0.3 }), ...grid, folder: path, resume: true }),
    ).rejects.toThrow(/holds another study: data digest does not match: \w{64} there, \w{64} here/)
    expect(readFileSync(join(path, 'results.csv')).equals(before)).toBe(true)
    expect((await run(path, grid)).trials).toHaveLength(6)
    await expect(run(path, grid, { resume: false })).rejects.toThrow('resume continues it, overwrite replaces it')
  })

  it('keeps the models it was asked for', async () => {
    const path = join(temporaryFolder(), 'study')
    const options = { ...grid, keepModels: true }
    await expect(run(path, options, interruption(30))).rejects.toMatchObject({ code: 'ABORTED' })
    const { trials, models } = await run(path, options)
    expect([...models.keys()].sort()).toEqual([0, 1, 2, 3])
    for (const [trial, model] of models) {
      expect(model.parametersDigest()).toBe(trials[trial].digest)
      const file = await loadModel(join(path, 'models', `trial-${trial}.safetensors`))
      expect(file.parametersDigest()).toBe(trials[trial].digest)
    }
  })

  it('is had by one study at a time', async () => {
    const path = join(temporaryFolder(), 'study')
    const folder = new StudyFolder(path, { resume: true })
    let [began, release] = [() => {}, () => {}]
    const isRunning = new Promise<void>((resolve) => {
      began = resolve
    })
    const mayEnd = new Promise<void>((resolve) => {
      release = resolve
    })
    const callbacks = { onTrialStart: () => began(), onTrialEnd: () => mayEnd }
    const first = search({ data: split, ...grid, folder, callbacks })
    await isRunning
    await expect(run(path, grid)).rejects.toThrow(`${path}: process ${process.pid} is writing into this folder`)
    release()
    expect((await first).trials).toHaveLength(6)
  })
})
