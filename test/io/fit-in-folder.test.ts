import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  decodeCheckpoint,
  fit,
  loadModel,
  MLP,
  type NativeMlpError,
  RunFolder,
  readHistory,
  sgd,
} from '../../src/index.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT } from '../repo/source-graph.js'
import { clusters } from '../train/toy-data.js'

const folder = temporaryFolder()
const at = (...names: string[]) => join(folder, ...names)
const train = clusters(53)
const valid = clusters(40, 2)
const newModel = (seed = 1) => new MLP({ layers: [4, 7, 3], seed })
const optimizer = sgd({ learningRate: 0.3, l2: 0.001 })
const options = { optimizer, valid, epochs: 6, batchSize: 10, evaluateEvery: 2, checkpointEveryMs: 0 }
const record = (run: string) => JSON.parse(readFileSync(at(run, 'run.json'), 'utf8'))
const sha256 = (run: string, name: string) =>
  createHash('sha256')
    .update(readFileSync(at(run, name)))
    .digest('hex')
/** What two equal runs have in common: all but run.json with its times, and the last checkpoint, which depends on them. */
const contents = (run: string) => {
  const files = readdirSync(at(run)).filter((name) => name !== 'run.json' && name !== 'checkpoint')
  return Object.fromEntries(files.sort().map((name) => [name, sha256(run, name)]))
}

const whole = await (async () => {
  const model = newModel()
  const { timing: _, ...result } = await fit(model, train, { ...options, folder: at('whole') })
  return { result, digest: model.parametersDigest(), contents: contents('whole') }
})()

/** Trains with the folder, which may hold the beginning of the same run; expects the result of the whole run. */
async function expectWhole(run: string, given: object = {}) {
  const model = newModel(9) // its parameters are replaced
  const { timing: _, ...result } = await fit(model, train, { ...options, ...given, folder: at(run), resume: true })
  expect(result).toEqual(whole.result)
  expect(model.parametersDigest()).toBe(whole.digest)
  expect(contents(run)).toEqual(whole.contents)
  expect(record(run)).toMatchObject({
    status: 'completed',
    results: { ...record('whole').results, checkpoint: expect.any(Number) },
  })
}

/** A run that is aborted after a step. */
async function aborted(run: string, step: number, given: object = {}): Promise<NativeMlpError> {
  const controller = new AbortController()
  const callbacks = { onStep: (event: { step: number }) => event.step === step && controller.abort() }
  const { signal } = controller
  const all = { ...options, ...given, callbacks: callbacks as object, signal, folder: at(run), resume: true }
  return await fit(newModel(), train, all).then(
    () => expect.unreachable(),
    (error) => error,
  )
}

