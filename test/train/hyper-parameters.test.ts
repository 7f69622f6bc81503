import './extra-row.js'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { searchCommand } from '../../src/cli/commands/search.js'
import { trainCommand } from '../../src/cli/commands/train.js'
import { configFromFlags, recordedConfig, resolveConfig } from '../../src/cli/config/config.js'
import { resolveSearch } from '../../src/cli/config/search-config.js'
import { NativeMlpError } from '../../src/core/errors.js'
import { MLP } from '../../src/model/mlp.js'
import { expandGrid } from '../../src/search/space/grid.js'
import { sampleSpace } from '../../src/search/space/random.js'
import { checkSame } from '../../src/search/store/identity.js'
import { resultsCsv } from '../../src/search/store/tables.js'
import { stackKey } from '../../src/search/threads/stack.js'
import { reproduceArguments } from '../../src/search/trial/reproduce.js'
import { runTask } from '../../src/search/trial/run-task.js'
import { NAMES } from '../../src/train/config.js'
import { planFit } from '../../src/train/fit-options.js'
import { sgd } from '../../src/train/optimizers.js'
import { PRESETS } from '../../src/train/presets.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { withExtra } from './extra-row.js'
import { pausedAt } from './paused-at.js'
import { clusters } from './toy-data.js'

const folder = temporaryFolder()
const train = clusters(40)
const valid = clusters(20, 2)
const optimizer = sgd({ learningRate: 0.1 })
const trial = { learningRate: 0.1, hidden: 4 }
const make = () => new MLP({ layers: [4, 3, 3] })

function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof NativeMlpError) return `${error.code}: ${error.message}`
  }
  throw new Error('nothing was refused')
}

describe('a row that is added to the table is', () => {
  it('a key of every config', () => {
    expect(NAMES).toContain('extraRate')
    expect(PRESETS.homework).toMatchObject({ extraRate: 0.5 })
    expect(PRESETS.quick).toMatchObject({ extraRate: 0.5 })
  })

  it('an option of fit', () => {
    expect(planFit(make(), train, { optimizer })).toMatchObject({ extraRate: 0.5 })
    expect(planFit(make(), train, withExtra({ optimizer }, 2))).toMatchObject({ extraRate: 2 })
    expect(refusal(() => planFit(make(), train, withExtra({ optimizer }, -1)))).toBe(
      'INVALID_ARGUMENT: extraRate: expected a number >= 0, got -1',
    )
  })

  it.each([
    ['train', trainCommand],
    ['search', searchCommand],
  ])('a flag of %s, in its --help', (_, command) => {
    const help = command().helpInformation()
    expect(help).toMatch(/--extra-rate <x> +known to this test alone/)
  })

  it('read from a flag, by its name where it is wrong', () => {
    expect(configFromFlags({ extraRate: '1e-3' })).toEqual({ extraRate: 0.001 })
    expect(refusal(() => configFromFlags({ extraRate: 'much' }))).toBe(
      'INVALID_ARGUMENT: --extra-rate: expected a number >= 0, got "much"',
    )
  })

  it('a key of a config file, of train and of search', async () => {
    const file = join(folder, 'config.json')
    writeFileSync(file, '{ "extraRate": 0.25 }')
    expect((await resolveConfig(file, {})).training).toMatchObject({ extraRate: 0.25 })
    expect((await resolveSearch(file, {}, {})).base).toMatchObject({ extraRate: 0.25 })
    writeFileSync(file, '{ "extraRate": "0.25" }')
    await expect(resolveConfig(file, {})).rejects.toThrow(
      `--config ${file}: extraRate: expected a number >= 0, got "0.25"`,
    )
  })

  it('needed in the record of a run', () => {
    const { seed, ...config } = PRESETS.quick
    expect(recordedConfig({ preset: 'quick', seed, config }, 'run.json').training).toEqual(PRESETS.quick)
    const { extraRate: _, ...older } = config as typeof config & { extraRate: number }
    expect(refusal(() => recordedConfig({ preset: 'quick', seed, config: older }, 'run.json'))).toBe(
      'INVALID_FILE: run.json: config: extraRate: missing',
    )
  })

  it('compared when a run is resumed', async () => {
    const resume = await pausedAt(1, make(), train, withExtra({ optimizer }, 2))
    expect(planFit(make(), train, withExtra({ optimizer, resume }, 2))).toMatchObject({ extraRate: 2 })
    expect(refusal(() => planFit(make(), train, { optimizer, resume }))).toBe(
      'INVALID_ARGUMENT: resume: extraRate: the checkpoint was made with 2, this run has 0.5',
    )
  })

  it('varied by a space, and a column of results.csv', () => {
    const points = expandGrid(withExtra({ ...trial, learningRate: [0.1], hidden: [4] }, [0, 2]))
    expect(points.map(({ config }) => config)).toEqual([withExtra(trial, 0), withExtra(trial, 2)])
    const drawn = sampleSpace(withExtra(trial, { logUniform: [0.1, 1] }), { trials: 3 })
    expect(new Set(drawn.map(({ params }) => params.extraRate)).size).toBe(3)
    const ended = { state: 'failed', steps: null, digest: null } as const
    const csv = resultsCsv(
      points.map((point) => ({ ...point, ...ended })),
      { selectBy: 'valid', metric: 'accuracy' },
    )
    expect(csv.split('\n')[0]).toContain('param_extraRate')
  })

  it('part of the identity of a study, in which a missing value is the default', () => {
    const identity = (base: object) => ({ study: { base }, data: 'digest', family: { name: 'js', contract: 1 } })
    const compared = (there: object, here: object) => () =>
      checkSame('runs/x', identity(there) as never, identity(here) as never)
    expect(compared({}, withExtra({}, 0.5))).not.toThrow()
    expect(refusal(compared({}, withExtra({}, 2)))).toBe(
      'INVALID_ARGUMENT: runs/x: holds another study: base.extraRate is 0.5 there and 2 here',
    )
  })

  it('compared when a trial is resumed', async () => {
    const data = { train, valid }
    let bytes: Uint8Array | null = null
    const keep = (each: Uint8Array) => {
      bytes = each
    }
    await runTask({ config: withExtra(trial, 2), untilStep: 1 }, data, { checkpoint: null, onCheckpoint: keep })
    await expect(runTask({ config: trial, untilStep: null }, data, { checkpoint: bytes })).rejects.toThrow(
      'the checkpoint is not of this task: extraRate is 2 there and 0.5 here',
    )
  })

  it('the same for the trials of a stack, unless its row says otherwise', () => {
    const keyOf = (config: object) => stackKey({ trial: 0, fold: 0, untilStep: null, config: config as typeof trial })
    expect(keyOf(withExtra(trial, 0.5))).toBe(keyOf(trial))
    expect(keyOf(withExtra(trial, 2))).not.toBe(keyOf(trial))
    expect(keyOf({ ...trial, learningRate: 0.2 })).toBe(keyOf(trial))
  })

  it('a flag of a reproduce command', () => {
    const data = { ...PRESETS.homework, splitSeed: 1, data: { mnist: {}, scale: 'raw' as const } }
    const given = reproduceArguments(withExtra(trial, 2), data)
    expect(given.slice(given.indexOf('--extra-rate')).slice(0, 2)).toEqual(['--extra-rate', '2'])
    expect(reproduceArguments(trial, data)).not.toContain('--extra-rate')
  })
})
