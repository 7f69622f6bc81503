import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { JOURNAL_FORMAT, JOURNAL_VERSION } from '../../../src/search/store/codec.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { command, type Outcome, writeStripes } from '../command.js'

const folder = temporaryFolder()
const run = join(folder, 'run')
const stripes = join(folder, 'stripes')
const figures = (of: string) =>
  Object.fromEntries(
    readdirSync(join(of, 'figures')).map((name) => [name, readFileSync(join(of, 'figures', name), 'latin1')]),
  )
const copyOf = (name: string) => {
  cpSync(run, join(folder, name), { recursive: true })
  return join(folder, name)
}

it('draws the figures of a run again, byte for byte, from its files', async () => {
  writeStripes(stripes, 400, 100)
  const args = ['--preset', 'quick', '--limit-train', 'all', '--epochs', '2', '--data', stripes, '--out', run]
  expect(await command(['train', ...args])).toMatchObject({ code: 0 })
  const drawn = figures(run)
  expect(Object.keys(drawn)).toHaveLength(18)
  rmSync(join(run, 'figures'), { recursive: true })
  const { code, stdout } = await command(['plot', run, '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ folder: run })
  expect(JSON.parse(stdout).figures).toHaveLength(18)
  expect(figures(run)).toEqual(drawn)
})

it('draws without the data what needs none, and says what is missing', async () => {
  const moved = copyOf('moved')
  rmSync(join(moved, 'figures'), { recursive: true })
  const { code, stderr } = await command(['plot', moved, '--data', join(folder, 'nowhere')])
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^the figures of rows are left as they are: --data: .+nowhere: not found.+\n$/),
  })
  expect(Object.keys(figures(moved))).toHaveLength(10)
})

describe('native-mlp plot refuses', () => {
  it.each<[string, () => string, number, RegExp]>([
    [
      'a folder that is no run',
      () => stripes,
      1,
      /stripes: not a run folder or a search folder: no run\.json or study\.json$/m,
    ],
    [
      'a folder that is not there',
      () => join(folder, 'nope'),
      1,
      /^error \[INVALID_FILE\]: .*nope: not a run folder or a search folder: no run\.json or study\.json$/m,
    ],
    ['a search without a trial', () => withStudy('begun'), 1, /begun: nothing to draw: no trial has finished$/m],
    [
      'a run that never evaluated',
      () => withRecord('empty', (record) => ({ ...record, results: null }), true),
      1,
      /nothing to draw/,
    ],
    ['a record that is no JSON', () => withRecord('text', () => '{"format":'), 1, /run\.json: not JSON/],
    [
      'a record of something else',
      () => withRecord('other', (record) => ({ ...record, format: 'x' })),
      1,
      /run\.json: format: /,
    ],
    [
      'a record that lies',
      () => withRecord('lying', (record) => ({ ...record, model: { layers: '784' } })),
      1,
      /run\.json: model: layers: /,
    ],
    ['half a line of history', () => withHistory('half', '{"step":1,\n'), 1, /history\.jsonl: line \d+ is not JSON/],
    ['a damaged model', () => withModel('damaged'), 1, /^error \[INVALID_FILE\]: .*best\.safetensors/],
  ])('%s', async (_, make, code, message) => {
    const outcome: Outcome = await command(['plot', make()])
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
    expect(outcome.stderr.trimEnd()).not.toContain('\n')
  })
})

function withStudy(name: string): string {
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'study.json'), '{}')
  return join(folder, name)
}

function withRecord(name: string, change: (record: object) => unknown, alone = false): string {
  const path = copyOf(name)
  const changed = change(JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')))
  writeFileSync(join(path, 'run.json'), typeof changed === 'string' ? changed : JSON.stringify(changed))
  if (alone) for (const file of ['history.jsonl', 'best.safetensors']) rmSync(join(path, file))
  return path
}

function withHistory(name: string, line: string): string {
  appendFileSync(join(copyOf(name), 'history.jsonl'), line)
  return join(folder, name)
}

function withModel(name: string): string {
  const file = join(copyOf(name), 'best.safetensors')
  writeFileSync(file, readFileSync(file).subarray(0, -4))
  return join(folder, name)
}

describe('the figures of a search', () => {
  const study = join(folder, 'study')
  const line = (trial: number, l2: number) =>
    `${JSON.stringify({ trial, state: 'completed', params: { l2, hidden: 8 * (trial + 1) }, valid: { loss: 0.5, accuracy: 0.1 * trial } })}\n`
  beforeAll(() => {
    mkdirSync(study)
    writeFileSync(join(study, 'trials.jsonl'), line(1, 0.1) + line(0, 0.2))
  })

  it('are drawn again from its journal', async () => {
    expect(await command(['plot', study])).toMatchObject({ code: 0 })
    const names = ['parallel-coordinates', 'valid-accuracy']
    expect(Object.keys(figures(study)).sort()).toEqual(names.flatMap((name) => [`${name}.png`, `${name}.svg`]))
  })

  it('are of curves too where trials were evaluated twice', async () => {
    const twice = join(folder, 'twice')
    mkdirSync(twice)
    const history = [0, 9].map((step) => ({ step, epoch: 0, valid: { loss: 0.5 - step / 100, accuracy: null } }))
    const trial = { trial: 0, state: 'pruned', rung: 1, params: { l2: 0 }, valid: history[1].valid, history }
    writeFileSync(join(twice, 'trials.jsonl'), `${JSON.stringify(trial)}\n`)
    expect(await command(['plot', twice])).toMatchObject({ code: 0 })
    expect(Object.keys(figures(twice)).sort()).toEqual(['trial-curves-loss.png', 'trial-curves-loss.svg'])
  })

  it('are drawn of a study that is running or was killed, from its journal', async () => {
    const killed = join(folder, 'killed')
    mkdirSync(killed)
    const chosen = { selectBy: 'valid', metric: 'loss' }
    const known = {
      format: JOURNAL_FORMAT,
      formatVersion: JOURNAL_VERSION,
      version: '0.1.0',
      data: { digest: '', recipe: null },
    }
    const header = { ...known, study: chosen, family: { name: 'js', contract: 1 }, about: {} }
    const trial = (number: number) => {
      const told = { event: 'trial', state: 'completed', worker: 'thread 1', config: { learningRate: 1, hidden: 8 } }
      const outcome = { history: [], collapsed: null, steps: 9, digest: '', seconds: null }
      const valid = { loss: 0.5, accuracy: number / 10 }
      return { ...told, trial: number, params: { l2: number, hidden: 8 + number }, ...outcome, valid }
    }
    const lines = [header, trial(1), { event: 'resumed' }, trial(0)]
    writeFileSync(
      join(killed, 'journal.jsonl'),
      `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"event":"tr`,
    )
    expect(await command(['plot', killed])).toMatchObject({ code: 0 })
    expect(Object.keys(figures(killed)).sort()).toEqual(Object.keys(figures(study)).sort())
    expect(readFileSync(join(killed, 'figures', 'parallel-coordinates.svg'), 'utf8')).toContain('Validation loss by')
    writeFileSync(join(killed, 'journal.jsonl'), `${JSON.stringify(lines[0])}\n`)
    const refused = { code: 1, stderr: expect.stringContaining('nothing to draw: no trial has finished') }
    expect(await command(['plot', killed])).toMatchObject(refused)
  })

  it('are not drawn from half a line', async () => {
    appendFileSync(join(study, 'trials.jsonl'), '{"trial":2')
    expect(await command(['plot', study])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/trials\.jsonl: line 3 is not JSON/),
    })
  })
})
