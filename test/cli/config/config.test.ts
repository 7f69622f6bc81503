import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configFromFlags, resolveConfig } from '../../../src/cli/config/config.js'
import { limitsFor } from '../../../src/cli/config/preset-values.js'
import { type Samples, samples } from '../../../src/data/samples.js'
import { MLP } from '../../../src/model/mlp.js'
import { NAMES, rowOf } from '../../../src/train/config.js'
import { planFit } from '../../../src/train/fit-options.js'
import { fitOptionsOf, modelOptionsOf } from '../../../src/train/from-config.js'
import { PRESETS } from '../../../src/train/presets.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'

const folder = temporaryFolder()

function file(contents: unknown): string {
  const path = join(folder, 'config.json')
  writeFileSync(
    path,
    typeof contents === 'string' || contents instanceof Uint8Array ? contents : JSON.stringify(contents),
  )
  return path
}

/** The flag of a setting, as commander hands it over: by its key, as text. */
const flag = (key: string, text: string) => configFromFlags({ [key]: text })

describe('a config file', () => {
  it('may say everything, and comes between preset and flags', async () => {
    const everything = { ...PRESETS.quick, seed: 3 }
    expect(await resolveConfig(file({ ...everything, preset: 'homework' }), {})).toEqual({
      preset: 'homework',
      training: everything,
      ...{ given: expect.arrayContaining(['hidden', 'seed']), hasPreset: true },
    })
    const { training } = await resolveConfig(file({ learningRate: 0.1, epochs: 2 }), { epochs: 5 })
    expect(training).toEqual({ ...PRESETS.homework, learningRate: 0.1, epochs: 5 })
  })

  it('takes the words of the flags, and null', async () => {
    const words = Object.fromEntries(
      NAMES.flatMap((name) => {
        const { none } = rowOf(name)
        return none ? [[name, none.word]] : []
      }),
    )
    expect(words).toMatchObject({ limitTrain: 'all', batchSize: 'auto', patience: 'off', fold: 'none' })
    const { training } = await resolveConfig(file({ preset: 'quick', ...words, hidden: 'none' }), {})
    for (const [key, word] of Object.entries(words)) {
      expect(training).toMatchObject({ [key]: null })
      expect(flag(key, word)).toEqual({ [key]: null })
    }
    expect(training.hidden).toEqual([])
    await expect(resolveConfig(file({ limitTrain: 'al' }), {})).rejects.toThrow(
      'limitTrain: expected an integer >= 2, or null or "all" for all rows, got "al"',
    )
  })

  it('is not needed: the homework is the default', async () => {
    expect(await resolveConfig(undefined, {})).toEqual({
      ...{ preset: 'homework', training: PRESETS.homework, given: [], hasPreset: false },
    })
  })

  it.each<[string, unknown, string, string]>([
    ['a key of every object', { toString: 1 }, 'UNKNOWN_OPTION', "unknown key 'toString'"],
    ['the key of a prototype', '{"__proto__": {"epochs": 1}}', 'UNKNOWN_OPTION', "unknown key '__proto__'"],
    ['a key of many letters', { ['k'.repeat(9999)]: 1 }, 'UNKNOWN_OPTION', `unknown key '${'k'.repeat(57)}...'`],
    [
      'a value nested beyond reason',
      `{"hidden": ${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
      'INVALID_ARGUMENT',
      'nested more than 64 levels deep',
    ],
    ['a misspelt key', { epoch: 3 }, 'UNKNOWN_OPTION', "unknown key 'epoch'; did you mean 'epochs'?"],
    [
      'a key like no other',
      { momentumOfMasses: 1 },
      'UNKNOWN_OPTION',
      "unknown key 'momentumOfMasses'; known: preset, hidden,",
    ],
    [
      'a misspelt preset',
      { preset: 'quik' },
      'INVALID_ARGUMENT',
      "preset: expected one of 'homework', 'quick', 'fast', 'accurate', 'record', 'general', got \"quik\"",
    ],
    [
      'a number as text',
      { learningRate: '0.1' },
      'INVALID_ARGUMENT',
      'learningRate: expected a number from 0 to 3.4e38, got "0.1"',
    ],
    ['a negative rate', { l2: -1 }, 'INVALID_ARGUMENT', 'l2: expected a number from 0 to 3.4e38, got -1'],
    [
      'a number too large',
      { learningRate: 1e39 },
      'INVALID_ARGUMENT',
      'learningRate: expected a number from 0 to 3.4e38, got 1e+39',
    ],
    ['half an epoch', { epochs: 2.5 }, 'INVALID_ARGUMENT', 'epochs: expected an integer >= 1, got 2.5'],
    ['no epochs', { epochs: null }, 'INVALID_ARGUMENT', 'epochs: expected an integer >= 1, got null'],
    [
      'a layer of none',
      { hidden: [8, 0] },
      'INVALID_ARGUMENT',
      'hidden[1]: expected an integer from 1 to 65536, got 0',
    ],
    [
      'an unknown activation',
      { activation: 'relu6' },
      'INVALID_ARGUMENT',
      "activation: expected one of 'identity', 'relu',",
    ],
    ['half an init', { init: { weights: 1 } }, 'INVALID_ARGUMENT', 'init.biases: expected a finite number >= 0'],
    ['too much init', { init: { weights: 1, biases: 1, gain: 1 } }, 'UNKNOWN_OPTION', "init: unknown option 'gain'"],
    [
      'a whole fraction',
      { validFraction: 1 },
      'INVALID_ARGUMENT',
      'validFraction: expected a number between 0 and 1, got 1',
    ],
    [
      'no validation',
      { evaluateOn: ['test'] },
      'INVALID_ARGUMENT',
      'evaluateOn: expected a list with \'valid\', which selects the best, got ["test"]',
    ],
    [
      'a word for a truth value',
      { l2Biases: 'yes' },
      'INVALID_ARGUMENT',
      'l2Biases: expected true or false, got "yes"',
    ],
    [
      'a fold of too few',
      { fold: [5, 5] },
      'INVALID_ARGUMENT',
      'fold: expected a fold and the number of folds, [0, 5] to [4, 5] for five, or null or "none" for no folds, got [5, 5]',
    ],
    ['a negative seed', { seed: -1 }, 'INVALID_ARGUMENT', 'seed: expected an integer >= 0, got -1'],
    ['a list', [1], 'INVALID_ARGUMENT', 'expected a JSON object, got [1]'],
    ['null', 'null', 'INVALID_ARGUMENT', 'expected a JSON object, got null'],
    ['a key twice', '{"epochs": 1, "epochs": 2}', 'INVALID_ARGUMENT', 'key "epochs" occurs twice'],
    ['a truncated text', '{"epochs": 1', 'INVALID_ARGUMENT', 'not JSON: '],
    ['an empty file', '', 'INVALID_ARGUMENT', 'not JSON: '],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x7b]), 'INVALID_ARGUMENT', 'not valid UTF-8'],
    ['a prototype', '{"__proto__": {"epochs": 3}}', 'UNKNOWN_OPTION', "unknown key '__proto__'"],
  ])('with %s is refused, naming file and key', async (_, contents, code, message) => {
    const path = file(contents)
    const error = await resolveConfig(path, {}).catch((thrown) => thrown)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(error.message).toMatch(new RegExp(`^--config ${path}: `))
    expect(error.message).not.toContain('\n')
  })

  it('that is not there, or a folder, or too large, is refused', async () => {
    const absent = join(folder, 'absent.json')
    await expect(resolveConfig(absent, {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `--config ${absent}: cannot read: no such file or directory (ENOENT)`,
    })
    mkdirSync(join(folder, 'inner'))
    await expect(resolveConfig(join(folder, 'inner'), {})).rejects.toMatchObject({ message: /a folder, not a file/ })
    await expect(resolveConfig(file(new Uint8Array(2 ** 20 + 1)), {})).rejects.toMatchObject({
      message: /more than the limit/,
    })
  })
})

describe('flags', () => {
  it.each<[string, string, unknown]>([
    ['hidden', '512', [512]],
    ['hidden', '256, 128', [256, 128]],
    ['hidden', 'none', []],
    ['init', 'he', 'he'],
    ['init', '0.01,0', { weights: 0.01, biases: 0 }],
    ['learningRate', '5e-3', 0.005],
    ['stepsPerEpoch', 'auto', null],
    ['stepsPerEpoch', '3', 3],
    ['evaluateEvery', 'epoch', null],
    ['evaluateOn', 'valid,test', ['valid', 'test']],
    ['patience', 'off', null],
    ['limitTrain', 'all', null],
    ['scale', 'unit', 'unit'],
    ['splitSeed', '7', 7],
    ['splitSeed', 'seed', null],
    ['fold', '2/5', [2, 5]],
    ['fold', 'none', null],
    ['seed', '0', 0],
  ])('--%s %s', (key, text, value) => {
    expect(flag(key, text)).toEqual({ [key]: value })
  })

  it.each<[string, string, string]>([
    ['learningRate', '', '--learning-rate: expected a number from 0 to 3.4e38, got ""'],
    ['learningRate', '0x10', '--learning-rate: expected a number from 0 to 3.4e38, got "0x10"'],
    ['learningRate', 'Infinity', '--learning-rate: expected a number from 0 to 3.4e38, got "Infinity"'],
    ['epochs', '0', '--epochs: expected an integer >= 1, got 0'],
    ['epochs', '1e400', '--epochs: expected an integer >= 1, got Infinity'],
    ['batchSize', '12 rows', '--batch-size: expected an integer >= 1, or auto for at most 128'],
    ['hidden', '512,', '--hidden[1]: expected an integer from 1 to 65536, got ""'],
    ['init', '1,2,3', '--init: expected one of '],
    ['evaluateOn', 'train', "--evaluate-on: expected a list with 'valid', which selects the best"],
    ['stepsPerEpoch', 'null', '--steps-per-epoch: expected an integer >= 1, or auto for every row once, got "null"'],
    [
      'fold',
      '5/5',
      '--fold: expected a fold and the number of folds, [0, 5] to [4, 5] for five, or none for no folds, got [5, 5]',
    ],
    [
      'fold',
      '5',
      '--fold: expected a fold and the number of folds, [0, 5] to [4, 5] for five, or none for no folds, got [5]',
    ],
    ['splitSeed', '1.5', '--split-seed: expected an integer >= 0, or seed for the seed of the run, got 1.5'],
    ['seed', '-1', '--seed: expected an integer >= 0, got -1'],
    ['preset', 'qick', '--preset: expected one of '],
  ])('--%s "%s" is refused by its name', (key, text, message) => {
    expect(() => flag(key, text)).toThrow(message)
  })
})

describe('an optimizer that does not use what the preset sets', () => {
  it('leaves it out and says so in one line', async () => {
    const lines: string[] = []
    const { training } = await resolveConfig(undefined, { optimizer: 'adamW' }, (line) => lines.push(line))
    expect(training).toMatchObject({ optimizer: 'adamW', l2: 0, l2Biases: false, weightDecay: 0.01 })
    expect(() => fitOptionsOf(training)).not.toThrow()
    expect(lines).toEqual(['optimizer adamW does not use l2 0.05, l2Biases true of preset homework: left out'])
    const ofFile = await resolveConfig(file({ preset: 'quick', optimizer: 'adamW' }), {})
    expect(ofFile.training.l2).toBe(0)
  })

  it('is refused if that is given too', async () => {
    const { training } = await resolveConfig(undefined, { optimizer: 'adamW', l2: 0.1 })
    expect(training).toMatchObject({ l2: 0.1, l2Biases: false })
    expect(() => fitOptionsOf(training)).toThrow("optimizer: 'adamW' does not use l2 0.1; expected l2 0")
  })

  it('keeps what it uses', async () => {
    const lines: string[] = []
    for (const optimizer of ['sgd', 'momentum', 'adam'] as const) {
      const { training } = await resolveConfig(undefined, { optimizer }, (line) => lines.push(line))
      expect(training).toEqual({ ...PRESETS.homework, optimizer })
      expect(() => fitOptionsOf(training)).not.toThrow()
    }
    expect(lines).toEqual([])
  })
})

describe('the limits of a run', () => {
  const sets = { train: clusters(40), test: clusters(20) }

  it('are those that are given', async () => {
    const { training, atMost } = await resolveConfig(undefined, { preset: 'quick', limitTrain: 100, limitTest: 5 })
    expect(limitsFor(training, atMost, sets)).toEqual({ limitTrain: 100, limitTest: 5 })
  })

  it('of the preset are all rows where there are fewer', async () => {
    const { training, atMost } = await resolveConfig(undefined, { preset: 'quick' })
    expect(training.limitTrain).toBe(12_000)
    expect(limitsFor(training, atMost, sets)).toEqual({ limitTrain: null, limitTest: null })
    const many = { train: { length: 60_000 } as Samples }
    expect(limitsFor(training, atMost, many)).toEqual({ limitTrain: 12_000, limitTest: null })
  })
})

it.each(Object.entries(PRESETS))('preset %s is one that fit takes, but for its size', (_, preset) => {
  const { values, labels } = clusters(400)
  const data = samples({ values, cols: 4, labels: labels!, classes: 3, imageShape: [2, 2] })
  const { train, valid } = data.split({ valid: preset.validFraction })
  const { epochs, batchSize, sampling, evaluateOn } = preset
  const model = new MLP(modelOptionsOf(preset, train))
  const options = { ...fitOptionsOf(preset), valid, test: data }
  expect(planFit(model, train, options)).toMatchObject({
    epochs,
    batchSize: batchSize ?? 128,
    sampling,
    evaluateOn: evaluateOn ?? ['valid', 'test'],
  })
})

it('preset homework is the protocol of the homework', () => {
  expect(PRESETS.homework).toMatchObject({
    ...{ scale: 'raw', validFraction: 0.2, splitSeed: null, stratified: false, fold: null },
    ...{ limitTrain: null, limitTest: null, stopOnCollapse: false },
    ...{ hidden: [512], activation: 'relu', init: 'homework' },
    ...{ learningRate: 0.005, l2: 0.05, l2Biases: true, batchSize: 256, sampling: 'replacement' },
    ...{ epochs: 7, stepsPerEpoch: Math.floor(60000 / 256), patience: null },
    ...{ evaluateEvery: 100, evaluateOn: ['train', 'valid', 'test'], minDelta: 0, seed: 1 },
    ...{ loss: 'softmaxCrossEntropy', optimizer: 'sgd', outputActivation: 'identity', selectBy: 'firstAccuracy' },
  })
})
