import { isCallable } from '../core/callable.js'
import { checking, finiteInRange, integerInRange, knownOptions, signalOrNone, trueOrFalse } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { SLICE_MS } from '../core/event-loop.js'
import { isOnRequest, type MetricName } from '../core/metrics.js'
import type { Signal } from '../core/platform.js'
import type { Samples } from '../data/samples.js'
import { LOSS_INFO } from '../model/losses.js'
import { checkModel, type MLP } from '../model/mlp.js'
import { augmentationOf } from './augmentation.js'
import { bestRuleFor } from './best.js'
import type { FitCallbacks } from './callbacks.js'
import type { TrainingCheckpoint } from './checkpoint.js'
import { namesAfter } from './class-names.js'
import {
  batchSizeOf,
  checkValue,
  type NameOf,
  namesOf,
  picked,
  rowOf,
  stepsPerEpochOf,
  type TrainingConfig,
} from './config.js'
import type { FitPlan } from './fit-plan.js'
import { SET_NAMES, type SetName } from './hyper-parameter-kinds.js'
import { checkMetricOfSet } from './metrics/measure.js'
import { checkRowWeights } from './metrics/weights.js'
import {
  checkOptimizer,
  DEFAULT_SCHEDULE,
  defaultOptimizer,
  OPTIMIZER_NAMES,
  type Optimizer,
  usesOption,
} from './optimizers.js'
import { checkResume } from './resume.js'
import { unusedBy } from './schedules.js'
import { checkSet } from './set-check.js'

/** The hyper-parameters that are options of `fit`. */
const FIT_NAMES = namesOf('fit')

export type FitOptions = Partial<Pick<TrainingConfig, NameOf<'fit'>>> & OtherFitOptions

interface OtherFitOptions {
  /**
   * e.g. sgd({ learningRate: 0.1 }); default: adamW({ learningRate: 0.003 }), with schedule 'oneCycle' unless another is given
   */
  readonly optimizer?: Optimizer
  /** validation set, which selects the best parameters */
  readonly valid?: Samples
  /**
   * weights >= 0 of the training rows, in their order: factors of their loss and gradient, divided by their mean; default 1
   */
  readonly sampleWeights?: ArrayLike<number>
  /**
   * weights >= 0 of the rows of the evaluated sets, in their order, in loss, accuracy and every metric; default: all rows count
   * equally, whatever weights they have in training
   */
  readonly evaluationWeights?: Readonly<Partial<Record<SetName, ArrayLike<number>>>>
  /** test set, only evaluated; it does not affect the run */
  readonly test?: Samples
  /**
   * keep the parameters of the best validation in the model; default true; without `valid`, or without it in `evaluateOn`,
   * the model keeps the last ones
   */
  readonly keepBest?: boolean
  readonly callbacks?: FitCallbacks
  /** ends the run with an error of code ABORTED; the model keeps the parameters of the last whole step */
  readonly signal?: Signal
  /**
   * milliseconds between two yields to the event loop, >= 0, default 8; a step that takes longer than 8 is computed in parts with
   * a yield after each
   */
  readonly yieldEveryMs?: number
  /**
   * continue another run from its checkpoint; replaces the model's parameters. Everything that determines the result must
   * match that run, only `epochs` may differ: the result equals that of an uninterrupted run with the options given here.
   * Callbacks are not called again for earlier steps.
   */
  readonly resume?: TrainingCheckpoint
  /** milliseconds between two calls of `onCheckpoint`, >= 0; default 1000; 0: after every step */
  readonly checkpointEveryMs?: number
  /**
   * pause after this many steps of the whole run, those before `resume` included: ends with `stopped: 'paused'` and a last
   * `onCheckpoint`, unless the run ends earlier
   */
  readonly untilStep?: number
}

const OTHER_NAMES: readonly (keyof OtherFitOptions)[] = [
  'optimizer',
  'valid',
  'sampleWeights',
  'evaluationWeights',
  'test',
  'keepBest',
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
  return checking('fit', () => checkedPlan(model, train, options))
}

