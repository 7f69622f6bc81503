import type { UpdateRule } from '../../backend/rules.js'
import { checking, integerInRange, knownOptions, listOf, objectOf, oneOf } from '../../core/checks.js'
import { invalidArgument, NativeMlpError, orOutOfMemory } from '../../core/errors.js'
import type { Signal } from '../../core/platform.js'
import type { Collapse } from '../../core/results.js'
import { isSamples, Samples } from '../../data/samples.js'
import { joinTables } from '../../data/table-samples.js'
import { MLP } from '../../model/mlp.js'
import { bestRuleFor, score } from '../../train/best.js'
import type { FitCallbacks } from '../../train/callbacks.js'
import { completed, picked, stepsPerEpochOf } from '../../train/config.js'
import { fit } from '../../train/fit.js'
import { fitOptionsOf, modelOptionsOf } from '../../train/from-config.js'
import { dependsOnLength, plateauDecays, scheduleFactor } from '../../train/schedules.js'
import type { TrialResult } from '../trial/result.js'
import type { Study } from './study.js'

export interface RefitOptions {
  /**
   * 'best' (default): for as many optimiser steps as the best trial had done at its best evaluation, with folds their mean;
   * 'all': for all its steps
   */
  readonly steps?: 'best' | 'all'
  readonly callbacks?: FitCallbacks
  /** ends the training with an error of code ABORTED */
  readonly signal?: Signal
}

export interface Refit {
  readonly model: MLP
  /** number of the best trial */
  readonly trial: number
  /** optimiser steps done */
  readonly steps: number
  readonly collapsed: Collapse | null
}

/**
 * Trains the best trial of a study again, on the training and validation rows together. Without a validation set there is no
 * early stopping: it trains for the number of steps that the study found, with the same batch size, and keeps the last
 * parameters. Evaluate it on test rows that the study has not used.
 *
 * @param data the study's sets; without `valid` train has all rows, as in a study with folds
 * @throws NativeMlpError INVALID_ARGUMENT for a study without a winner, or for sets that do not go together; NOT_FINITE or
 *   ABORTED as `fit`
 */
export async function refit(
  study: Pick<Study, 'best'>,
  data: { readonly train: Samples; readonly valid?: Samples; readonly test?: Samples },
  options: RefitOptions = {},
): Promise<Refit> {
  knownOptions('refit', options, ['steps', 'callbacks', 'signal'])
  knownOptions('data', data ?? null, ['train', 'valid', 'test'])
  const best = checkStudy(study)
  const { train, valid } = data
  for (const [name, set] of Object.entries({ train, valid })) {
    if (!isSamples(set) && !(name === 'valid' && set === undefined)) {
      throw invalidArgument(`data.${name}`, 'Samples', set)
    }
  }
  if (best === null) throw new NativeMlpError('INVALID_ARGUMENT', 'refit: no trial of the study has completed')
  const steps = stepsOf(best, oneOf('steps', options.steps ?? 'best', ['best', 'all']))
  const all = valid === undefined ? train : joinSamples(train, valid)
  const fitOptions = fitOptionsOf(best.config)
  const { stepsPerEpoch, epochs } = lengthOf(best, steps, { train: train.length, all: all.length })
  const model = new MLP(modelOptionsOf(best.config, all))
  const { collapsed } = await fit(model, all, {
    ...withoutPlateau(fitOptions, best, model, { stepsPerEpoch, totalSteps: epochs * stepsPerEpoch }),
    stepsPerEpoch,
    epochs,
    untilStep: steps,
    evaluateOn: [],
    evaluateEvery: null,
    patience: null,
    stopOnCollapse: false,
    keepBest: false,
    callbacks: options.callbacks,
    signal: options.signal,
  })
  return { model, trial: best.trial, steps, collapsed }
}

function checkStudy(study: Pick<Study, 'best'>): TrialResult | null {
  return checking('study', () => {
    const { best } = objectOf('study', study, 'a study')
    if (best === null) return null
    objectOf('study.best', best, 'the result of a trial or null')
    objectOf('study.best.config', best.config, 'the configuration of a trial')
    return best
  })
}

function stepsOf(best: TrialResult, which: 'best' | 'all'): number {
  const stepsIn = (name: string, { bestStep, steps }: { bestStep: unknown; steps: unknown }) =>
    which === 'best' ? integerInRange(`${name}.bestStep`, bestStep, 0) + 1 : integerInRange(`${name}.steps`, steps, 1)
  return checking('study.best', () => {
    const { bestStep, steps, folds } = best
    if (!folds) return stepsIn('study.best', { bestStep, steps })
    const each = Array.from(listOf('study.best.folds', folds, 'results of folds'), (fold, f) =>
      stepsIn(`study.best.folds[${f}]`, { bestStep: fold?.best?.step, steps: fold?.steps }),
    )
    return Math.max(1, Math.round(each.reduce((sum, count) => sum + count, 0) / each.length))
  })
}

