import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gridSearch, loadModel, resultsCsv, StudyFolder, samples, timingsCsv } from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'

const grid = { learningRate: [0.05, 1e30, 0.1], hidden: [4, 6] }
const base = { epochs: 2, batchSize: 16 }
const FILES = ['best.safetensors', 'journal.jsonl', 'results.csv', 'study.json', 'timings.csv', 'trials.jsonl']

function data() {
  const { values, cols, labels } = clusters(120)
  const all = samples({ values, cols, labels: labels! }).split({ test: 0.2 })
  return { ...all.train.split({ valid: 0.2 }), test: all.test }
}

async function lines(path: string, name = 'journal.jsonl') {
  const text = await readFile(join(path, name), 'utf8')
  expect(text.endsWith('\n') || text === '').toBe(true)
  const all = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  return name === 'journal.jsonl' ? all.filter(({ event }) => event === 'trial') : all
}

describe('StudyFolder', () => {
  it('holds the journal, the tables, the best model and what the study was', async () => {
    const path = join(temporaryFolder(), 'deep', 'study')
    const folder = new StudyFolder(path, { about: { source: 'clusters' } })
    const study = await gridSearch({ data: data(), grid, base, folder })
    expect((await readdir(path)).sort()).toEqual(FILES)
    expect(await readFile(folder.file('results'), 'utf8')).toBe(resultsCsv(study.trials, study))
    expect(await readFile(folder.file('timings'), 'utf8')).toBe(timingsCsv(study.trials))
    expect((await loadModel(folder.file('model'))).parametersDigest()).toBe(study.best!.digest)
    const journal = await lines(path)
    expect((await lines(path, 'trials.jsonl')).map(({ trial }) => trial)).toEqual([0, 1, 2, 3, 4, 5])
    expect(journal.map(({ trial }) => trial).sort()).toEqual([0, 1, 2, 3, 4, 5])
    const best = journal.find(({ trial }) => trial === study.best!.trial)
    expect(best).toMatchObject({ state: 'completed', params: study.best!.params, digest: study.best!.digest })
    expect(best.history).toEqual(study.best!.history)
    const record = JSON.parse(await readFile(folder.file('record'), 'utf8'))
    expect(record).toMatchObject({
      format: 'native-mlp study',
      status: 'completed',
      seed: 1,
      config: { strategy: 'grid', grid, base, selectBy: 'valid', metric: 'accuracy' },
      data: { source: 'clusters', rows: { train: 77, valid: 19, test: 24 } },
      backend: { name: study.backend, isa: study.isa, contract: study.family.contract },
      trials: { size: 6, completed: 4, collapsed: 0, failed: 2 },
      best: { trial: study.best!.trial, digest: study.best!.digest },
    })
  })

  it('is had by one of two studies that start together', async () => {
    const path = join(temporaryFolder(), 'study')
    const studies = [1, 2].map(async () => {
      const folder = new StudyFolder(path)
      await gridSearch({ data: data(), grid: { learningRate: [0.1], hidden: [4] }, base, folder })
    })
    const ends = await Promise.allSettled(studies)
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = ends.find((end) => end.status === 'rejected')!
    expect(lost.reason).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/earlier study|process \d+ is writing/),
    })
    expect(await lines(path)).toHaveLength(1)
  })

  it('is the same for equal studies but for times and order of finishing', async () => {
    const paths = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b')]
    for (const [i, path] of paths.entries()) {
      const folder = new StudyFolder(path)
      await gridSearch({ data: data(), grid, base, workers: i + 1, folder })
    }
    for (const name of ['results.csv', 'best.safetensors']) {
      const [a, b] = await Promise.all(paths.map((path) => readFile(join(path, name))))
      expect(a.equals(b), name).toBe(true)
    }
  })

  it('holds what had finished when a study is stopped or fails', async () => {
    const path = join(temporaryFolder(), 'study')
    const controller = new AbortController()
    const folder = new StudyFolder(path)
    const stop = { onTrialEnd: ({ finished }: { finished: number }) => finished === 2 && controller.abort() }
    const error = await gridSearch({
      data: data(),
      grid,
      base,
      ...{ workers: 1, stack: false }, // one after another: in a stack they end in the order in which they were begun
      folder,
      callbacks: stop as object,
      signal: controller.signal,
    }).catch((reason) => reason)
    expect(error.code).toBe('ABORTED')
    expect(await lines(path), 'before the end').toHaveLength(2)
    const table = (await readFile(folder.file('results'), 'utf8')).split('\n')
    expect(table).toHaveLength(4)
    expect(table[1]).toMatch(/^1,completed,/)
    expect(table[2]).toMatch(/^3,failed,/)
    const record = JSON.parse(await readFile(folder.file('record'), 'utf8'))
    expect(record).toMatchObject({
      status: 'interrupted',
      reason: 'search: aborted',
      trials: { size: 6, failed: 1 },
    })
  })

  it('has the columns of the grid even when no trial has finished', async () => {
    const folder = new StudyFolder(join(temporaryFolder(), 'study'))
    const full = new Error('out of patience')
    const fail = {
      onTrialStart: () => {
        throw full
      },
    }
    await expect(gridSearch({ data: data(), grid, base, folder, callbacks: fail })).rejects.toThrow()
    expect(await readFile(folder.file('results'), 'utf8')).toMatch(
      /^trial,.*param_learningRate,param_hidden,.*,rank_valid_accuracy\n$/,
    )
    expect(JSON.parse(await readFile(folder.file('record'), 'utf8'))).toMatchObject({
      status: 'failed',
      reason: 'out of patience',
    })
  })

  it('is not taken from other files, nor from an earlier study unless told', async () => {
    const path = join(temporaryFolder(), 'study')
    await mkdir(path)
    await writeFile(join(path, 'thesis.txt'), 'precious')
    const search = (overwrite: boolean) => {
      const folder = new StudyFolder(path, { overwrite })
      return gridSearch({ data: data(), grid: { learningRate: [0.1], hidden: [2] }, base, folder })
    }
    const others = `${path}: expected a new or empty folder, this one holds other files`
    await expect(search(true)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: others })
    expect(await readdir(path)).toEqual(['thesis.txt'])
    await rm(join(path, 'thesis.txt'))
    await search(false)
    const first = await readFile(join(path, 'study.json'), 'utf8')
    await expect(search(false)).rejects.toThrow(
      `${path}: holds an earlier study; resume continues it, overwrite replaces it`,
    )
    expect(await readFile(join(path, 'study.json'), 'utf8')).toBe(first)
    await search(true)
    expect(await lines(path)).toHaveLength(1)
  })

  it('says what is wrong with a path that cannot be a folder', async () => {
    const file = join(temporaryFolder(), 'file')
    await writeFile(file, '')
    const folder = new StudyFolder(file)
    await expect(folder.check()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `${file}: expected a folder, got a file`,
    })
    expect(() => new StudyFolder(file, { overwrit: true } as object)).toThrow("did you mean 'overwrite'?")
  })
})
