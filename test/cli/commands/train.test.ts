import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nativeStatus } from '../../../src/backend/native.js'
import { readHistory } from '../../../src/io/history.js'
import { RUN_FIGURES } from '../../../src/io/run-folder.js'
import { readTrainingCurve } from '../../../src/io/training-curve.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { ROOT } from '../../repo/source-graph.js'
import { command, writeStripes } from '../command.js'

const CLASSIFIER_FIGURES = RUN_FIGURES.filter((name) => !['predicted-actual', 'augmented-images'].includes(name))

const folder = temporaryFolder()
const at = (...names: string[]) => join(folder, ...names)
const stripes = writeStripes(at('stripes'), 400, 100)
const model = (run: string) => readFileSync(at(run, 'best.safetensors'))
const record = (run: string) => JSON.parse(readFileSync(at(run, 'run.json'), 'utf8'))

const status = nativeStatus()
const isas = status.available ? status.isas : []

describe('native-mlp train', () => {
  it('selects by another metric on request, and shows it', async () => {
    const args = [
      'train',
      '--preset',
      'quick',
      '--limit-train',
      'all',
      '--epochs',
      '2',
      '--data',
      stripes,
      '--no-figures',
    ]
    const { code, stdout, stderr } = await command([...args, '--select-by', 'top3Accuracy', '--out', at('top')])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^best +\d+\.\d\d % \(top-3 accuracy [01]\.\d{4}\) on validation at step \d+$/m)
    expect(stdout).toMatch(/^test .* loss \d\.\d{4}, top-3 accuracy [01]\.\d{4}$/m)
    expect(stderr).toMatch(/valid \d+\.\d\d % \(loss \d\.\d{4}, top-3 accuracy [01]\.\d{4}\)/)
    const history = await readHistory(at('top', 'history.jsonl'))
    const best = Math.max(...history.map(({ valid }) => valid!.top3Accuracy!))
    expect(record('top')).toMatchObject({
      config: { selectBy: 'top3Accuracy' },
      results: { best: { valid: { top3Accuracy: best } } },
    })
    expect(record('top').results.test.top3Accuracy).toBeGreaterThan(0)
    const unknown = await command([...args, '--select-by', 'top3', '--out', at('none')])
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--select-by: expected one of 'loss', 'accuracy', "),
    })
  })

  it('trains on MNIST and leaves a whole run: record, curve, model and figures', async () => {
    const { code, stdout, stderr } = await command(['train', '--preset', 'quick', '--seed', '7', '--out', at('whole')])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toMatch(/^backend: .+\ndata: .+: 9600 train, 2400 validation, 10000 test rows\nstep +0 of 600: /)
    expect(stdout).toMatch(/^best +9\d\.\d\d % on validation at step \d+\ntest +9\d\.\d\d %: 9\d{3} of 10000 test rows/)
    expect(stdout).toContain(`model     ${at('whole', 'best.safetensors')}\n`)
    const figures = CLASSIFIER_FIGURES.flatMap((name) => [`${name}.png`, `${name}.svg`])
    expect(readdirSync(at('whole', 'figures')).sort()).toEqual(figures.sort())
    for (const name of CLASSIFIER_FIGURES) {
      expect(stdout).toContain(at('whole', 'figures', `${name}.{svg,png}`))
      expect(readFileSync(at('whole', 'figures', `${name}.png`)).toString('latin1', 1, 4)).toBe('PNG')
      expect(readFileSync(at('whole', 'figures', `${name}.svg`), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\s*$/)
    }
    expect(readdirSync(at('whole')).sort()).toEqual(['best.safetensors', 'figures', 'history.jsonl', 'run.json'])
    const history = await readHistory(at('whole', 'history.jsonl'))
    expect(history.map(({ step }) => step)).toEqual([0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550])
    const { results, ...about } = record('whole')
    expect(about).toMatchObject({ status: 'completed', preset: 'quick', seed: 7, config: { hidden: [64] } })
    expect(results.best).toEqual(history.find(({ step }) => step === results.best.step))
    const diagonal = results.confusion.reduce((sum: number, row: number[], c: number) => sum + row[c], 0)
    expect(results.test).toMatchObject({ correct: diagonal, count: 10000, accuracy: diagonal / 10000 })
    expect(results.test.accuracy).toBeGreaterThan(0.9)
  })

  it.runIf(isas.length > 0)(
    'gives the same bytes for the same seed, whatever the threads and instruction set',
    async () => {
      const args = [
        'train',
        '--preset',
        'quick',
        '--seed',
        '7',
        '--epochs',
        '1',
        '--limit-train',
        '3000',
        '--no-figures',
      ]
      const runs: Record<string, Record<string, string>> = {
        again: {},
        one: { NATIVE_MLP_THREADS: '1' },
        two: { NATIVE_MLP_THREADS: '2' },
        ...Object.fromEntries(isas.map((isa) => [isa, { NATIVE_MLP_ISA: isa }])),
      }
      await command([...args, '--out', at('first')])
      for (const [name, env] of Object.entries(runs)) {
        const { code, stdout, stderr } = await command([...args, '--out', at(name)], { env })
        expect({ code, stderr }).toMatchObject({ code: 0 })
        const { isa, threads } = record(name).backend
        const peak = `${isa}, ${threads === 1 ? '1 thread' : `${threads} threads`}`
        expect(stdout).toMatch(new RegExp(`^limit +\\d+\\.\\d s .* at the FMA peak, \\d+ GFLOP/s, ${peak}$`, 'm'))
        expect(model(name).equals(model('first')), name).toBe(true)
        expect(readFileSync(at(name, 'history.jsonl')).equals(readFileSync(at('first', 'history.jsonl'))), name).toBe(
          true,
        )
        expect(record(name).backend).toMatchObject({ name: 'native', ...(isas.includes(name) && { isa: name }) })
      }
      await command([...args.with(4, '8'), '--out', at('other')])
      expect(model('other').equals(model('first'))).toBe(false)
    },
  )

  it('as a program of a page gives the same bytes as the command', async () => {
    const args = ['--preset', 'quick', '--seed', '7', '--epochs', '1', '--out', at('page')]
    const page = await command(args, { program: ['--import', 'tsx', 'scripts/train.ts'] })
    expect(page).toMatchObject({ code: 0 })
    expect(page.stdout).toMatch(/test accuracy 0\.\d{4}: \d+ of 10000 right\nmodel .+best\.safetensors\nfigure /)
    await command(['train', ...args.with(-1, at('command')), '--no-figures'])
    expect(model('page').equals(model('command'))).toBe(true)
  })

  it('prints one JSON document on stdout, and nothing else there', async () => {
    const { code, stdout } = await command(
      ['train', '--json', '--no-figures', '--preset', 'quick', '--data', stripes, '--out', at('json')].concat(
        ['--limit-train', 'all', '--hidden', '32,16', '--activation', 'tanh', '--init', '0.1,0', '--batch-size', '20'],
        ['--epochs', '5', '--evaluate-every', 'epoch', '--evaluate-on', 'valid,test', '--limit-test', '50'],
      ),
    )
    expect(code).toBe(0)
    const { folder: path, files, ...rest } = JSON.parse(stdout)
    expect({ path, files }).toEqual({ path: at('json'), files: { model: at('json', 'best.safetensors'), figures: [] } })
    expect(rest).toEqual(record('json'))
    expect(rest.config).toMatchObject({ hidden: [32, 16], activation: 'tanh', init: { weights: 0.1, biases: 0 } })
    expect(rest.model.layers).toEqual([100, 32, 16, 10])
    expect(rest.data).toMatchObject({
      recipe: { idx: { folder: stripes }, scale: 'unit', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      rows: { train: 320, valid: 80, test: 50 },
      schema: { inputs: 100, values: 'bytes', imageShape: [10, 10], classes: 10 },
    })
    expect(rest.results).toMatchObject({ steps: 80, evaluations: 5, stopped: 'completed', collapsed: null })
    expect(existsSync(at('json', 'figures'))).toBe(false)
  })

  it('takes the preset, then the file, then the flags', async () => {
    writeFileSync(
      at('config.json'),
      JSON.stringify({ preset: 'quick', epochs: 3, hidden: [8], seed: 5, limitTrain: null }),
    )
    const args = [
      '--config',
      at('config.json'),
      '--epochs',
      '2',
      '--data',
      stripes,
      '--no-figures',
      '--out',
      at('order'),
    ]
    expect(await command(['train', ...args])).toMatchObject({ code: 0 })
    expect(record('order')).toMatchObject({ preset: 'quick', seed: 5 })
    expect(record('order').config).toMatchObject({ epochs: 2, hidden: [8], batchSize: 64 })
  })

  it('writes the homework’s curve and weights on request, which evaluate alike', async () => {
    const extras = ['--training-curve', '--homework-weights', '--no-figures', '--json']
    const size = ['--epochs', '1', '--hidden', '128', '--steps-per-epoch', '20', '--evaluate-every', '10']
    const { code, stdout } = await command([
      'train',
      ...extras,
      ...size,
      '--limit-train',
      '4000',
      '--out',
      at('extras'),
    ])
    expect(code).toBe(0)
    const curve = await readTrainingCurve(at('extras', 'Training_Curve.txt'))
    const history = await readHistory(at('extras', 'history.jsonl'))
    expect(curve).toEqual(history.map(({ train, valid, test }) => ({ train, valid, test })))
    const evaluated = await command(['evaluate', '--json', '--weights', at('extras', 'best_model_save')])
    const { correct, confusion } = JSON.parse(evaluated.stdout)
    expect({ correct, confusion }).toMatchObject({
      correct: JSON.parse(stdout).results.test.correct,
      confusion: JSON.parse(stdout).results.confusion,
    })
  })

  it('says that a network has collapsed, and since when', async () => {
    const args = ['train', '--learning-rate', '0.05', '--hidden', '32', '--steps-per-epoch', '60', '--epochs', '1']
    const rest = ['--evaluate-every', '20', '--limit-train', '4000', '--no-figures', '--out', at('collapsed')]
    const { code, stdout } = await command([...args, ...rest])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^collapsed (9\d|100) % of hidden units are dead since step (20|40)$/m)
    expect(record('collapsed').results.collapsed.deadShare).toBeGreaterThan(0.9)
  })

  it('names a run after its preset, with a number where that name is taken', async () => {
    const args = [
      'train',
      '--preset',
      'quick',
      '--data',
      stripes,
      '--limit-train',
      'all',
      '--epochs',
      '1',
      '--no-figures',
    ]
    for (const expected of ['quick', 'quick-2', 'quick-3']) {
      const { stdout } = await command(args, { cwd: folder })
      expect(stdout).toContain(`model     ${join('runs', expected, 'best.safetensors')}\n`)
      expect(existsSync(at('runs', expected, 'run.json'))).toBe(true)
    }
  })

  it('stops early', async () => {
    const args = [
      'train',
      '--preset',
      'quick',
      '--data',
      stripes,
      '--limit-train',
      'all',
      '--epochs',
      '50',
      '--patience',
      '2',
    ]
    const { stdout } = await command([...args, '--evaluate-every', 'epoch', '--no-figures', '--out', at('early')])
    expect(stdout).toMatch(/^stopped +early, after \d+ steps/)
    expect(record('early').results).toMatchObject({ stopped: 'early' })
  })
})

