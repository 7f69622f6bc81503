import { z } from 'zod'
import { INPUT_SCALES } from '../../core/scale.js'
import { ACTIVATIONS } from '../../core/types.js'
import { BATCH_MODES } from '../../data/batches.js'
import { INIT_NAMES } from '../../model/initializers.js'
import { MAX_LAYER_SIZE } from '../../model/mlp.js'
import { SET_NAMES } from '../../train/fit-options.js'
import type { TrainingConfig } from '../../train/presets.js'

/** A hyper-parameter, in a config file and as a flag. */
export interface Setting {
  readonly schema: z.ZodType
  /** what messages say was expected */
  readonly expected: string
  /** as commander writes it: '--epochs <n>' */
  readonly flag: string
  readonly help: string
  /** from the text of the flag to what a config file would hold; what it cannot read it returns for the schema to refuse */
  readonly parse: (text: string) => unknown
}

const words = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ')
const text = (value: string): unknown => value
const list = (value: string) => value.split(',').map((item) => item.trim())
const number = (value: string): unknown =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : value
const numbers = (value: string) => list(value).map(number)
const orNull = (word: string) => (value: string) => (value === word ? null : number(value))

const seed = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const positive = z.number().int().min(1)
const rate = z.number().min(0).max(3.4028234663852886e38)

function yesOrNo(flag: string, help: string): Setting {
  return { schema: z.boolean(), expected: 'true or false', flag, help, parse: text }
}

function choice(names: readonly string[], flag: string, help: string): Setting {
  return { schema: z.enum(names), expected: `one of ${words(names)}`, flag: `${flag} <name>`, help, parse: text }
}

/** Every hyper-parameter, in the order of --help; the only list of them in the command line. */
export const SETTINGS: Readonly<Record<keyof TrainingConfig, Setting>> = {
  hidden: {
    schema: z.array(positive.max(MAX_LAYER_SIZE)),
    expected: `a list of layer sizes from 1 to ${MAX_LAYER_SIZE}`,
    flag: '--hidden <sizes>',
    help: 'units of each hidden layer: 512 or 256,128; none for no hidden layer',
    parse: (value) => (value === 'none' ? [] : numbers(value)),
  },
  activation: choice(ACTIVATIONS, '--activation', `of the hidden layers: ${ACTIVATIONS.join(', ')}`),
  init: {
    schema: z.union([z.enum(INIT_NAMES), z.strictObject({ weights: rate, biases: rate })]),
    expected: `one of ${words(INIT_NAMES)} or { "weights": sd, "biases": sd }`,
    flag: '--init <name>',
    help: `${INIT_NAMES.join(', ')}, or the two standard deviations: 0.01,0`,
    parse: (value) => {
      const [weights, biases, ...more] = numbers(value)
      return biases === undefined || more.length > 0 ? value : { weights, biases }
    },
  },
  scale: choice(INPUT_SCALES, '--scale', 'what a pixel means: unit x / 255, raw x'),
  learningRate: {
    schema: rate,
    expected: 'a number >= 0',
    flag: '--learning-rate <x>',
    help: 'of stochastic gradient descent, constant',
    parse: number,
  },
  l2: { schema: rate, expected: 'a number >= 0', flag: '--l2 <x>', help: 'coefficient of the L2 term', parse: number },
  l2Biases: yesOrNo('--l2-biases', 'L2 on biases too'),
  epochs: {
    schema: positive,
    expected: 'an integer >= 1',
    flag: '--epochs <n>',
    help: 'how many epochs to train',
    parse: number,
  },
  batchSize: {
    schema: positive,
    expected: 'an integer >= 1',
    flag: '--batch-size <n>',
    help: 'rows of a batch',
    parse: number,
  },
  stepsPerEpoch: {
    schema: positive.nullable(),
    expected: 'an integer >= 1, or null for every row once',
    flag: '--steps-per-epoch <n>',
    help: 'steps of an epoch, or auto: as many as show every row once',
    parse: orNull('auto'),
  },
  sampling: choice(
    BATCH_MODES,
    '--sampling',
    'shuffle: every row once an epoch; replacement: each row drawn on its own',
  ),
  validFraction: {
    schema: z.number().gt(0).lt(1),
    expected: 'a number between 0 and 1',
    flag: '--valid-fraction <x>',
    help: 'share of the training rows drawn for validation',
    parse: number,
  },
  splitSeed: {
    schema: seed.nullable(),
    expected: 'an integer >= 0, or null for the seed of the run',
    flag: '--split-seed <n>',
    help: 'of what is drawn for validation, or seed: the same as --seed',
    parse: orNull('seed'),
  },
  stratified: yesOrNo('--stratified', 'divide the rows with the same share of each digit'),
  fold: {
    schema: z
      .tuple([z.number().int().min(0), z.number().int().min(2)])
      .refine(([fold, folds]) => fold < folds)
      .nullable(),
    expected: 'a fold and how many there are, [0, 5] to [4, 5] for five, or null for none',
    flag: '--fold <i/k>',
    help: 'validate on part i of k, from 0, and train on the others: 0/5 to 4/5; or none: on --valid-fraction',
    parse: (value) => (value === 'none' ? null : value.split('/').map((item) => number(item.trim()))),
  },
  evaluateEvery: {
    schema: positive.nullable(),
    expected: 'an integer >= 1, or null for once an epoch',
    flag: '--evaluate-every <n>',
    help: 'steps between evaluations, or epoch: at the end of each',
    parse: orNull('epoch'),
  },
  evaluateOn: {
    schema: z.array(z.enum(SET_NAMES)).refine((sets) => sets.includes('valid')),
    expected: `a list of ${words(SET_NAMES)} with 'valid', which chooses the best`,
    flag: '--evaluate-on <sets>',
    help: `which of ${SET_NAMES.join(',')}; always with valid, which chooses the best`,
    parse: list,
  },
  patience: {
    schema: positive.nullable(),
    expected: 'an integer >= 1, or null for no early stopping',
    flag: '--patience <n>',
    help: 'stop after so many evaluations without a better validation, or off',
    parse: orNull('off'),
  },
  stopOnCollapse: yesOrNo('--stop-on-collapse', 'end a run when it is found collapsed'),
  limitTrain: {
    schema: positive.min(2).nullable(),
    expected: 'an integer >= 2, or null for all rows',
    flag: '--limit-train <n>',
    help: 'only the first n training rows (validation included), or all',
    parse: orNull('all'),
  },
  limitTest: {
    schema: positive.nullable(),
    expected: 'an integer >= 1, or null for all rows',
    flag: '--limit-test <n>',
    help: 'only the first n test rows, or all',
    parse: orNull('all'),
  },
}

export const SETTING_NAMES = Object.keys(SETTINGS) as (keyof TrainingConfig)[]
/** `fold` chooses one of many trainings, of which a search makes all. */
export const SEARCH_SETTING_NAMES = SETTING_NAMES.filter((name) => name !== 'fold')
