// from the built package: workers run only as built files
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  fit,
  fitOptionsOf,
  MLP,
  modelOptionsOf,
  NativeMlpError,
  reproduceArguments,
  type SearchOptions,
  samples,
  search,
} from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { trainCommand } from '../../src/cli/commands/train.js'
import { configFromFlags, resolveConfig } from '../../src/cli/config/config.js'
import { isVaried } from '../../src/search/space/parameters.js'
import { stackKey } from '../../src/search/threads/stack.js'
import { completed, labelled, NAMES, type Name, rowOf, type TrainingConfig } from '../../src/train/config.js'
import { OPTIMIZER_NAMES } from '../../src/train/optimizers.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { pixels } from '../train/toy-data.js'

/*
 * Every row of the table that a search may vary, found through the table alone: a new row is tested like the others. Values and
 * the hyper-parameters that it needs beside it are searched for until they change the result.
 */

type Config = Partial<TrainingConfig> & { learningRate: number; hidden: number | readonly number[] }

const { values, labels } = pixels(150, 1, 36)
const images = samples({ values, cols: 36, labels: labels!, imageShape: [6, 6] })
const data = images.split({ valid: 0.2 })
const base: Config = { learningRate: 0.02, hidden: [6, 5], epochs: 4, batchSize: 20, evaluateEvery: 3 }

/** What must stand beside a hyper-parameter for it to have an effect; the first that fits is taken. */
const COMPANY: readonly Partial<TrainingConfig>[] = [
  {},
  ...OPTIMIZER_NAMES.map((optimizer) => ({ optimizer })),
  ...(['step', 'cosine', 'plateau'] as const).map((schedule) => ({ schedule })),
  ...[
    { schedule: 'step', decayEvery: 1 } as const,
    { l2: 0.05 },
    { dropout: 0.4 },
    { elasticAlpha: 5 },
    { optimizer: 'adamW', weightDecay: 2 } as const,
  ],
]

/** Numbers, truth values, and the words that the row's own message names. */
function valuesOf(name: Name): unknown[] {
  const { check, default: usual, range } = rowOf(name)
  const words: string[] = []
  try {
    check(name, '?')
  } catch (error) {
    for (const [, word] of (error as Error).message.matchAll(/'(\w+)'/g)) words.push(word)
  }
  const numbers = range === 'integer' ? [2, 3, 1, 12] : [0.5, 0.05, 3, 5]
  return [...words.reverse(), true, ...numbers].filter((value) => {
    try {
      check(name, value)
      return value !== usual && value !== base[name]
    } catch {
      return false
    }
  })
}

/** The digest that `fit` alone comes to; null if it refuses the options. */
async function digestOf(config: Config): Promise<string | null> {
  try {
    const model = new MLP(modelOptionsOf(config, data.train))
    await fit(model, data.train, { ...fitOptionsOf(config), valid: data.valid })
    return model.parametersDigest()
  } catch (error) {
    if (error instanceof NativeMlpError) return null
    throw error
  }
}

/** A value of a row that is not its default and has an effect, and what it needs beside it. */
async function effective(name: Name): Promise<{ value: unknown; company: Config }> {
  for (const extra of COMPANY) {
    const company = { ...base, ...extra }
    const usual = await digestOf(company)
    if (usual === null) continue
    for (const value of valuesOf(name)) {
      const found = await digestOf({ ...company, [name]: value })
      if (found !== null && found !== usual) return { value, company }
    }
  }
  throw new Error(`${name}: no value has an effect; add what it needs to COMPANY`)
}

/** results.csv and every model. */
function outcome(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  const compared = names.filter((name) => name === 'results.csv' || name.endsWith('.safetensors'))
  return Object.fromEntries(compared.map((name) => [name, readFileSync(join(path, name)).toString('base64')]))
}

