import { checking, finiteInRange, integerInRange, knownOptions, MAX_FLOAT32, objectOf } from '../core/checks.js'
import { exp, log, power } from '../core/elementary.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { nextMacrotask } from '../core/event-loop.js'
import type { LearningRateRange, LearningRateStep } from '../core/results.js'
import { nowMs } from '../core/timers.js'
import { isSamples, type Samples } from '../data/samples.js'
import { checkModel, type MLP } from '../model/mlp.js'
import { batchSizeOf, type NameOf, namesOf } from './config.js'
import { prepareTraining, whileInTraining } from './fit.js'
import { type FitOptions, planFit } from './fit-options.js'
import type { FitPlan } from './fit-plan.js'
import { checkOptimizer, defaultOptimizer, type Optimizer } from './optimizers.js'
import { checkRule, steepestDecay } from './rule-checks.js'
import { Training } from './training.js'

/** Options of `fit` that say how long a run is, how it ends, or what changes in it: here they have no meaning. */
const OF_A_RUN = [
  ...(['epochs', 'stepsPerEpoch', 'schedule', 'warmup', 'decayFactor', 'decayEvery', 'cycles'] as const),
  ...(['dropoutSchedule', 'weightDecaySchedule', 'evaluateEvery', 'evaluateOn', 'selectBy'] as const),
  ...(['patience', 'minDelta', 'stopOnCollapse', 'averageDecay'] as const),
] as const satisfies readonly NameOf<'fit'>[]

/** Options of `fit` that concern a single step. */
type StepName = Exclude<NameOf<'fit'>, (typeof OF_A_RUN)[number]>
export const STEP_NAMES = namesOf('fit').filter((name): name is StepName => !OF_A_RUN.includes(name as 'epochs'))

export interface FindLearningRateOptions
  extends Pick<FitOptions, StepName | 'optimizer' | 'sampleWeights' | 'signal' | 'yieldEveryMs'> {
  /** learning rate of the first step, > 0; default 1e-6 */
  readonly from?: number
  /** learning rate of the last step, > from; default 10, with weight decay at most 0.9 / weightDecay */
  readonly to?: number
  /** number of steps, >= 10; default: those of an epoch, at least 100 and at most 200 */
  readonly steps?: number
}

const OWN_NAMES = ['from', 'to', 'steps', 'optimizer', 'sampleWeights', 'signal', 'yieldEveryMs'] as const

/** Weight of the past in the moving average. */
const SMOOTHING = 0.9
/** The test ends when the smoothed loss exceeds the least one by this factor, and the first one. */
const DIVERGENCE = 4
/** Share of the steps over which a slope is measured, on either side. */
const SLOPE_SHARE = 0.04
const USUAL = { from: 1e-6, to: 10, least: 100, most: 200 } as const

/**
 * A learning-rate range test (Smith, "Cyclical learning rates for training neural networks", 2017; as in fastai): trains a
 * copy of the model while the learning rate rises exponentially from `from` to `to`, and records the loss of each batch. The
 * smoothed loss is their exponential moving average with weight 0.9, corrected for its start. The test ends early when it
 * exceeds both four times its minimum and its start, or is not finite. A good learning rate lies where the loss falls fastest (`steepest`),
 * or at a tenth of that with the least loss (`minimumTenth`), the largest rate of a schedule rather above.
 *
 * The model stays as it is. The same model, data, options and numeric family give the same numbers.
 *
 * @param options those of `fit` that concern a single step, and the range
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong; NOT_FINITE if the loss of the first step
 *   is not finite; ABORTED when the signal fires
 */
export async function findLearningRate(
  model: MLP,
  train: Samples,
  options: FindLearningRateOptions = {},
): Promise<LearningRateRange> {
  const test = checking('findLearningRate', () => planned(model, train, options))
  const { copy, plan } = test
  await whileInTraining(copy, plan, async () => {
    await prepareTraining(copy, train)
    await runTest(test)
  })
  const { steps, rates } = test
  return { steps, diverged: steps.length < rates.length || isDiverged(test), ...suggestions(steps) }
}

interface RangeTest {
  readonly copy: MLP
  readonly plan: FitPlan
  /** of each step */
  readonly rates: readonly number[]
  /** those done */
  readonly steps: LearningRateStep[]
  /** of their smoothed losses */
  least: number
}

