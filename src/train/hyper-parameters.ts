import { integerInRange, oneOf } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { INPUT_SCALES } from '../core/scale.js'
import { ACTIVATIONS, LOSSES } from '../core/types.js'
import { BATCH_MODES } from '../data/batches.js'
import { checkInit, INIT_NAMES, type Init } from '../model/initializers.js'
import { MAX_LAYER_SIZE } from '../model/mlp.js'
import {
  choice,
  factor,
  integerFrom,
  type Kind,
  orNull,
  readNumber,
  readNumbers,
  real,
  row,
  yesOrNo,
} from './hyper-parameter.js'
import { OPTIMIZER_NAMES, SMALLEST_EPSILON } from './optimizers.js'

export const SET_NAMES = ['train', 'valid', 'test'] as const
export type SetName = (typeof SET_NAMES)[number]

const sizes: Kind<number | readonly number[]> = {
  check(name, value) {
    const checkSize = (where: string, size: unknown) => integerInRange(where, size, 1, MAX_LAYER_SIZE)
    return Array.isArray(value) ? value.map((size, i) => checkSize(`${name}[${i}]`, size)) : checkSize(name, value)
  },
  argument: '<sizes>',
  read: (text) => (text === 'none' ? [] : readNumbers(text)),
  write: (value) => hiddenSizes(value).join(',') || 'none',
  label: (value) => readNumber(hiddenSizes(value).join('-') || 'none') as number | string,
}

const init: Kind<Init> = {
  check: (name, value) => checkInit(value, name),
  argument: '<name>',
  read(text) {
    const [weights, biases, ...more] = readNumbers(text)
    return biases === undefined || more.length > 0 ? text : { weights, biases }
  },
  write: (value) => (typeof value === 'string' ? value : `${value.weights},${value.biases}`),
  label: (value) => (typeof value === 'string' ? value : `weights ${value.weights} biases ${value.biases}`),
}

const oneOfFolds: Kind<readonly [fold: number, folds: number]> = {
  check(name, value, or = '') {
    if (Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger)) {
      const [fold, folds] = value
      if (folds >= 2 && fold >= 0 && fold < folds) return [fold, folds]
    }
    throw invalidArgument(name, `a fold and how many there are, [0, 5] to [4, 5] for five${or}`, value)
  },
  argument: '<i/k>',
  read: (text) => readNumbers(text, '/'),
  write: (value) => value.join('/'),
  label: (value) => value.join('/'),
}

const setNames: Kind<readonly SetName[]> = {
  check(name, value, or = '') {
    if (!Array.isArray(value)) throw invalidArgument(name, `a list of 'train', 'valid', 'test'${or}`, value)
    return value.map((set, i) => oneOf(`${name}[${i}]`, set, SET_NAMES))
  },
  argument: '<sets>',
  read: (text) => text.split(',').map((name) => name.trim()),
  write: (value) => value.join(','),
  label: (value) => value.join(','),
}

const belowOne = real('a number from 0 to below 1', (value) => value >= 0 && value < 1)
const addend = real(`a number >= ${SMALLEST_EPSILON}`, (value) => value >= SMALLEST_EPSILON)
const fraction = real('a number between 0 and 1', (value) => value > 0 && value < 1)
const margin = real('a number >= 0', (value) => value >= 0)

/**
 * All hyper-parameters, in the order of --help. A row defines the key of a config and of its file, the option of `fit` and of
 * `search`, the flag and its help, the parameter of a search space, the comparison on resuming, the column of results.csv and
 * the flag of a reproduce command.
 *
 * A missing hyper-parameter has its default. Where null is a value, it is the default, and flags have a word for it.
 */