function checkedPlan(model: MLP, train: Samples, options: FitOptions): FitPlan {
  if (typeof options !== 'object' || options === null) {
    const expected = 'an options object, e.g. { valid, epochs: 20 }'
    throw invalidArgument('fit', expected, options)
  }
  knownOptions('fit', options, [...OTHER_NAMES, ...FIT_NAMES])
  checkModel(model)
  const sets = checkSets(model, train, options)
  const rows = train.rows.length
  const isDefault = options.optimizer === undefined
  const schedule = options.schedule ?? (isDefault ? DEFAULT_SCHEDULE : undefined)
  const values = checkValues({ ...options, schedule })
  const batchSize = checkBatchSize(batchSizeOf(values, rows), rows)
  const evaluateOn = checkEvaluateOn(values.evaluateOn, sets)
  if (values.patience !== null && !evaluateOn.includes('valid')) {
    throw new NativeMlpError('INVALID_ARGUMENT', "patience: needs a validation set, and 'valid' in evaluateOn")
  }
  const selectBy = bestRuleFor(model, values.selectBy)
  const evaluationWeights = checkEvaluationWeights(options.evaluationWeights, sets, evaluateOn)
  for (const name of isOnRequest(selectBy) ? evaluateOn : []) {
    checkMetricOfSet(selectBy as MetricName, model, sets[name]!, name, evaluationWeights[name])
  }
  checkSchedule(values, evaluateOn)
  checkRegularisation(values, model)
  const optimizer = isDefault ? defaultOptimizer() : checkOptimizer(options.optimizer!)
  checkDecaySchedule(values, optimizer)
  const plan = {
    ...values,
    optimizer,
    sets,
    batchSize,
    stepsPerEpoch: stepsPerEpochOf(values, rows),
    evaluateOn,
    augmentation: augmentationOf(values, train),
    selectBy,
    sampleWeights: checkRowWeights(options.sampleWeights, rows, 'sampleWeights', 'training row'),
    evaluationWeights,
    keepBest: checkKeepBest(options.keepBest, sets, evaluateOn),
    callbacks: checkCallbacks(options.callbacks ?? {}),
    signal: signalOrNone('signal', options.signal),
    yieldEveryMs: finiteInRange('yieldEveryMs', options.yieldEveryMs ?? SLICE_MS / 2, 0),
    checkpointEveryMs: finiteInRange('checkpointEveryMs', options.checkpointEveryMs ?? 1000, 0),
  }
  const { resume, untilStep } = options
  if (resume !== undefined) checkResume(resume, model, plan)
  if (untilStep !== undefined) integerInRange('untilStep', untilStep, Math.max(1, resume?.step ?? 0))
  return { ...plan, resume: resume ?? null, untilStep: untilStep ?? null }
}

function checkSets(model: MLP, train: Samples, { valid, test }: FitOptions): FitPlan['sets'] {
  checkSet(model, train, 'train')
  const meaning = { inputKind: model.inputKind ?? train.kind, classNames: namesAfter(model, train) }
  if (valid !== undefined) checkSet(model, valid, 'valid', meaning)
  if (test !== undefined) checkSet(model, test, 'test', meaning)
  return { train, ...(valid && { valid }), ...(test && { test }) }
}

/** Treats undefined as missing. */
function checkValues(options: FitOptions): Pick<TrainingConfig, NameOf<'fit'>> {
  const given = FIT_NAMES.filter((name) => options[name] !== undefined)
  return picked(Object.fromEntries(given.map((name) => [name, checkValue(name, name, options[name])])), FIT_NAMES)
}

function checkBatchSize(batchSize: number, rows: number): number {
  if (batchSize > rows) throw invalidArgument('batchSize', `at most ${rows}, the training rows`, batchSize)
  return batchSize
}