function planned(model: MLP, train: Samples, options: FindLearningRateOptions): RangeTest {
  knownOptions('findLearningRate', objectOf('options', options, 'an object of options'), [...OWN_NAMES, ...STEP_NAMES])
  checkModel(model)
  if (!isSamples(train)) throw invalidArgument('train', 'Samples', train)
  const { from, to, steps: count, optimizer = defaultOptimizer(), ...given } = options
  const rates = checkRates(checkOptimizer(optimizer), { from, to }, checkCount(count, options, train))
  const copy = model.clone()
  const done: Pick<RangeTest, 'steps' | 'least'> = { steps: [], least: Number.POSITIVE_INFINITY }
  const plan = planFit(copy, train, {
    ...given,
    optimizer: { config: optimizer.config, rule: (step) => ({ ...optimizer.rule(step), learningRate: rates[step] }) },
    schedule: 'constant',
    warmup: 0,
    epochs: 1,
    // one more than there are: nothing is evaluated
    stepsPerEpoch: rates.length + 1,
    evaluateOn: [],
    keepBest: false,
    callbacks: { onStep: ({ step, loss }) => record(done, rates[step], loss) },
  })
  return Object.assign(done, { copy, plan, rates })
}

function checkCount(count: number | undefined, options: FindLearningRateOptions, train: Samples): number {
  if (count !== undefined) return integerInRange('steps', count, 10, 100_000)
  const epoch = Math.ceil(train.length / batchSizeOf(options, train.length))
  return Math.min(USUAL.most, Math.max(USUAL.least, epoch))
}

/** The learning rate of each step: a constant factor between them. */
function checkRates(
  optimizer: Optimizer,
  range: Pick<FindLearningRateOptions, 'from' | 'to'>,
  count: number,
): number[] {
  const rule = checkRule(optimizer.rule(0), 0)
  const decay = rule.kind === 'adam' ? steepestDecay(rule) : 0
  const most = decay > 0 ? 1 / decay : MAX_FLOAT32
  const to = finiteInRange('to', range.to ?? Math.min(USUAL.to, 0.9 * most), 0, MAX_FLOAT32)
  if (to >= most) throw invalidArgument('to', `less than 1 / weightDecay (${most})`, to)
  const from = finiteInRange('from', range.from ?? Math.min(USUAL.from, to / 10), 0, MAX_FLOAT32)
  if (!(from > 0 && from < to)) throw invalidArgument('from', `a number > 0 and < to (${to})`, from)
  const start = log(from)
  const slope = (log(to) - start) / (count - 1)
  return Array.from({ length: count }, (_, step) => {
    // exactly at both ends
    if (step === 0) return from
    return step === count - 1 ? to : exp(start + slope * step)
  })
}

/** Trains until the last step, or until the loss diverges. */
async function runTest(test: RangeTest): Promise<void> {
  const { copy, plan, rates, steps } = test
  const training = new Training(copy, plan)
  await training.begin()
  let lastPause = nowMs()
  while (steps.length < rates.length && !isDiverged(test)) {
    try {
      await training.advance()
    } catch (error) {
      if (error instanceof NativeMlpError && error.code === 'NOT_FINITE' && steps.length > 0) return
      throw error
    }
    if (nowMs() - lastPause < plan.yieldEveryMs) continue
    await nextMacrotask()
    lastPause = nowMs()
  }
}

function smoothedStep(steps: readonly LearningRateStep[], learningRate: number, loss: number): LearningRateStep {
  // the average divides by the weights it has so far
  const total = (n: number) => 1 - power(SMOOTHING, n)
  const before = steps.length === 0 ? 0 : steps[steps.length - 1].smoothed * total(steps.length)
  const smoothed = (SMOOTHING * before + (1 - SMOOTHING) * loss) / total(steps.length + 1)
  return { learningRate, loss, smoothed }
}

function record(done: Pick<RangeTest, 'steps' | 'least'>, learningRate: number, loss: number): void {
  const step = smoothedStep(done.steps, learningRate, loss)
  done.steps.push(step)
  done.least = Math.min(done.least, step.smoothed)
}

function isDiverged({ steps, least }: Pick<RangeTest, 'steps' | 'least'>): boolean {
  const last = steps.at(-1)
  if (last === undefined) return false
  // four times a loss of almost nothing is noise
  return last.smoothed > Math.max(steps[0].smoothed, DIVERGENCE * least)
}

function leastOf(steps: readonly LearningRateStep[]): number {
  return steps.reduce((least, { smoothed }, i) => (smoothed < steps[least].smoothed ? i : least), 0)
}

function suggestions(steps: readonly LearningRateStep[]): Pick<LearningRateRange, 'steepest' | 'minimumTenth'> {
  const least = leastOf(steps)
  const reach = Math.max(2, Math.round(SLOPE_SHARE * steps.length))
  let steepest: number | null = null
  let slope = 0
  // the first averages are of few losses
  for (let i = 2 * reach; i + reach <= least; i++) {
    const change = steps[i + reach].smoothed - steps[i - reach].smoothed
    if (change < slope) [steepest, slope] = [steps[i].learningRate, change]
  }
  return { steepest, minimumTenth: steepest === null ? null : steps[least].learningRate / 10 }
}
