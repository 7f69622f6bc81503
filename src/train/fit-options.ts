import { finiteInRange, integerInRange, knownOptions, oneOf, signalOrNone, trueOrFalse } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import { BATCH_MODES, type BatchMode } from '../data/batches.js'
import type { Samples } from '../data/samples.js'
import { checkModel, type MLP } from '../model/mlp.js'
import type { FitCallbacks } from './callbacks.js'
import type { TrainingCheckpoint } from './checkpoint.js'
import { checkEarlyStopping, type EarlyStopping } from './early-stopping.js'
import type { Optimizer } from './optimizers.js'
import { checkResume } from './resume.js'
import { checkSet } from './set-check.js'

export const SET_NAMES = ['train', 'valid', 'test'] as const
export type SetName = (typeof SET_NAMES)[number]

export interface FitOptions {
  /** e.g. sgd({ learningRate: 0.1 }) */
  readonly optimizer: Optimizer
  /** the set the best parameters are chosen by */
  readonly valid?: Samples
  /** only looked at, never chosen by */
  readonly test?: Samples
  /** >= 1, default 10 */
  readonly epochs?: number
  /** rows per step, 1 to the training rows; default 128, or all rows where there are fewer */
  readonly batchSize?: number
  /** default: as many as it takes to see every training row once, ceil(rows / batchSize) */
  readonly stepsPerEpoch?: number
  /** 'shuffle' (default): every row once per pass, in a new order each; 'replacement': each row drawn on its own */
  readonly sampling?: BatchMode
  /** of the batch stream; default 1 */
  readonly seed?: number
  /**
   * steps between evaluations: after the updates of steps 0, n, 2n, ... of each epoch, counting anew in each; default:
   * once, after the last step of each epoch
   */
  readonly evaluateEvery?: number
  /** default: valid and test as far as given, else train */
  readonly evaluateOn?: readonly SetName[]
  /**
   * leave the model with the parameters of the best validation so far; default true; without `valid`, or without it in
   * `evaluateOn`, the last ones stay
   */
  readonly keepBest?: boolean
  readonly earlyStopping?: EarlyStopping
  /** end the run at the evaluation that finds it collapsed; default false: it is only reported */
  readonly stopOnCollapse?: boolean
  readonly callbacks?: FitCallbacks
  /** ends the run with an error of code ABORTED; the model keeps the parameters of the last whole step */
  readonly signal?: Signal
  /** milliseconds between pauses that let the event loop run, >= 0, default 16 */
  readonly yieldEveryMs?: number
  /**
   * go on where another run stood; the model's own parameters are replaced. All that decides the result must be as it was
   * in that run, only `epochs` may differ: the outcome is that of an uninterrupted run with the options given here.
   * Callbacks are not called again for what was done before.
   */
  readonly resume?: TrainingCheckpoint
  /** milliseconds between two calls of `onCheckpoint`, >= 0; default 1000; 0: after every step */
  readonly checkpointEveryMs?: number
  /**
   * end the run after so many of its steps, those before `resume` included: with `stopped: 'paused'` and a last
   * `onCheckpoint`, unless it has ended before
   */
  readonly untilStep?: number
}

/** Options with every default filled in and every value checked. */
export interface FitPlan {
  readonly optimizer: Optimizer
  readonly sets: Readonly<Partial<Record<SetName, Samples>>> & { readonly train: Samples }
  readonly epochs: number
  readonly batchSize: number
  readonly stepsPerEpoch: number
  readonly sampling: BatchMode
  readonly seed: number
  /** null: once, after the last step of each epoch */
  readonly evaluateEvery: number | null
  readonly evaluateOn: readonly SetName[]
  readonly keepBest: boolean
  readonly earlyStopping: Required<EarlyStopping> | null
  readonly stopOnCollapse: boolean
  readonly callbacks: FitCallbacks
  readonly signal: Signal | undefined
  readonly yieldEveryMs: number
  readonly resume: TrainingCheckpoint | null
  readonly checkpointEveryMs: number
  /** null: to the end */
  readonly untilStep: number | null
}

const OPTION_NAMES: readonly (keyof FitOptions)[] = [
  'optimizer',
  'valid',
  'test',
  'epochs',
  'batchSize',
  'stepsPerEpoch',
  'sampling',
  'seed',
  'evaluateEvery',
  'evaluateOn',
  'keepBest',
  'earlyStopping',
  'stopOnCollapse',
  'callbacks',
  'signal',
  'yieldEveryMs',
  'resume',
  'checkpointEveryMs',
  'untilStep',
]