describe('fit with a folder', () => {
  it('trains as without one, and leaves history, best model, checkpoint and record', async () => {
    const model = newModel()
    const { timing: _, ...result } = await fit(model, train, options)
    expect(whole).toMatchObject({ result, digest: model.parametersDigest() })
    expect(readdirSync(at('whole')).sort()).toEqual(['best.safetensors', 'checkpoint', 'history.jsonl', 'run.json'])
    expect(await readHistory(at('whole', 'history.jsonl'))).toEqual(result.history)
    expect((await loadModel(at('whole', 'best.safetensors'))).parametersDigest()).toBe(whole.digest)
    expect(record('whole')).toMatchObject({
      format: 'native-mlp run',
      status: 'completed',
      model: { layers: [4, 7, 3] },
      backend: { name: model.family.name, contract: model.family.contract },
      results: { steps: 36, evaluations: result.history.length, stopped: 'completed', best: result.best },
    })
  })

  it.each([0, 1, 17, 18, 34])('continues a run that was aborted after step %d, to the same bits', async (step) => {
    const run = `aborted-${step}`
    expect(await aborted(run, step)).toMatchObject({ code: 'ABORTED' })
    expect(record(run)).toMatchObject({ status: 'interrupted', results: { steps: step + 1, checkpoint: step + 1 } })
    await expectWhole(run)
    expect(record(run).times.resumed).toHaveLength(1)
  })

  it('continues a run that was killed, again and again, to the same bits', { timeout: 60_000 }, async () => {
    for (const [step, everyMs] of [
      [0, 1e6],
      [4, 0],
      [20, 1e6],
      [21, 0],
      [30, 0],
    ]) {
      expect(killedAt(at('killed'), step, everyMs)).toEqual({ signal: 'SIGKILL', stdout: '' })
      expect(record('killed')).toMatchObject({ status: 'running', results: null })
    }
    expect(killedAt(at('killed'), -1, 0)).toEqual({ signal: null, stdout: killedAt(at('never killed'), -1, 0).stdout })
    expect(contents('killed')).toEqual(contents('never killed'))
  })

  it('repeats a complete run from its last checkpoint, and goes on with more epochs', async () => {
    cpSync(at('whole'), at('again'), { recursive: true })
    await expectWhole('again')
    const longer = { ...options, epochs: 9 }
    const [model, other] = [newModel(), newModel()]
    await fit(model, train, { ...longer, folder: at('again'), resume: true })
    await fit(other, train, { ...longer, folder: at('longer') })
    expect(model.parametersDigest()).toBe(other.parametersDigest())
    expect(contents('again')).toEqual(contents('longer'))
  })

  it('begins in a new folder from a checkpoint that is given', async () => {
    await aborted('given', 11)
    const resume = decodeCheckpoint(readFileSync(at('given', 'checkpoint')), 'checkpoint')
    const model = newModel(9)
    await fit(model, train, { ...options, resume, folder: at('from checkpoint') })
    expect(model.parametersDigest()).toBe(whole.digest)
    expect(contents('from checkpoint')).toEqual(whole.contents)
  })

  it('keeps the best model where the model itself keeps the last parameters', async () => {
    const last = { keepBest: false }
    await fit(newModel(), train, { ...options, ...last, folder: at('last') })
    await aborted('last aborted', 30, last)
    await fit(newModel(9), train, { ...options, ...last, folder: at('last aborted'), resume: true })
    expect(contents('last aborted')).toEqual(contents('last'))
    expect((await loadModel(at('last', 'best.safetensors'))).parametersDigest()).toBe(whole.digest)
  })

  it('calls the callbacks it is given, once the files are written', async () => {
    const [steps, lines]: number[][] = [[], []]
    await fit(newModel(), train, {
      ...options,
      folder: at('callbacks'),
      callbacks: {
        onStep: ({ step }) => void steps.push(step),
        onEvaluation: async () => void lines.push((await readHistory(at('callbacks', 'history.jsonl'))).length),
      },
    })
    expect(steps).toHaveLength(36)
    expect(lines).toEqual(whole.result.history.map((_, i) => i + 1))
  })

  it('records a run that failed', async () => {
    const failing = { ...options, optimizer: sgd({ learningRate: 1e30 }), folder: at('failed') }
    await expect(fit(newModel(), train, failing)).rejects.toMatchObject({ code: 'NOT_FINITE' })
    expect(record('failed')).toMatchObject({ status: 'failed', reason: expect.stringContaining('learning rate') })
    expect(existsSync(at('failed', '.lock'))).toBe(false)
  })
})