/** Runs a study to its end, interrupted after so many events and then after four more each time; 0: never. */
async function study(options: SearchOptions, first: number) {
  for (let interrupted = 0; ; interrupted++) {
    const controller = new AbortController()
    let events = 0
    const count = () => {
      if (first > 0 && ++events === first + 4 * interrupted) controller.abort()
    }
    const callbacks = { onTrialStart: count, onTrialProgress: count, onTrialPause: count }
    try {
      return await search({ ...options, callbacks, signal: controller.signal, resume: true })
    } catch (error) {
      if (!(error instanceof NativeMlpError) || error.code !== 'ABORTED') throw error
    }
  }
}

describe('every row of the table that a search may vary', () => {
  const varied = NAMES.filter(isVaried)

  it('is most of them', () => {
    expect(varied.length).toBeGreaterThan(35)
    // the protocol of all trials: what is compared, on which rows, and when
    expect(NAMES.filter((name) => !isVaried(name))).toEqual([
      ...['outputActivation', 'loss', 'scale', 'validFraction', 'splitSeed', 'stratified', 'fold', 'evaluateEvery'],
      ...['evaluateOn', 'selectBy', 'patience', 'minDelta', 'stopOnCollapse', 'limitTrain', 'limitTest'],
    ])
  })

  it.each(varied)('%s: varied, pruned, stacked, resumed and reproduced', async (name) => {
    const { value, company } = await effective(name)
    const usual = (company[name as keyof Config] ?? rowOf(name).default) as TrainingConfig[Name]
    const { [name as 'learningRate']: _, ...rest } = company
    const seeds = name === 'seed' ? {} : { seed: [1, 2] }
    const options: SearchOptions = {
      data,
      grid: { ...seeds, [name]: [usual, value] },
      base: rest,
      strategy: 'halving',
      halving: { minSteps: 6, maxSteps: 12, factor: 2 },
      keepModels: true,
    }
    const folder = temporaryFolder()
    const [stacked, alone] = ['stacked', 'alone'].map((kind) => join(folder, kind))
    const { trials, best } = await study({ ...options, folder: stacked, workers: 1, stack: 8 }, 0)
    await study({ ...options, folder: alone, workers: 2, stack: false }, 7)
    expect(outcome(alone)).toEqual(outcome(stacked))

    const count = name === 'seed' ? 2 : 4
    expect(trials.map(({ state }) => state).sort()).toEqual([
      ...Array(count / 2).fill('completed'),
      ...Array(count / 2).fill('pruned'),
    ])
    const [header, first] = readFileSync(join(alone, 'results.csv'), 'utf8').split('\n')
    expect(header.split(',')).toContain(`param_${name}`)
    expect(first).toBeTruthy()
    expect(await digestOf(best!.config), 'as fit alone').toBe(best!.digest)

    const task = (config: Config) => stackKey({ trial: 0, fold: 0, untilStep: null, config })
    const isShared = task(company) === task({ ...company, [name]: value })
    expect(isShared, 'one stack').toBe(rowOf(name).lockstep ?? false)
  })

  it.each(varied)('%s: its value comes back from the flags of the reproduce command', async (name) => {
    const { value, company } = await effective(name)
    const config = { ...company, [name]: value }
    const source = {
      data: { mnist: {}, scale: 'unit' as const },
      validFraction: 0.2,
      limitTrain: null,
      limitTest: null,
    }
    const args = reproduceArguments(config, { ...source, splitSeed: 1, stratified: false })
    const command = trainCommand()
    command.action(() => undefined)
    await command.parseAsync(args.slice(1), { from: 'user' })
    const { training } = await resolveConfig(undefined, configFromFlags(command.opts()))
    const splitSeed = config.seed === undefined || config.seed === 1 ? null : 1
    const labels = (of: TrainingConfig) => NAMES.map((each) => [each, labelled(each, of[each])])
    expect(labels(training)).toEqual(labels({ ...completed(config), splitSeed }))
  })
})
