import { INPUT_SCALES } from '../core/scale.js'
import { ACTIVATIONS, LOSSES } from '../core/types.js'
import { BATCH_MODES } from '../data/batches.js'
import { INIT_NAMES } from '../model/initializers.js'
import { bestRule } from './best.js'
import { choice, factor, integerFrom, orNull, row, yesOrNo } from './hyper-parameter.js'
import {
  addend,
  belowOne,
  classWeights,
  cycleCount,
  degrees,
  fraction,
  init,
  margin,
  oneOfFolds,
  pixels,
  positive,
  setNames,
  share,
  sizes,
  slant,
  width,
} from './hyper-parameter-kinds.js'
import { OPTIMIZER_NAMES } from './optimizers.js'
import { REGULARISATION_SCHEDULES, SCHEDULES } from './schedules.js'

/**
 * All hyper-parameters, in the order of --help. A row defines the key of a config and of its file, the option of `fit` and of
 * `search`, the flag and its help, the parameter of a search space, the comparison on resuming, the column of results.csv and
 * the flag of a reproduce command.
 *
 * A missing hyper-parameter has its default. Where null is a value, it is the default, and flags have a word for it.
 */
export const HYPER_PARAMETERS = {
  /** units of the hidden layers: 512, [512, 256]; [] for none */
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
    help: 'of the last layer, from the same list; identity with softmaxCrossEntropy',
  }),
  /** default 'he' */
  init: row('model', 'choice', init, {
    default: 'he',
    lockstep: true,
    help: `${INIT_NAMES.join(', ')}, or standard deviations of weights and biases: 0.01,0`,
  }),
  /** default 'softmaxCrossEntropy' */
  loss: row('loss', null, choice(LOSSES), {
    default: 'softmaxCrossEntropy',
    help: LOSSES.join(', '),
  }),
  /** scale of bytes: 'unit' x / 255, 'raw' x; default 'unit' */
  scale: row('data', null, choice(INPUT_SCALES), {
    default: 'unit',
    help: 'scale of bytes: unit x / 255, raw x',
  }),
  /** default 'sgd'; hyper-parameters that it does not use must have their defaults */
  optimizer: row('optimizer', 'choice', choice(OPTIMIZER_NAMES), {
    default: 'sgd',
    lockstep: true,
    help: OPTIMIZER_NAMES.join(', '),
  }),
  /** >= 0 */
  learningRate: row('optimizer', 'real', factor, {
    default: undefined,
    lockstep: true,
    help: 'of the optimizer; the largest one of a schedule',
  }),
  /** factor of the learning rate of biases, >= 0; default 1 */
  biasLearningRate: row('optimizer', 'real', factor, {
    default: 1,
    lockstep: true,
    help: 'factor of the learning rate of biases',
  }),
  /** factor of the learning rate of the first layer, of its biases too; >= 0, default 1 */
  firstLayerLearningRate: row('optimizer', 'real', factor, {
    default: 1,
    lockstep: true,
    help: 'factor of the learning rate of the first layer',
  }),
  /** coefficient of the L1 term of weights, >= 0; default 0 */
  l1: row('optimizer', 'real', factor, {
    default: 0,
    lockstep: true,
    help: 'coefficient of the L1 term of weights',
  }),
  /** coefficient of the L2 term, >= 0; default 0 */
  l2: row('optimizer', 'real', factor, {
    default: 0,
    lockstep: true,
    help: 'coefficient of the L2 term',
  }),
  /** apply L2 to biases too; default false */
  l2Biases: row('optimizer', 'choice', yesOrNo, {
    default: false,
    lockstep: true,
    help: 'L2 on biases too',
    helpNo: 'L2 on weights only',
  }),
  /** of 'momentum': momentum coefficient, in [0, 1); default 0.9 */
  momentum: row('optimizer', 'real', belowOne, {
    default: 0.9,
    lockstep: true,
    help: "of 'momentum': momentum coefficient",
  }),
  /** of 'momentum': Nesterov momentum; default false */
  nesterov: row('optimizer', 'choice', yesOrNo, {
    default: false,
    lockstep: true,
    help: "of 'momentum': Nesterov momentum",
  }),
  /** of 'adam' and 'adamW': decay rate of the first moment, in [0, 1); default 0.9 */
  beta1: row('optimizer', 'real', belowOne, {
    default: 0.9,
    lockstep: true,
    help: "of 'adam' and 'adamW': decay rate of the first moment",
  }),
  /** of 'adam' and 'adamW': decay rate of the second moment, in [0, 1); default 0.999 */
  beta2: row('optimizer', 'real', belowOne, {
    default: 0.999,
    lockstep: true,
    help: "of 'adam' and 'adamW': decay rate of the second moment",
  }),
  /** of 'rmsProp': decay rate of the mean square, in [0, 1); default 0.99 */
  alpha: row('optimizer', 'real', belowOne, {
    default: 0.99,
    lockstep: true,
    help: "of 'rmsProp': decay rate of the mean square",
  }),
  /** of 'rmsProp', 'adam' and 'adamW': added to the denominator, >= 1e-12; default 1e-8 */
  epsilon: row('optimizer', 'real', addend, {
    default: 1e-8,
    lockstep: true,
    help: "of 'rmsProp', 'adam' and 'adamW': added to the denominator",
  }),
  /** of 'adamW': decoupled weight decay, p *= 1 - learningRate weightDecay at each step; >= 0, default 0.01 */
  weightDecay: row('optimizer', 'real', factor, {
    default: 0.01,
    lockstep: true,
    help: "of 'adamW': decoupled weight decay",
  }),
  /** of 'adamW': apply weight decay to biases too; default false */
  weightDecayBiases: row('optimizer', 'choice', yesOrNo, {
    default: false,
    lockstep: true,
    help: "of 'adamW': weight decay of biases too",
  }),
  /** factor of the learning rate at each step, see `scheduleFactor`; default 'constant' */
  schedule: row('fit', 'choice', choice(SCHEDULES), {
    default: 'constant',
    lockstep: true,
    help: `of the learning rate: ${SCHEDULES.join(', ')}`,
  }),
  /** fraction of all steps in which the learning rate rises linearly, in [0, 1); null (default): 0.2 for 'oneCycle', else 0 */
  warmup: row('fit', 'real', orNull(belowOne, 'auto', "0.2 for 'oneCycle', else 0"), {
    default: null,
    lockstep: true,
    help: "fraction of the steps in which the learning rate rises from 0, or auto: 0.2 for 'oneCycle', else 0",
  }),
  /** of schedules 'step', 'exponential' and 'plateau': factor of one decay, in (0, 1]; default 0.1 */
  decayFactor: row('fit', 'real', share, {
    default: 0.1,
    lockstep: true,
    help: "of schedules 'step', 'exponential', 'plateau': factor of one decay",
  }),
  /** of 'step' and 'exponential': epochs per decay; of 'plateau': evaluations without improvement before one; >= 1, default 10 */
  decayEvery: row('fit', 'integer', integerFrom(1), {
    default: 10,
    lockstep: true,
    help: "epochs per decay, or with 'plateau' evaluations without improvement before one",
  }),
  /** of schedules 'cosine' and 'logCosine': number of cycles, 1 to 20; null (default): 1, and 4 for 'logCosine' */
  cycles: row('fit', 'integer', orNull(cycleCount, 'auto', "1, and 4 for 'logCosine'"), {
    default: null,
    lockstep: true,
    help: "of schedules 'cosine' and 'logCosine': number of cycles, or auto: 1, and 4 for 'logCosine'",
  }),
  /** fraction of the units of each hidden layer dropped in a step (Srivastava et al., 2014), in [0, 1); default 0 */
  dropout: row('fit', 'real', belowOne, {
    default: 0,
    help: 'fraction of the hidden units dropped in each step',
  }),
  /** factor of `dropout` at each step; default 'constant' */
  dropoutSchedule: row('fit', 'choice', choice(REGULARISATION_SCHEDULES), {
    default: 'constant',
    lockstep: true,
    help: `of the dropout: ${REGULARISATION_SCHEDULES.join(', ')}`,
  }),
  /** factor of the weight decay at each step, beside that of the learning rate; default 'constant' */
  weightDecaySchedule: row('fit', 'choice', choice(REGULARISATION_SCHEDULES), {
    default: 'constant',
    lockstep: true,
    help: `of the weight decay of 'adamW': ${REGULARISATION_SCHEDULES.join(', ')}`,
  }),
  /**
   * alpha of mixup (Zhang et al., 2018), >= 0: each row is trained mixed with another of its batch, in shares drawn from
   * Beta(alpha, alpha) for the step, and so is its loss; default 0: rows as they are
   */
  mixup: row('fit', 'real', factor, {
    default: 0,
    help: 'alpha of Beta(alpha, alpha), the shares in which each row is mixed with another of its batch; 0: not mixed',
  }),
  /** s, in [0, 1): trains cross-entropy against (1 - s) onehot + s / classes (Szegedy et al., 2016); default 0 */
  labelSmoothing: row('fit', 'real', belowOne, {
    default: 0,
    lockstep: true,
    help: 'of the labels in the training loss',
  }),
  /** largest norm of the gradients of all parameters together (Pascanu et al., 2013), > 0; null (default): any */
  clipNorm: row('fit', 'real', orNull(positive, 'off', 'no clipping'), {
    default: null,
    help: 'largest norm of the gradient of a step; larger ones are scaled to it; or off',
  }),
  /** largest norm of the incoming weights of a unit (Srivastava et al., 2014), > 0; null (default): any */
  maxNorm: row('fit', 'real', orNull(positive, 'off', 'no limit'), {
    default: null,
    help: 'largest norm of the incoming weights of a unit; larger ones are scaled to it; or off',
  }),
  /**
   * decay of an exponential moving average of the parameters, which is evaluated and kept instead of them, in [0, 1); default
   * 0: none
   */
  averageDecay: row('fit', 'real', belowOne, {
    default: 0,
    help: 'decay of a moving average of the parameters, which is evaluated and kept instead of them; 0: none',
  }),
  /** weights of the classes in the training loss: 'balanced' rows / (classes * rows of the class), or numbers; null (default): 1 */
  classWeights: row('fit', 'choice', orNull(classWeights, 'equal', 'equal weights'), {
    default: null,
    help: 'weights of the classes in the training loss: balanced, numbers 1,2,5, or equal',
  }),
  /** first layers that keep their parameters; 0 to the number of hidden layers, default 0 */
  frozenLayers: row('fit', 'integer', integerFrom(0), {
    default: 0,
    help: 'number of first layers that keep their parameters',
  }),
  /** >= 1, default 10 */
  epochs: row('fit', 'integer', integerFrom(1), {
    default: 10,
    isFreeOnResume: true,
    help: 'number of epochs',
  }),
  /** rows per step, 1 to the number of training rows; null (default): 128, or all rows if there are fewer */
  batchSize: row('fit', 'integer', orNull(integerFrom(1), 'auto', 'at most 128'), {
    default: null,
    help: 'rows per batch, or auto: 128, or all rows if there are fewer',
  }),
  /** steps per epoch; null (default): one pass over the training rows, ceil(rows / batchSize) */
  stepsPerEpoch: row('fit', 'integer', orNull(integerFrom(1), 'auto', 'every row once'), {
    default: null,
    help: 'steps per epoch, or auto: one pass over the rows',
  }),
  /** 'shuffle' (default): every row once per pass, reshuffled each pass; 'replacement': rows drawn independently */
  sampling: row('fit', 'choice', choice(BATCH_MODES), {
    default: 'shuffle',
    help: 'shuffle: every row once per epoch; replacement: rows drawn independently',
  }),
  /** of images: amplitude of the elastic distortion before its smoothing, in pixels; 0 (default) to 1000 */
  elasticAlpha: row('fit', 'real', pixels, {
    default: 0,
    help: 'augment images: amplitude of an elastic distortion before its smoothing, in pixels (22 suits MNIST)',
  }),
  /** of images: standard deviation of the Gaussian that smooths the elastic distortion, in pixels; 0.5 to 100, default 4 */
  elasticSigma: row('fit', 'real', width, {
    default: 4,
    help: 'with --elastic-alpha: standard deviation of its smoothing, in pixels',
  }),
  /** of images: rotate by up to so many degrees either way; 0 (default) to 180 */
  rotation: row('fit', 'real', degrees, {
    default: 0,
    help: 'augment images: rotate by up to so many degrees either way',
  }),
  /** of images: scale width and height by factors from 1 / (1 + scaling) to 1 + scaling; 0 (default) to 1 */
  scaling: row('fit', 'real', slant, {
    default: 0,
    help: 'augment images: scale width and height by up to 1 + x or 1 / (1 + x)',
  }),
  /** of images: shear by up to so many pixels a pixel of height, either way; 0 (default) to 1 */
  shear: row('fit', 'real', slant, {
    default: 0,
    help: 'augment images: shear by up to x pixels a pixel of height, either way',
  }),
  /** of images: move by up to so many pixels in each direction; 0 (default) to 1000 */
  translation: row('fit', 'real', pixels, {
    default: 0,
    help: 'augment images: move by up to so many pixels in each direction',
  }),
  /** of the initial parameters, the batches, the augmentation and the validation split; default 1 */
  seed: row('fit', 'integer', integerFrom(0), {
    default: 1,
    help: 'of split, initial weights, batches and augmentation',
  }),
  /** fraction of the training rows drawn for validation, between 0 and 1; default 0.2 */
  validFraction: row('data', null, fraction, {
    default: 0.2,
    help: 'fraction of the training rows drawn for validation',
  }),
  /** seed of the validation split; null (default): the seed of the run */
  splitSeed: row('data', null, orNull(integerFrom(0), 'seed', 'the seed of the run'), {
    default: null,
    help: 'seed of the validation split, or seed: the same as --seed',
  }),
  /** whether the split keeps the class proportions; default false */
  stratified: row('data', null, yesOrNo, {
    default: false,
    help: 'keep the class proportions in the split',
  }),
  /**
   * [i, k]: validate on part i (0-based) of k parts of the training rows and train on the others, see `kFold`; null
   * (default): validate on `validFraction` of them
   */
  fold: row('data', null, orNull(oneOfFolds, 'none', 'no folds'), {
    default: null,
    help: 'validate on part i (0-based) of k and train on the others: 0/5 to 4/5; or none: use --valid-fraction',
  }),
  /**
   * steps between evaluations: after the updates of steps 0, n, 2n, ... of each epoch, restarting the count in each; null
   * (default): once, after the last step of each epoch
   */
  evaluateEvery: row('fit', null, orNull(integerFrom(1), 'epoch', 'once an epoch'), {
    default: null,
    help: 'steps between evaluations, or epoch: at the end of each',
  }),
  /** sets to evaluate; null (default): valid and test if given, else train */
  evaluateOn: row('fit', null, orNull(setNames, 'auto', 'valid and test if given'), {
    default: null,
    help: 'sets to evaluate: train,valid,test; must include valid, which selects the best; or auto: valid,test',
  }),
  /**
   * which evaluation is the best: 'accuracy', 'loss' or another metric, by its value on validation, of equal ones the lowest loss;
   * 'firstAccuracy', the highest accuracy whatever the loss; the earlier on remaining ties; 'last', the last evaluation, for a
   * learning rate that ends at 0 and few validation rows; null (default): 'accuracy', or
   * 'loss' for regression. Metrics beside loss and accuracy are measured in every evaluation: docs/metrics.md
   */
  selectBy: row('fit', null, orNull(bestRule, 'auto', 'the default of the loss'), {
    default: null,
    help:
      'the best evaluation: that with the best accuracy, loss or other metric (docs/metrics.md) on validation, of equal ' +
      'ones the lowest loss; firstAccuracy, the earliest with the highest; last; or auto: accuracy, or loss for regression',
  }),
  /** stop after this many evaluations without improvement of what `selectBy` names, >= 1; null (default): no early stopping */
  patience: row('fit', null, orNull(integerFrom(1), 'off', 'no early stopping'), {
    default: null,
    help: 'stop after n evaluations without improvement on validation, or off',
  }),
  /** with `patience`: an improvement must exceed the best so far by more than this; >= 0, default 0 */
  minDelta: row('fit', null, margin, {
    default: 0,
    help: 'with --patience: an improvement must exceed this',
  }),
  /** stop the run at the evaluation that detects a collapse; default false: only report it */
  stopOnCollapse: row('fit', null, yesOrNo, {
    default: false,
    help: 'stop when a collapse is detected',
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