describe('fit refuses a folder', () => {
  /** The folder stays as it is. */
  async function refused(run: string, given: object, error: object) {
    const state = () => readdirSync(at(run)).map((name) => [name, sha256(run, name)])
    const before = state()
    await expect(fit(newModel(), train, { ...options, folder: at(run), ...given })).rejects.toMatchObject(error)
    expect(state()).toEqual(before)
  }

  it('that holds a run, unless it is to be resumed or overwritten', async () => {
    const message = `${at('whole')}: holds an earlier run; resume continues it, overwrite replaces it`
    await refused('whole', {}, { code: 'INVALID_ARGUMENT', message })
    cpSync(at('whole'), at('overwritten'), { recursive: true })
    const other = { ...options, epochs: 1, folder: at('overwritten'), overwrite: true }
    await fit(newModel(), train, other)
    expect(record('overwritten').results.steps).toBe(6)
  })

  it.each([
    ['an option', { batchSize: 11 }, 'stepsPerEpoch|batchSize: the checkpoint was made with 10, this run has 11'],
    ['the optimizer', { optimizer: sgd({ learningRate: 0.2, l2: 0.001 }) }, 'learningRate.*0.3.*0.2'],
    ['the data', { valid: clusters(40, 3) }, 'valid.digest: the checkpoint was made with'],
    ['fewer epochs', { epochs: 2 }, 'epochs: expected at least 6'],
  ])('that holds a run with another value of %s', async (_, given, difference) => {
    const message = expect.stringMatching(new RegExp(`whole: holds another run: .*${difference}`))
    await refused('whole', { ...given, resume: true }, { code: 'INVALID_ARGUMENT', message })
  })

  it('that holds a run of another format of run.json', async () => {
    cpSync(at('whole'), at('other format'), { recursive: true })
    const run = record('other format')
    writeFileSync(at('other format', 'run.json'), JSON.stringify({ ...run, formatVersion: run.formatVersion + 1 }))
    await expect(fit(newModel(), train, { ...options, folder: at('other format'), resume: true })).rejects.toThrow(
      'holds a run in another format of run.json, of another version: it cannot be resumed; overwrite replaces it',
    )
  })

  it('that holds a run of another network', async () => {
    const other = fit(new MLP({ layers: [4, 8, 3] }), train, { ...options, folder: at('whole'), resume: true })
    await expect(other).rejects.toThrow(
      'holds another run: layers: the checkpoint was made with "4-7-3", this run has "4-8-3"',
    )
  })

  it('with a checkpoint that is damaged, cut or missing', async () => {
    cpSync(at('whole'), at('damaged'), { recursive: true })
    const file = at('damaged', 'checkpoint')
    const bytes = readFileSync(file)
    const error = (problem: string) => ({
      code: 'INVALID_FILE',
      message: expect.stringMatching(new RegExp(`damaged.checkpoint.*: ${problem}.*; overwrite begins a new run$`)),
    })
    bytes[bytes.length - 9] ^= 4
    writeFileSync(file, bytes)
    await refused('damaged', { resume: true }, error('damaged'))
    writeFileSync(file, bytes.subarray(0, 100))
    await refused('damaged', { resume: true }, error('truncated'))
    rmSync(file)
    await refused('damaged', { resume: true }, error('missing, although run.json says that it was written at step 35'))
  })

  it('of other files, or with a run.json of something else', async () => {
    mkdirSync(at('others'))
    writeFileSync(at('others', 'best.safetensors'), 'mine')
    for (const given of [{}, { resume: true }, { overwrite: true }]) {
      const other = fit(newModel(), train, { ...options, folder: at('others'), ...given })
      await expect(other).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: /holds other files/ })
    }
    writeFileSync(at('others', 'run.json'), '{"format":"other"}')
    for (const given of [{ resume: true }, { overwrite: true }]) {
      const other = fit(newModel(), train, { ...options, folder: at('others'), ...given })
      await expect(other).rejects.toMatchObject({ code: 'INVALID_FILE', message: /run\.json: format: / })
    }
    expect(readFileSync(at('others', 'best.safetensors'), 'utf8')).toBe('mine')
  })

  it('that another run is writing', async () => {
    const first = new RunFolder(at('shared'), { resume: true })
    await first.open()
    const second = fit(newModel(), train, { ...options, folder: at('shared'), resume: true })
    await expect(second).rejects.toThrow(`${at('shared')}: process ${process.pid} is writing into this folder`)
    await first.end()
  })

  it('in options that do not fit together, before anything is made', async () => {
    const refusals: [object, string][] = [
      [{ resume: true }, 'resume: true needs a folder'],
      [{ overwrite: true }, 'overwrite: needs a folder'],
      [{ folder: at('none'), resume: true, overwrite: true }, 'pass either overwrite or resume, not both'],
      [{ folder: '' }, 'folder: expected a path, got ""'],
      [{ folder: 7 }, 'folder: expected a path or a file: URL, got 7'],
      [{ folder: new RunFolder(at('none')), resume: true }, 'resume: pass it to the RunFolder instead'],
      [{ folder: at('none'), epochs: 0 }, 'epochs: expected'],
    ]
    for (const [given, message] of refusals) {
      await expect(fit(newModel(), train, { ...options, ...given })).rejects.toThrow(message)
    }
    expect(existsSync(at('none'))).toBe(false)
  })
})

describe('RunFolder', () => {
  it('stays open after fit, and adds to run.json what its owner knows', async () => {
    const run = new RunFolder(at('owned'), { about: { source: 'clusters' } })
    await fit(newModel(), train, { ...options, folder: run })
    expect(record('owned')).toMatchObject({ status: 'running', source: 'clusters', results: null })
    const other = fit(newModel(), train, { ...options, folder: at('owned'), resume: true })
    await expect(other).rejects.toThrow('is writing into this folder')
    await run.end({ results: { score: 7 }, keepCheckpoint: false })
    expect(record('owned')).toMatchObject({ status: 'completed', results: { score: 7, checkpoint: null } })
    expect(readdirSync(at('owned')).sort()).toEqual(['best.safetensors', 'history.jsonl', 'run.json'])
    const again = fit(newModel(), train, { ...options, folder: at('owned'), resume: true })
    await expect(again).rejects.toThrow('checkpoint: missing, because the run is complete; overwrite begins a new run')
  })
})

/** Trains in a process of its own that is killed, without warning, after a step; -1: never. */
function killedAt(path: string, step: number, checkpointEveryMs: number) {
  const program = `
    import { fit, MLP, samples, sgd } from 'native-mlp'
    const rows = (n, shift) => samples({
      values: Float32Array.from({ length: 4 * n }, (_, i) => ((i * 7 + shift) % 23) / 23),
      labels: Int32Array.from({ length: n }, (_, r) => (r + shift) % 3), cols: 4, classes: 3,
    })
    const model = new MLP({ layers: [4, 7, 3], seed: 1 })
    await fit(model, rows(53, 0), {
      optimizer: sgd({ learningRate: 0.3 }), valid: rows(40, 5), epochs: 6, batchSize: 10, evaluateEvery: 2,
      folder: process.argv[1], resume: true, checkpointEveryMs: ${checkpointEveryMs},
      callbacks: { onStep: (event) => event.step === ${step} && process.kill(process.pid, 'SIGKILL') },
    })
    console.log(model.parametersDigest())`
  const args = ['--input-type=module', '-e', program, path]
  const { signal, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  expect(stderr).toBe('')
  return { signal, stdout }
}