function checkEvaluateOn(names: readonly SetName[] | null, sets: FitPlan['sets']): readonly SetName[] {
  if (names === null) {
    const given = (['valid', 'test'] as const).filter((name) => sets[name] !== undefined)
    return given.length > 0 ? given : ['train']
  }
  names.forEach((name, i) => {
    if (sets[name] === undefined) throw invalidArgument(`evaluateOn[${i}]`, 'a set that is given', name)
  })
  return SET_NAMES.filter((name) => names.includes(name))
}

function checkSchedule(values: Pick<TrainingConfig, NameOf<'fit'>>, evaluateOn: readonly SetName[]): void {
  const { schedule } = values
  for (const name of unusedBy(schedule)) {
    if (values[name] === rowOf(name).default) continue
    const expected = `${rowOf(name).default}, because schedule '${schedule}' does not use it`
    throw invalidArgument(name, expected, values[name])
  }
  if (schedule === 'plateau' && !evaluateOn.includes('valid')) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      "schedule: 'plateau' needs a validation set, and 'valid' in evaluateOn",
    )
  }
}

function checkEvaluationWeights(
  given: OtherFitOptions['evaluationWeights'],
  sets: FitPlan['sets'],
  evaluateOn: readonly SetName[],
): FitPlan['evaluationWeights'] {
  knownOptions('evaluationWeights', given, SET_NAMES)
  const named = SET_NAMES.filter((name) => given?.[name] !== undefined)
  return Object.fromEntries(
    named.map((name) => {
      const where = `evaluationWeights.${name}`
      const set = sets[name]
      if (set === undefined) throw invalidArgument(where, 'none for a set that is not given', given![name])
      if (!evaluateOn.includes(name)) throw invalidArgument(where, 'none for a set not in evaluateOn', given![name])
      return [name, checkRowWeights(given![name], set.rows.length, where, `row of ${name}`)]
    }),
  )
}

function checkRegularisation(
  { dropout, labelSmoothing, frozenLayers }: Pick<TrainingConfig, 'dropout' | 'labelSmoothing' | 'frozenLayers'>,
  { loss, layers }: MLP,
): void {
  if (frozenLayers >= layers.length) {
    throw invalidArgument('frozenLayers', `at most ${layers.length - 1}: a layer must be trained`, frozenLayers)
  }
  if (labelSmoothing > 0 && LOSS_INFO[loss].probabilities === null) {
    throw invalidArgument('labelSmoothing', `0, because loss '${loss}' has no labels`, labelSmoothing)
  }
  if (dropout > 0 && layers.length === 1) throw invalidArgument('dropout', '0 without hidden layers', dropout)
}

/** A schedule of the weight decay needs an optimizer that has one; whether a custom one has is unknown. */
function checkDecaySchedule(
  { weightDecaySchedule }: Pick<TrainingConfig, 'weightDecaySchedule'>,
  { config }: Optimizer,
): void {
  const known = OPTIMIZER_NAMES.find((name) => name === config.name)
  if (weightDecaySchedule === 'constant' || known === undefined || usesOption(known, 'weightDecay')) return
  const expected = `'constant', because optimizer '${known}' has no weight decay`
  throw invalidArgument('weightDecaySchedule', expected, weightDecaySchedule)
}

function checkCallbacks(callbacks: FitCallbacks): FitCallbacks {
  knownOptions('callbacks', callbacks, CALLBACK_NAMES)
  for (const name of CALLBACK_NAMES) {
    const callback = callbacks[name]
    if (callback !== undefined && !isCallable(callback)) {
      throw invalidArgument(`callbacks.${name}`, 'a function', callback)
    }
  }
  return callbacks
}

function checkKeepBest(value: boolean | undefined, sets: FitPlan['sets'], evaluateOn: readonly SetName[]): boolean {
  const keepBest = trueOrFalse('keepBest', value ?? true)
  if (value === true && sets.valid !== undefined && !evaluateOn.includes('valid')) {
    throw new NativeMlpError('INVALID_ARGUMENT', "keepBest: needs 'valid' in evaluateOn, which selects the best")
  }
  return keepBest
}