export const HYPER_PARAMETERS = {
  /** units of the one hidden layer, or of each: 512, [512, 256]; [] for none */
  hidden: row('model', 'integer', sizes, {
    default: undefined,
    help: 'units of each hidden layer: 512 or 256,128; none for no hidden layer',
  }),
  /** of the hidden layers; default 'relu' */
  activation: row('model', 'choice', choice(ACTIVATIONS), {
    default: 'relu',
    help: `of the hidden layers: ${ACTIVATIONS.join(', ')}`,
  }),
  /** of the last layer; default 'identity', which softmax cross-entropy requires */
  outputActivation: row('model', null, choice(ACTIVATIONS), {
    default: 'identity',
    help: 'of the last layer: one of the same; identity with softmaxCrossEntropy',
  }),
  /** default 'he' */
  init: row('model', 'choice', init, {
    default: 'he',
    lockstep: true,
    help: `${INIT_NAMES.join(', ')}, or the two standard deviations: 0.01,0`,
  }),
  /** default 'softmaxCrossEntropy' */
  loss: row('loss', null, choice(LOSSES), {
    default: 'softmaxCrossEntropy',
    help: LOSSES.join(', '),
  }),
  /** scale of bytes: 'unit' x / 255, 'raw' x; default 'unit' */
  scale: row('data', null, choice(INPUT_SCALES), {
    default: 'unit',
    help: 'what bytes of the data mean: unit x / 255, raw x',
  }),
  /** default 'sgd'; the hyper-parameters that it does not use have their defaults */
  optimizer: row('optimizer', 'choice', choice(OPTIMIZER_NAMES), {
    default: 'sgd',
    lockstep: true,
    help: OPTIMIZER_NAMES.join(', '),
  }),
  /** >= 0 */
  learningRate: row('optimizer', 'real', factor, {
    default: undefined,
    lockstep: true,
    help: 'of the optimizer, constant',
  }),
  /** coefficient of the L2 term, >= 0; default 0 */
  l2: row('optimizer', 'real', factor, {
    default: 0,
    lockstep: true,
    help: 'coefficient of the L2 term',
  }),
  /** whether biases get the L2 term too; default false */
  l2Biases: row('optimizer', 'choice', yesOrNo, {
    default: false,
    lockstep: true,
    help: 'L2 on biases too',
    helpNo: 'L2 on weights only',
  }),
  /** of 'momentum': share of the last step's direction that is kept, from 0 to below 1; default 0.9 */
  momentum: row('optimizer', 'real', belowOne, {
    default: 0.9,
    lockstep: true,
    help: "of 'momentum': share of the last direction that is kept",
  }),
  /** of 'momentum': look ahead by the momentum (Nesterov); default false */
  nesterov: row('optimizer', 'choice', yesOrNo, {
    default: false,
    lockstep: true,
    help: "of 'momentum': look ahead by it",
  }),
  /** of 'adam' and 'adamW': of the mean of the gradients, from 0 to below 1; default 0.9 */
  beta1: row('optimizer', 'real', belowOne, {
    default: 0.9,
    lockstep: true,
    help: "of 'adam' and 'adamW': of the mean of the gradients",
  }),
  /** of 'adam' and 'adamW': of the mean of the squared gradients, from 0 to below 1; default 0.999 */
  beta2: row('optimizer', 'real', belowOne, {
    default: 0.999,
    lockstep: true,
    help: "of 'adam' and 'adamW': of the mean of their squares",
  }),
  /** of 'adam' and 'adamW': added to the root, >= 1e-12; default 1e-8 */
  epsilon: row('optimizer', 'real', addend, {
    default: 1e-8,
    lockstep: true,
    help: "of 'adam' and 'adamW': added to the root of that mean",
  }),
  /** of 'adamW': decoupled decay, p *= 1 - learningRate weightDecay at each step; >= 0, default 0.01 */
  weightDecay: row('optimizer', 'real', factor, {
    default: 0.01,
    lockstep: true,
    help: "of 'adamW': decoupled decay",
  }),
  /** of 'adamW': whether biases decay too; default false */
  weightDecayBiases: row('optimizer', 'choice', yesOrNo, {
    default: false,
    lockstep: true,
    help: "of 'adamW': decay of biases too",
  }),
  /** >= 1, default 10 */
  epochs: row('fit', 'integer', integerFrom(1), {
    default: 10,
    isFreeOnResume: true,
    help: 'how many epochs to train',
  }),
  /** rows per step, 1 to the training rows; null (default): 128, or all rows where there are fewer */
  batchSize: row('fit', 'integer', orNull(integerFrom(1), 'auto', 'at most 128'), {
    default: null,
    help: 'rows of a batch, or auto: 128, or all rows where there are fewer',
  }),
  /** steps of an epoch; null (default): as many as it takes to see every training row once, ceil(rows / batchSize) */
  stepsPerEpoch: row('fit', 'integer', orNull(integerFrom(1), 'auto', 'every row once'), {
    default: null,
    help: 'steps of an epoch, or auto: as many as show every row once',
  }),
  /** 'shuffle' (default): every row once per pass, in a new order each; 'replacement': each row drawn on its own */
  sampling: row('fit', 'choice', choice(BATCH_MODES), {
    default: 'shuffle',
    help: 'shuffle: every row once an epoch; replacement: each row drawn on its own',
  }),
  /** of the first parameters and the batches, and of the rows drawn for validation; default 1 */
  seed: row('fit', 'integer', integerFrom(0), {
    default: 1,
    help: 'of split, first weights and batches',
  }),
  /** fraction of the training rows drawn for validation, between 0 and 1; default 0.2 */
  validFraction: row('data', null, fraction, {
    default: 0.2,
    help: 'share of the training rows drawn for validation',
  }),
  /** seed of the validation split; null (default): the seed of the run */
  splitSeed: row('data', null, orNull(integerFrom(0), 'seed', 'the seed of the run'), {
    default: null,
    help: 'of what is drawn for validation, or seed: the same as --seed',
  }),
  /** whether the split keeps the class proportions; default false */
  stratified: row('data', null, yesOrNo, {
    default: false,
    help: 'divide the rows with the same share of each class',
  }),
  /**
   * validate on this part, from 0, of so many parts of the training rows and train on the others, see `kFold`; null
   * (default): validate on `validFraction` of them
   */
  fold: row('data', null, orNull(oneOfFolds, 'none', 'no folds'), {
    default: null,
    help: 'validate on part i of k, from 0, and train on the others: 0/5 to 4/5; or none: on --valid-fraction',
  }),
  /**
   * steps between evaluations: after the updates of steps 0, n, 2n, ... of each epoch, counting anew in each; null
   * (default): once, after the last step of each epoch
   */
  evaluateEvery: row('fit', null, orNull(integerFrom(1), 'epoch', 'once an epoch'), {
    default: null,
    help: 'steps between evaluations, or epoch: at the end of each',
  }),
  /** the sets that are evaluated; null (default): valid and test as far as given, else train */
  evaluateOn: row('fit', null, orNull(setNames, 'auto', 'valid and test as far as given'), {
    default: null,
    help: 'which of train,valid,test, always with valid, which chooses the best; or auto: valid,test',
  }),
  /** evaluations without improvement after which training stops, >= 1; null (default): it does not stop early */
  patience: row('fit', null, orNull(integerFrom(1), 'off', 'no early stopping'), {
    default: null,
    help: 'stop after so many evaluations without a better validation, or off',
  }),
  /** with `patience`, what counts as an improvement: more than this better than the best so far; >= 0, default 0 */
  minDelta: row('fit', null, margin, {
    default: 0,
    help: 'with --patience: by more than this a validation is better',
  }),
  /** stop the run at the evaluation that detects a collapse; default false: only report it */
  stopOnCollapse: row('fit', null, yesOrNo, {
    default: false,
    help: 'end a run when it is found collapsed',
  }),
  /** use only the first n training rows, validation included, >= 2; null (default): all */
  limitTrain: row('data', null, orNull(integerFrom(2), 'all', 'all rows'), {
    default: null,
    help: 'only the first n training rows (validation included), or all',
  }),
  /** use only the first n test rows, >= 1; null (default): all */
  limitTest: row('data', null, orNull(integerFrom(1), 'all', 'all rows'), {
    default: null,
    help: 'only the first n test rows, or all',
  }),
}

/** Sizes of the hidden layers. */
export function hiddenSizes(hidden: number | readonly number[]): readonly number[] {
  return typeof hidden === 'number' ? [hidden] : hidden
}
