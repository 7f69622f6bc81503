import { checking, integerInRange, knownOptions, listOf, oneOf, trueOrFalse } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { checkMetricName } from '../../core/metrics.js'
import type { SetMetrics } from '../../core/results.js'
import { completed, picked, stepsPerEpochOf } from '../../train/config.js'
import { bestFirst, type Selection } from '../trial/ranking.js'
import type { TrialConfig } from './parameters.js'

/** Options of successive halving, in epochs or in steps; steps need both minSteps and maxSteps. */
export interface HalvingOptions {
  /** epochs of every trial, >= 1; default a ninth of maxEpochs */
  readonly minEpochs?: number
  /**
   * epochs of a trial that is never pruned; the last rung trains to the end of the trial's config; > minEpochs; default
   * base.epochs
   */
  readonly maxEpochs?: number
  /** optimiser steps of every trial, >= 1 */
  readonly minSteps?: number
  readonly maxSteps?: number
  /** 1 in `factor` trials of a rung continues, with `factor` times the epochs; an integer >= 2, default 3 */
  readonly factor?: number
  /** trials of a rung continue before all have reached it, see `RungPruner`; default false */
  readonly asynchronous?: boolean
}

/** A stage that all remaining trials train through before the next selection. */
export interface Rung {
  /** 0-based */
  readonly rung: number
  /** number of trials */
  readonly trials: number
  /** epochs of each at the end of the rung, from the start of the trial; null: counted in steps, or to the trial's end */
  readonly epochs: number | null
  /** the same in steps */
  readonly steps: number | null
  /** number of trials that continue; 0 for the last rung, which trains to the end */
  readonly keep: number
}

/** Result of a trial at the end of a rung. */
export interface RungResult {
  readonly trial: number
  readonly state: 'completed' | 'collapsed' | 'failed' | 'paused'
  /** metrics of its checkpoint, the best validation so far, as for a whole trial */
  readonly valid?: SetMetrics
  readonly test?: SetMetrics
}

/**
 * The rungs of synchronous successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and
 * hyperparameter optimization", 2016; the innermost loop of Hyperband: Li et al., 2018): all trials train for `minEpochs`,
 * the best floor(n / factor) of them continue to `minEpochs` x factor, and so on; the last rung trains to the end. At least
 * one trial survives, and a single trial has no further rungs. A trial's learning rate does not depend on its length, so a
 * survivor has the same bits as a trial that was never paused.
 *
 * @param trials initial number, >= 1
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the invalid option
 */
export function halvingRungs(trials: number, options: HalvingOptions): Rung[] {
  integerInRange('trials', trials, 1)
  const { unit, min, max, factor } = checkHalving(options)
  const rungs: Rung[] = []
  let count = trials
  for (let budget = min; budget < max && count > 1; budget *= factor) {
    const keep = Math.max(1, Math.floor(count / factor))
    rungs.push({
      rung: rungs.length,
      trials: count,
      epochs: unit === 'Epochs' ? budget : null,
      steps: unit === 'Steps' ? budget : null,
      keep,
    })
    count = keep
  }
  return [...rungs, { rung: rungs.length, trials: count, epochs: null, steps: null, keep: 0 }]
}

/**
 * The step at which a trial pauses at the end of a rung, counted from the trial's start; null: it trains to its end.
 *
 * @param rows training rows
 * @throws NativeMlpError INVALID_ARGUMENT if the trial is not evaluated by then
 */
export function rungStep({ epochs, steps }: Rung, config: TrialConfig, rows: number): number | null {
  const perEpoch = stepsPerEpochOf(config, rows)
  const { epochs: all, evaluateEvery } = completed(config)
  const total = perEpoch * all
  const until = epochs === null ? steps : epochs * perEpoch
  if (until === null || until >= total) return null
  const isEvaluated = evaluateEvery !== null || until >= perEpoch
  if (isEvaluated) return until
  const expected = `at least ${perEpoch}, the steps of an epoch, where a trial is first evaluated`
  throw invalidArgument('halving.minSteps', expected, until)
}

/**
 * The trials that continue after a rung, in trial order: the best by the study's selection, on ties the earlier. Failed,
 * collapsed and unmeasured trials never continue, so there may be fewer than `keep`, or none.
 *
 * @throws NativeMlpError INVALID_ARGUMENT
 */
export function survivors(results: readonly RungResult[], keep: number, selection: Selection): number[] {
  return checking('survivors', () => {
    listOf('results', results, 'results at a rung').forEach((result, i) => {
      integerInRange(`results[${i}].trial`, Object(result).trial, 0)
      oneOf(`results[${i}].state`, result.state, RUNG_STATES)
    })
    integerInRange('keep', keep, 0)
    oneOf('selection.selectBy', Object(selection).selectBy, ['valid', 'test'])
    checkMetricName('selection.metric', selection.metric)
    return bestOf(results, keep, selection)
  })
}

const RUNG_STATES = ['completed', 'collapsed', 'failed', 'paused'] as const

/** Whether a trial may continue: failed and collapsed ones do not. */
export function isPromotable({ state }: RungResult): boolean {
  return state === 'paused' || state === 'completed'
}

function bestOf(results: readonly RungResult[], keep: number, selection: Selection): number[] {
  return bestFirst(results.filter(isPromotable), selection)
    .slice(0, keep)
    .map(({ trial }) => trial)
    .sort((a, b) => a - b)
}

const OPTION_NAMES = ['minEpochs', 'maxEpochs', 'minSteps', 'maxSteps', 'factor', 'asynchronous']

/**
 * Fills in the defaults: maxEpochs is the epochs of the search, minEpochs a ninth of it, which gives two rungs with the
 * default factor before the last one.
 */
export function completeHalving(options: HalvingOptions = {}, epochs = picked({}, ['epochs']).epochs): HalvingOptions {
  knownOptions('halving', options, OPTION_NAMES)
  if (options.minSteps !== undefined || options.maxSteps !== undefined) return options
  const maxEpochs = options.maxEpochs ?? epochs
  return { ...options, minEpochs: options.minEpochs ?? Math.max(1, Math.floor(maxEpochs / 9)), maxEpochs }
}

function checkHalving(options: HalvingOptions) {
  knownOptions('halving', options ?? null, OPTION_NAMES)
  const inEpochs = options.minEpochs !== undefined || options.maxEpochs !== undefined
  const inSteps = options.minSteps !== undefined || options.maxSteps !== undefined
  if (inEpochs === inSteps) {
    const expected = 'halving: expected minEpochs and maxEpochs, or minSteps and maxSteps'
    throw new NativeMlpError('INVALID_ARGUMENT', `${expected}, got ${inEpochs ? 'both' : 'neither'}`)
  }
  const unit = inEpochs ? 'Epochs' : 'Steps'
  const min = integerInRange(`halving.min${unit}`, options[`min${unit}`], 1)
  const max = integerInRange(`halving.max${unit}`, options[`max${unit}`], 1)
  if (max <= min) throw invalidArgument(`halving.max${unit}`, `more than min${unit}, ${min}`, max)
  const factor = integerInRange('halving.factor', options.factor ?? 3, 2)
  trueOrFalse('halving.asynchronous', options.asynchronous ?? false)
  return { unit, min, max, factor } as const
}
