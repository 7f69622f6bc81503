import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SearchOptions, samples, search } from 'native-mlp'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'

const { values, cols, labels } = clusters(120)
const all = samples({ values, cols, labels: labels! })
const data = all.split({ valid: 0.3 })
const base = { batchSize: 8, hidden: 6 }
const folds: SearchOptions = { data: { train: all }, grid: { learningRate: [0.05, 0.1] }, base, folds: 2 }
const halving: SearchOptions = {
  data,
  space: { learningRate: { logUniform: [0.01, 2] }, init: ['he', 'glorot'] },
  strategy: 'halving',
  ...{ trials: 6, seed: 2, halving: { minEpochs: 1, maxEpochs: 4, factor: 2 } },
  base: { ...base, epochs: 4, evaluateEvery: 3 },
}
const asynchronous = { ...halving, halving: { ...halving.halving, asynchronous: true } }
const tpe: SearchOptions = {
  ...{ data, space: halving.space, strategy: 'tpe', trials: 6, seed: 2, tpe: { startup: 2, ahead: 1 } },
  base: { ...base, epochs: 2 },
}
const folder = temporaryFolder()

const lines = (path: string) => readFileSync(join(path, 'journal.jsonl'), 'utf8').trimEnd().split('\n')
const write = (path: string, all: readonly string[]) =>
  writeFileSync(join(path, 'journal.jsonl'), `${all.join('\n')}\n`)
const csv = (path: string) => readFileSync(join(path, 'results.csv'), 'utf8')

function run(path: string, options: SearchOptions, changes: Partial<SearchOptions> = {}) {
  return search({ workers: 2, ...options, folder: path, resume: true, ...changes })
}

describe('a study whose journal lacks a line', () => {
  it.each([
    ['with folds', folds],
    ['with successive halving', halving],
    ['with asynchronous halving', asynchronous],
    ['with points that follow from results', tpe],
  ] as const)('%s ends as if it were there, whichever it is', async (name, options) => {
    const whole = join(folder, name)
    await run(whole, options)
    const told = lines(whole)
    for (const [i, line] of told.entries()) {
      if (!/"event":"(task|trial)"/.test(line)) continue
      const path = join(folder, `${name} ${i}`)
      cpSync(whole, path, { recursive: true })
      const without = told.filter((_, k) => k !== i)
      write(path, without)
      await run(path, options)
      expect(csv(path), line).toBe(csv(whole))
    }
  })
})

describe('a study that is resumed', () => {
  it('finds what has changed in its journal, and what it cannot have done', async () => {
    const path = join(folder, 'forged')
    await run(path, folds)
    const told = lines(path)
    const at = told.findIndex((line) => line.includes('"event":"task"'))
    const withLine = (edit: (text: string) => string) => told.map((line, i) => (i === at ? edit(line) : line))
    write(
      path,
      withLine((line) => line.replace(/"accuracy":0\.\d/, '"accuracy":0.9')),
    )
    await expect(run(path, folds)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(`journal.jsonl: line ${at + 1} is damaged`),
    })
    const unsealed = (change: object) =>
      withLine((line) => JSON.stringify({ ...JSON.parse(line), check: undefined, ...change }))
    for (const [change, words] of [
      [{ fold: 7 }, 'fold 7 of a study that has 2'],
      [{ trial: 9 }, 'trial 9 of a study that has 2'],
      [{ rung: 4 }, 'rung 4 of a study that has 1'],
    ] as const) {
      write(path, unsealed(change))
      await expect(run(path, folds)).rejects.toMatchObject({
        code: 'INVALID_FILE',
        message: expect.stringContaining(`journal.jsonl: tells of ${words}`),
      })
    }
  })

  it('does not go on from the checkpoint of another trial, nor from one beyond a rung', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => warnings.mockRestore())
    const grid: SearchOptions = { ...halving, grid: { init: ['he', 'glorot'] }, space: undefined, trials: undefined }
    const options = { ...grid, seed: undefined, base: { ...halving.base, learningRate: 0.1 }, stack: false as const }
    const path = join(folder, 'swapped')
    const whole = join(folder, 'not swapped')
    await run(whole, options)
    const stop = new AbortController()
    let paused = 0
    const callbacks = { onTrialPause: () => void (++paused === 2 && stop.abort()) }
    await expect(run(path, options, { callbacks, signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    const names = [0, 1].map((trial) => join(path, 'checkpoints', `trial-${trial}.safetensors`))
    renameSync(names[0], join(path, 'x'))
    renameSync(names[1], names[0])
    renameSync(join(path, 'x'), names[1])
    await run(path, options)
    expect(warnings.mock.calls.map(([words]) => words)).toContainEqual(
      expect.stringContaining('not of this task: init'),
    )
    expect(csv(path)).toBe(csv(whole))
  })

  it('does not wait for whoever writes into a pipe in the place of its journal', async () => {
    const path = join(folder, 'pipe')
    mkdirSync(path)
    execFileSync('mkfifo', [join(path, 'journal.jsonl')])
    await expect(run(path, folds)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('journal.jsonl: not a regular file'),
    })
  })

  it('removes what a process that was killed has left half written', async () => {
    const path = join(folder, 'left')
    await run(path, folds)
    for (const name of ['results.csv.123', 'best.safetensors.4', 'study.json.77']) writeFileSync(join(path, name), 'x')
    const stray = join(path, 'checkpoints')
    mkdirSync(stray)
    writeFileSync(join(stray, 'trial-0-fold-1.safetensors.99'), 'x')
    await run(path, folds)
    expect(readdirSync(path).sort()).toEqual([
      'journal.jsonl',
      'results.csv',
      'study.json',
      'timings.csv',
      'trials.jsonl',
    ])
  })

  it('says so when its folder is moved away or removed under it, and does not make it anew', async () => {
    for (const act of [
      (path: string) => rmSync(path, { recursive: true }),
      (path: string) => renameSync(path, `${path} away`),
    ]) {
      const path = join(folder, 'gone')
      let ended = 0
      const callbacks = { onTrialEnd: () => void (ended++ === 0 && act(path)) }
      const error = await run(path, { ...folds, folds: 1, keepModels: true, callbacks }).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'FILE_SYSTEM', message: expect.stringContaining('ENOENT') })
      expect(readdirSync(folder)).not.toContain('gone')
    }
  })
})