describe('native-mlp train --out', () => {
  const args = [
    'train',
    '--preset',
    'quick',
    '--data',
    stripes,
    '--limit-train',
    'all',
    '--epochs',
    '1',
    '--no-figures',
  ]

  it('replaces an earlier run only where told to, and nothing beside it', async () => {
    expect(
      await command([...args, '--training-curve', '--evaluate-on', 'train,valid,test', '--out', at('twice')]),
    ).toMatchObject({
      code: 0,
    })
    writeFileSync(at('twice', 'notes.txt'), 'mine')
    const before = model('twice')
    const refused = await command([...args, '--seed', '2', '--out', at('twice')])
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('holds an earlier run; resume continues it, overwrite'),
    })
    expect(model('twice').equals(before)).toBe(true)
    expect(await command([...args, '--seed', '2', '--overwrite', '--out', at('twice')])).toMatchObject({ code: 0 })
    expect(model('twice').equals(before)).toBe(false)
    expect(readdirSync(at('twice')).sort()).toEqual(['best.safetensors', 'history.jsonl', 'notes.txt', 'run.json'])
  })

  it('lets one of two runs that start together have the folder, and the other fail', async () => {
    const runs = await Promise.all(['3', '4'].map((seed) => command([...args, '--seed', seed, '--out', at('raced')])))
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 2])
    const [won, lost] = runs[0].code === 0 ? runs : [...runs].reverse()
    expect(won.stdout).toContain('best')
    expect(lost.stderr).toMatch(/error \[INVALID_ARGUMENT\]: .*raced: (process \d+ is writing|holds an earlier run)/)
    expect(record('raced')).toMatchObject({ status: 'completed', seed: runs[0].code === 0 ? 3 : 4 })
    expect(readdirSync(at('raced')).sort()).toEqual(['best.safetensors', 'history.jsonl', 'run.json'])
  })

  it('takes a folder with nothing in it but temporary files of another process that tries to take it', async () => {
    mkdirSync(at('tried'))
    const temporary = `.lock.${process.pid}.1b4e28ba-2fa1-11d2-883f-0016d3cca427`
    writeFileSync(at('tried', temporary), `${process.pid} ${hostname()}\n`)
    writeFileSync(at('tried', 'run.json.1234567'), 'half')
    expect(await command([...args, '--out', at('tried')])).toMatchObject({ code: 0 })
    expect(readdirSync(at('tried')).sort()).toEqual([temporary, 'best.safetensors', 'history.jsonl', 'run.json'])
  })

  it('does not overwrite a run that is still writing, and takes over one that was killed', async () => {
    expect(await command([...args, '--out', at('owned')])).toMatchObject({ code: 0 })
    const before = readFileSync(at('owned', 'run.json'))
    writeFileSync(at('owned', '.lock'), `${process.pid} ${hostname()}\n`)
    const refused = await command([...args, '--overwrite', '--out', at('owned')])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`process ${process.pid} is writing`) })
    expect(readFileSync(at('owned', 'run.json'))).toEqual(before)
    const dead = spawnSync(process.execPath, ['--version']).pid
    writeFileSync(at('owned', '.lock'), `${dead} ${hostname()}\n`)
    writeFileSync(at('owned', 'best.safetensors.1234567'), 'half')
    writeFileSync(at('owned', 'notes.txt.12'), 'mine')
    expect(await command([...args, '--overwrite', '--out', at('owned')])).toMatchObject({ code: 0 })
    const left = ['best.safetensors', 'history.jsonl', 'notes.txt.12', 'run.json']
    expect(readdirSync(at('owned')).sort()).toEqual(left)
  })

  it.each([
    ['an empty path', '', 2, /--out: expected a path, got ""/],
    ['a dangling link', at('nowhere'), 1, /nowhere: cannot make the folder: it is a dangling symbolic link/],
  ])('refuses %s', async (_, out, code, message) => {
    symlinkSync(at('missing'), at('nowhere'))
    onTestFinished(() => unlinkSync(at('nowhere')))
    const refused = await command([...args, '--out', out])
    expect(refused).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
  })

  it.each([
    ['a folder of other files', () => stripes, 2, 'expected a new or empty folder, this one holds other files'],
    ['a file', () => at('stripes', 't10k-labels-idx1-ubyte'), 2, 'expected a folder, got a file'],
    ['a path below a file', () => at('stripes', 't10k-labels-idx1-ubyte', 'x'), 1, 'ENOTDIR'],
  ])('refuses %s, with or without --overwrite', async (_, out, code, message) => {
    for (const flags of [[], ['--overwrite']]) {
      const refused = await command([...args, ...flags, '--out', out()])
      expect(refused).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) })
    }
  })

  it.runIf(process.platform === 'linux')('fails in one line where the folder cannot be made', async () => {
    const { code, stderr } = await command([...args, '--out', '/proc/native-mlp/run'])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/\nerror \[FILE_SYSTEM\]: \/proc\/.+\n$/),
    })
  })

  it('leaves the record of a run that failed', async () => {
    const { code, stderr } = await command([
      ...args,
      '--learning-rate',
      '1e30',
      '--scale',
      'raw',
      '--out',
      at('failed'),
    ])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/\nerror \[NOT_FINITE\]: fit: .+\n$/) })
    expect(record('failed')).toMatchObject({ status: 'failed', reason: expect.stringContaining('learning rate') })
  })
})