const CALLBACK_NAMES: readonly (keyof FitCallbacks)[] = [
  'onStart',
  'onStep',
  'onEvaluation',
  'onEpoch',
  'onCheckpoint',
  'onEnd',
]

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong */
export function planFit(model: MLP, train: Samples, options: FitOptions): FitPlan {
  if (typeof options !== 'object' || options === null) {
    const expected = 'an options object with an optimizer, e.g. { optimizer: sgd({ learningRate: 0.1 }) }'
    throw invalidArgument('fit', expected, options)
  }
  knownOptions('fit', options, OPTION_NAMES)
  checkModel(model)
  const sets = checkSets(model, train, options)
  const rows = train.rows.length
  const sampling = oneOf('sampling', options.sampling ?? 'shuffle', BATCH_MODES)
  const batchSize = checkBatchSize(options.batchSize ?? Math.min(128, rows), rows)
  const stepsPerEpoch = integerInRange('stepsPerEpoch', options.stepsPerEpoch ?? Math.ceil(rows / batchSize), 1)
  const evaluateOn = checkEvaluateOn(options.evaluateOn, sets)
  const { earlyStopping } = options
  if (earlyStopping !== undefined && !evaluateOn.includes('valid')) {
    throw new NativeMlpError('INVALID_ARGUMENT', "earlyStopping: needs a validation set, and 'valid' in evaluateOn")
  }
  const plan = {
    optimizer: checkOptimizer(options.optimizer),
    sets,
    epochs: integerInRange('epochs', options.epochs ?? 10, 1),
    batchSize,
    stepsPerEpoch,
    sampling,
    seed: integerInRange('seed', options.seed ?? 1, 0),
    evaluateEvery:
      options.evaluateEvery === undefined ? null : integerInRange('evaluateEvery', options.evaluateEvery, 1),
    evaluateOn,
    keepBest: checkKeepBest(options.keepBest, sets, evaluateOn),
    earlyStopping: earlyStopping === undefined ? null : checkEarlyStopping(earlyStopping),
    stopOnCollapse: trueOrFalse('stopOnCollapse', options.stopOnCollapse ?? false),
    callbacks: checkCallbacks(options.callbacks ?? {}),
    signal: signalOrNone('signal', options.signal),
    yieldEveryMs: finiteInRange('yieldEveryMs', options.yieldEveryMs ?? 16, 0),
    checkpointEveryMs: finiteInRange('checkpointEveryMs', options.checkpointEveryMs ?? 1000, 0),
  }
  const { resume, untilStep } = options
  if (resume !== undefined) checkResume(resume, model, plan)
  if (untilStep !== undefined) integerInRange('untilStep', untilStep, Math.max(1, resume?.step ?? 0))
  return { ...plan, resume: resume ?? null, untilStep: untilStep ?? null }
}

function checkSets(model: MLP, train: Samples, { valid, test }: FitOptions): FitPlan['sets'] {
  checkSet(model, train, 'train')
  if (valid !== undefined) checkSet(model, valid, 'valid')
  if (test !== undefined) checkSet(model, test, 'test')
  return { train, ...(valid && { valid }), ...(test && { test }) }
}

function checkBatchSize(value: number, rows: number): number {
  const batchSize = integerInRange('batchSize', value, 1)
  if (batchSize > rows) throw invalidArgument('batchSize', `at most ${rows}, the training rows`, batchSize)
  return batchSize
}

function checkEvaluateOn(value: readonly SetName[] | undefined, sets: FitPlan['sets']): readonly SetName[] {
  if (value === undefined) {
    const given = (['valid', 'test'] as const).filter((name) => sets[name] !== undefined)
    return given.length > 0 ? given : ['train']
  }
  if (!Array.isArray(value)) throw invalidArgument('evaluateOn', "a list of 'train', 'valid', 'test'", value)
  value.forEach((name, i) => {
    oneOf(`evaluateOn[${i}]`, name, SET_NAMES)
    if (sets[name as SetName] === undefined) throw invalidArgument(`evaluateOn[${i}]`, 'a set that is given', name)
  })
  return SET_NAMES.filter((name) => value.includes(name))
}

function checkOptimizer(optimizer: Optimizer): Optimizer {
  if (typeof optimizer?.rule !== 'function') {
    throw invalidArgument('optimizer', 'an optimizer such as sgd({ learningRate: 0.1 })', optimizer)
  }
  return optimizer
}

function checkCallbacks(callbacks: FitCallbacks): FitCallbacks {
  knownOptions('callbacks', callbacks, CALLBACK_NAMES)
  for (const name of CALLBACK_NAMES) {
    const callback = callbacks[name]
    if (callback !== undefined && typeof callback !== 'function') {
      throw invalidArgument(`callbacks.${name}`, 'a function', callback)
    }
  }
  return callbacks
}

function checkKeepBest(value: boolean | undefined, sets: FitPlan['sets'], evaluateOn: readonly SetName[]): boolean {
  const keepBest = trueOrFalse('keepBest', value ?? true)
  if (value === true && sets.valid !== undefined && !evaluateOn.includes('valid')) {
    throw new NativeMlpError('INVALID_ARGUMENT', "keepBest: needs 'valid' in evaluateOn, which chooses the best")
  }
  return keepBest
}