type Options = ReturnType<typeof fitOptionsOf>

/** With a schedule the length is that of the trial, so that each step has the learning rate of the trial's. */
function lengthOf(
  { config, folds }: TrialResult,
  steps: number,
  rows: { readonly train: number; readonly all: number },
): { stepsPerEpoch: number; epochs: number } {
  const whole = completed(config)
  const isScheduled = whole.schedule !== 'constant' || dependsOnLength(whole)
  const trained = folds ? Math.floor((rows.train * (folds.length - 1)) / folds.length) : rows.train
  const stepsPerEpoch = stepsPerEpochOf(config, isScheduled ? trained : rows.all)
  const epochs = Math.ceil(steps / stepsPerEpoch)
  return { stepsPerEpoch, epochs: isScheduled ? Math.max(epochs, whole.epochs) : epochs }
}

/** Schedule 'plateau' decays as the trial did, with folds as often as these on average: here nothing is validated. */
function withoutPlateau(
  options: Options,
  { config, history, folds }: TrialResult,
  model: MLP,
  length: { readonly stepsPerEpoch: number; readonly totalSteps: number },
): Options {
  if (options.schedule !== 'plateau') return options
  const { optimizer } = options
  const whole = completed(config)
  const rule = bestRuleFor(model, whole.selectBy)
  const runs = (folds ?? [{ history }]).map((run) => {
    const scores = run.history.map((entry) => score(entry, rule))
    return run.history.map((entry, i) => ({
      step: entry.step,
      decays: plateauDecays(scores.slice(0, i + 1), whole.decayEvery),
    }))
  })
  const decaysOf = (run: (typeof runs)[number], step: number) => run.findLast((each) => each.step < step)?.decays ?? 0
  const scheduled = (step: number): UpdateRule => {
    const decays = runs.reduce((sum, run) => sum + decaysOf(run, step), 0) / runs.length
    const position = { step, ...length, decays }
    const own = optimizer.rule(step)
    return { ...own, learningRate: own.learningRate * scheduleFactor(whole, position) }
  }
  return {
    ...options,
    ...picked({}, ['schedule', 'warmup', 'decayFactor', 'decayEvery']),
    optimizer: { config: optimizer.config, rule: scheduled },
  }
}

type Numbers = Uint8Array | Float32Array | Int32Array

/**
 * The rows of two sets as one. Sets that were split from one another share their arrays still, with the rows in the order
 * they had before; others are copied, one after the other.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for sets that do not hold the same kind of rows
 */
export function joinSamples(a: Samples, b: Samples): Samples {
  const ofTable = joinTables(a, b)
  if (ofTable !== null) return ofTable
  for (const key of ['cols', 'classes', 'targetCols', 'scale', 'kind'] as const) {
    if (a[key] === b[key]) continue
    throw new NativeMlpError('INVALID_ARGUMENT', `data.valid: ${key} is ${b[key]}, but that of data.train is ${a[key]}`)
  }
  if (a.classNames.join('\n') !== b.classNames.join('\n')) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'data.valid: its classNames are not those of data.train')
  }
  if (a.values === b.values && a.labels === b.labels && a.targets === b.targets) {
    return new Samples({ ...a, rows: Int32Array.from([...a.rows, ...b.rows]).sort() })
  }
  return new Samples({
    ...a,
    values: joined(a, b, 'values', a.cols),
    labels: a.labels && joined(a, b, 'labels', 1),
    targets: a.targets && joined(a, b, 'targets', a.targetCols),
    rows: Int32Array.from({ length: a.length + b.length }, (_, i) => i),
  })
}

/** Of both sets the rows they have, in a new array. */
function joined<K extends 'values' | 'labels' | 'targets'>(
  a: Samples,
  b: Samples,
  key: K,
  cols: number,
): NonNullable<Samples[K]> {
  const [first, second] = [a[key] as Numbers, b[key] as Numbers | null]
  if (second === null || second.constructor !== first.constructor) {
    const kind = second === null ? 'none' : second.constructor.name
    const expected = `those of data.train are ${first.constructor.name}`
    throw new NativeMlpError('INVALID_ARGUMENT', `data.valid: its ${key} are ${kind}, but ${expected}`)
  }
  const Copy = first.constructor as new (length: number) => Float32Array
  const length = (a.length + b.length) * cols
  const copy = orOutOfMemory('refit', `${length} ${key} of training and validation rows`, () => new Copy(length))
  let at = 0
  for (const { rows, source } of [
    { rows: a.rows, source: first },
    { rows: b.rows, source: second },
  ]) {
    for (const row of rows) {
      copy.set(source.subarray(row * cols, (row + 1) * cols), at)
      at += cols
    }
  }
  return copy as unknown as NonNullable<Samples[K]>
}