describe('Ctrl-C', () => {
  it('ends a run in order: the best so far is saved, and evaluates as recorded', async () => {
    const args = ['--preset', 'quick', '--epochs', '10000', '--json', '--out', at('stopped')]
    let isHeard = false
    const { code, stdout, stderr } = await command(['train', ...args], {
      onStderr: (text, child) => {
        if (isHeard || !/step +50 of/.test(text)) return
        isHeard = true
        child.kill('SIGINT')
      },
    })
    expect({ code, stderr }).toMatchObject({ code: 130 })
    expect(stderr).toMatch(/\nstopping; press Ctrl-C again to stop at once\n/)
    expect(stderr).toContain(`\nto resume: npx native-mlp train --resume ${at('stopped')}\n`)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'interrupted', results: { stopped: null, test: null } })
    const { results, config } = record('stopped')
    const history = await readHistory(at('stopped', 'history.jsonl'))
    expect(results.evaluations).toBe(history.length)
    expect(results.best).toEqual(history.reduce((a, b) => (b.valid!.accuracy > a.valid!.accuracy ? b : a)))
    expect(config.epochs).toBe(10000)
    const files = ['best.safetensors', 'checkpoint', 'history.jsonl', 'run.json']
    expect(readdirSync(at('stopped')).sort()).toEqual(files)
    expect(results.checkpoint).toBe(results.steps)
    const plotted = await command(['plot', at('stopped')])
    expect(plotted).toMatchObject({ code: 0 })
    expect(readdirSync(at('stopped', 'figures'))).toHaveLength(2 * CLASSIFIER_FIGURES.length)
    expect(await command(['evaluate', '--weights', at('stopped')])).toMatchObject({ code: 0 })
  })

  it('twice ends it at once', async () => {
    let first = 0
    const args = ['--preset', 'quick', '--epochs', '10000', '--out', at('killed')]
    const { code } = await command(['train', ...args], {
      env: { NATIVE_MLP_BACKEND: 'js' },
      onStderr: (text, child) => {
        if (first > 0 || !/step +50 of/.test(text)) return
        first = performance.now()
        child.kill('SIGINT')
        setTimeout(() => child.kill('SIGINT'), 400)
      },
    })
    expect(code).toBe(130)
    expect(['running', 'interrupted']).toContain(record('killed').status)
  })
})

it('the command is where package.json says', () => {
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(bin['native-mlp']).toBe('./dist/cli/main.js')
  expect(readFileSync(join(ROOT, bin['native-mlp']), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})
