import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  categorical,
  type GridPoint,
  gridSearch,
  integer,
  kFold,
  loadModel,
  logUniform,
  mnist,
  type Samples,
  sampleSpace,
} from 'native-mlp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TrialConfig } from '../../../src/search/space/parameters.js'
import { reproduceArguments, reproduceCommand, type StudySource } from '../../../src/search/trial/reproduce.js'
import { MAIN } from '../../cli/command.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

const folder = temporaryFolder()
const recipe: StudySource = {
  data: { mnist: {}, scale: 'raw' },
  validFraction: 0.25,
  limitTrain: 1000,
  limitTest: 100,
  splitSeed: 3,
  stratified: true,
}

let runs = 0

/** The trial's digest, as the printed command comes to it in a shell. */
async function trained(config: TrialConfig, data: StudySource, fold?: number): Promise<string> {
  const out = join(folder, `it's run ${runs++}`)
  const line = reproduceCommand(config, data, { out, fold })
  const program = `'${process.execPath}' '${MAIN}'`
  await promisify(execFile)('sh', ['-c', `${line.replace(/^npx native-mlp/, program)} --no-figures`])
  return (await loadModel(join(out, 'best.safetensors'))).parametersDigest()
}

describe('the command of a trial', () => {
  let rows: Samples
  let test: Samples
  beforeAll(async () => {
    const data = await mnist({ scale: 'raw' })
    rows = data.train.take(1000)
    test = data.test.take(100)
  })

  /** Trials as a random search finds them, each with two seeds. */
  const points: GridPoint[] = sampleSpace(
    {
      learningRate: logUniform(0.0001, 0.02),
      hidden: categorical([8, [12, 6]]),
      l2: logUniform(0.0001, 0.1),
      batchSize: integer(16, 64),
      activation: ['relu', 'tanh'],
      init: categorical(['he', { weights: 0.01, biases: 0.5 }], { when: { activation: ['relu'] } }),
    },
    { trials: 2, seed: 5, repeats: 2, base: { epochs: 2, evaluateEvery: 7 } },
  )

  it('gives its digest: of points drawn at random, with seeds of their own, on a stratified split', async () => {
    const data = { ...rows.split({ valid: 0.25, seed: 3, stratified: true }), test }
    for (const { config } of points.slice(1, 3)) {
      const { learningRate, hidden, ...base } = config
      const study = await gridSearch({ data, grid: { learningRate: [learningRate], hidden: [hidden] }, base })
      expect(study.trials[0].state).toBe('completed')
      expect(await trained(config, recipe)).toBe(study.trials[0].digest)
    }
  })

  it('gives the digest of one fold', async () => {
    const [, , third] = kFold(rows, { folds: 4, seed: 3, stratified: true })
    const config = { learningRate: 0.001, hidden: [5], epochs: 1 }
    const base = { epochs: 1 }
    const study = await gridSearch({ data: { ...third, test }, grid: { learningRate: [0.001], hidden: [5] }, base })
    expect(await trained(config, { ...recipe, folds: 4 }, 2)).toBe(study.trials[0].digest)
  })

  it('gives the digest of an optimiser with memory', async () => {
    const data = { ...rows.split({ valid: 0.25, seed: 3, stratified: true }), test }
    const config = { optimizer: 'adam', learningRate: 0.001, hidden: [6], epochs: 1, beta1: 0.8 } as const
    const { beta1, learningRate, hidden, ...base } = config
    const grid = { beta1: [beta1], learningRate: [learningRate], hidden: [hidden] }
    const study = await gridSearch({ data, grid, base })
    expect(study.trials[0].params).toEqual({ beta1: 0.8, learningRate: 0.001, hidden: 6 })
    expect(await trained(config, recipe)).toBe(study.trials[0].digest)
  })

  it('ends where a collapsed trial ended', async () => {
    const config = {
      learningRate: 5,
      hidden: 8,
      batchSize: 50,
      epochs: 3,
      evaluateEvery: 1,
      l2Biases: true,
      l2: 0.01,
      init: 'homework',
      sampling: 'replacement',
      stopOnCollapse: true,
    } as const
    const { learningRate, hidden, ...base } = config
    const data = { ...rows.split({ valid: 0.25, seed: 3, stratified: true }), test }
    const study = await gridSearch({ data, grid: { learningRate: [learningRate], hidden: [hidden] }, base })
    expect(study.trials[0].state).toBe('collapsed')
    expect(await trained(config, recipe)).toBe(study.trials[0].digest)
  })
})

describe('reproduceCommand', () => {
  const config = { learningRate: 0.005, hidden: 512, seed: 3 }

  it('says what is not as in the preset, and what a trial leaves to its defaults', () => {
    expect(
      reproduceCommand(config, {
        ...recipe,
        data: { idx: { folder: "/data/it's here" }, scale: 'raw' },
        family: { name: 'js', contract: 1 },
      }),
    ).toBe(
      'NATIVE_MLP_BACKEND=js npx native-mlp train --preset homework --init he --l2 0 --no-l2-biases --epochs 10 ' +
        '--batch-size auto --steps-per-epoch auto --sampling shuffle --seed 3 --valid-fraction 0.25 --stratified ' +
        "--evaluate-every epoch --evaluate-on auto --select-by auto --limit-train 1000 --limit-test 100 --data '/data/it'\\''s here'",
    )
  })

  it('keeps every number as it is', () => {
    const args = reproduceArguments({ ...config, learningRate: 1.23456e-7, seed: 2 ** 53 - 1 }, recipe)
    expect(args[args.indexOf('--learning-rate') + 1]).toBe('1.23456e-7')
    expect(args[args.indexOf('--seed') + 1]).toBe('9007199254740991')
    expect(args[args.indexOf('--split-seed') + 1]).toBe('3')
  })

  it.each<[Partial<TrialConfig>, Partial<StudySource>, number | undefined, string]>([
    [{}, { folds: 5 }, undefined, 'fold: expected an integer from 0 to 4, got undefined'],
    [{}, { folds: 5 }, 5, 'fold: expected an integer from 0 to 4, got 5'],
    [{}, {}, 1, 'fold: expected an integer from 0 to 0, got 1'],
  ])('refuses %j of %j, fold %s', (changes, data, fold, message) => {
    expect(() => reproduceCommand({ ...config, ...changes }, { ...recipe, ...data }, { fold })).toThrow(message)
  })
})
