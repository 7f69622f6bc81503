import type { UpdateRule } from '../backend/backend.js'
import { nextMacrotask, throwIfAborted } from '../core/event-loop.js'
import type { Collapse, HistoryEntry, SetMetrics } from '../core/results.js'
import { BatchSampler } from '../data/batches.js'
import type { MLP } from '../model/mlp.js'
import { refusedData } from '../model/slices.js'
import { CollapseProbe } from './collapse.js'
import { hasWaitedEnough, score, type Waiting } from './early-stopping.js'
import { SetEvaluator } from './evaluate.js'
import type { FitPlan } from './fit-options.js'
import type { FitResult, StopReason } from './fit-result.js'
import { checkParameters, lossNotFinite, type Occasion } from './not-finite.js'
import { checkRule } from './optimizers.js'
import { TrainingStep } from './step.js'

/** Everything a run knows beside the model, its best parameters and the batch stream, as plain data. */
export interface TrainingState {
  /** steps done */
  step: number
  readonly history: HistoryEntry[]
  best: HistoryEntry | null
  readonly waiting: Waiting
  collapsed: Collapse | null
  stopped: StopReason | null
  /** sums over the steps of the current epoch */
  epochLoss: number
  epochCorrect: number
  epochRows: number
}

/** One run of `fit`. */
export class Training {
  readonly #model: MLP
  readonly #plan: FitPlan
  readonly #sampler: BatchSampler
  readonly #step: TrainingStep
  readonly #evaluator: SetEvaluator
  readonly #probe: CollapseProbe
  readonly #state: TrainingState
  #bestParameters: Float32Array | null = null
  #lastPause = 0
  #evaluationMs = 0
  #lastRule: UpdateRule | null = null

  constructor(model: MLP, plan: FitPlan) {
    const { train } = plan.sets
    this.#model = model
    this.#plan = plan
    this.#sampler = new BatchSampler({
      rows: train.rows,
      batchSize: plan.batchSize,
      mode: plan.sampling,
      seed: plan.seed,
    })
    this.#step = new TrainingStep(model, train, plan.batchSize)
    this.#evaluator = new SetEvaluator(model)
    this.#probe = new CollapseProbe(model, train)
    this.#state = {
      step: 0,
      history: [],
      best: null,
      waiting: { reference: null, evaluations: 0 },
      collapsed: null,
      stopped: null,
      epochLoss: 0,
      epochCorrect: 0,
      epochRows: 0,
    }
  }

  async run(): Promise<FitResult> {
    const { epochs, stepsPerEpoch, batchSize, sets, callbacks } = this.#plan
    const state = this.#state
    const totalSteps = epochs * stepsPerEpoch
    const start = performance.now()
    this.#lastPause = start
    await callbacks.onStart?.({ epochs, stepsPerEpoch, batchSize, totalSteps, rows: sets.train.rows.length })
    while (state.step < totalSteps && state.stopped === null) {
      throwIfAborted(this.#plan.signal, this.#place())
      const pending = this.#trainOnce()
      // awaiting what is no promise would still cost a turn of the queue
      if (isPromise(pending)) await pending
      if (this.#isEvaluationDue()) await this.#evaluate()
      if (state.step % stepsPerEpoch === 0) await this.#endEpoch()
      if (performance.now() - this.#lastPause >= this.#plan.yieldEveryMs) await this.#pause()
    }
    return this.#finish(start)
  }

  /** @returns what onStep has to finish, if anything */
  #trainOnce(): unknown {
    const state = this.#state
    const rowIndices = this.#sampler.next()
    const loss = this.#compute(rowIndices, this.#rule(state.step))
    if (!Number.isFinite(loss)) {
      throw lossNotFinite('the training loss', loss, this.#step.firstNonFiniteLayer(), this.#occasion(state.step))
    }
    const { correct } = this.#step
    const rows = rowIndices.length
    state.epochLoss += loss * rows
    state.epochCorrect += correct
    state.epochRows += rows
    const { onStep } = this.#plan.callbacks
    const step = state.step++
    if (onStep) return onStep({ step, epoch: this.#epochOf(step), rows, loss, correct })
  }

  #rule(step: number): UpdateRule {
    const rule = this.#plan.optimizer.rule(step)
    // mostly one object for all steps
    if (rule !== this.#lastRule) this.#lastRule = checkRule(rule, step)
    return rule
  }

  #compute(rowIndices: Int32Array, rule: UpdateRule): number {
    try {
      return this.#step.run(rowIndices, rule)
    } catch (error) {
      throw refusedData(error, this.#place())
    }
  }

  /** Whether the step just done is one after which the sets are evaluated. */
  #isEvaluationDue(): boolean {
    const { evaluateEvery, stepsPerEpoch } = this.#plan
    const stepOfEpoch = (this.#state.step - 1) % stepsPerEpoch
    return evaluateEvery === null ? stepOfEpoch === stepsPerEpoch - 1 : stepOfEpoch % evaluateEvery === 0
  }

  async #evaluate(): Promise<void> {
    const { evaluateOn, sets, signal, callbacks } = this.#plan
    const state = this.#state
    const step = state.step - 1
    const start = performance.now()
    checkParameters(this.#model, this.#occasion(step))
    const metrics: { [set: string]: SetMetrics } = {}
    for (const name of evaluateOn) {
      const { loss, accuracy } = await this.#evaluator.measure(sets[name]!, { name, signal, what: this.#place() })
      if (!Number.isFinite(loss)) throw lossNotFinite(`the loss of ${name}`, loss, -1, this.#occasion(step))
      metrics[name] = { loss, accuracy }
    }
    const entry: HistoryEntry = { step, epoch: this.#epochOf(step), ...metrics }
    state.history.push(entry)
    const isBest = this.#select(entry)
    await this.#lookForCollapse(step)
    this.#evaluationMs += performance.now() - start
    await callbacks.onEvaluation?.({ entry, isBest })
  }

  /** Keeps the parameters when this is the best validation so far, and decides about early stopping. */
  #select(entry: HistoryEntry): boolean {
    if (entry.valid === undefined) return false
    const state = this.#state
    const { earlyStopping, keepBest } = this.#plan
    const isBest = state.best === null || score(entry) > score(state.best)
    if (isBest) {
      state.best = entry
      if (keepBest) this.#bestParameters = this.#model.snapshot(this.#bestParameters ?? undefined)
    }
    if (earlyStopping && hasWaitedEnough(state.waiting, score(entry), earlyStopping)) state.stopped = 'early'
    return isBest
  }

  async #lookForCollapse(step: number): Promise<void> {
    if (this.#state.collapsed) return
    const deadShare = await this.#probe.deadShare(this.#plan.signal, this.#place())
    if (deadShare === null) return
    this.#state.collapsed = { step, deadShare }
    if (this.#plan.stopOnCollapse) this.#state.stopped = 'collapsed'
  }

  async #endEpoch(): Promise<void> {
    const state = this.#state
    const isClassifier = this.#model.loss === 'softmaxCrossEntropy'
    const event = {
      epoch: this.#epochOf(state.step - 1),
      steps: state.step,
      loss: state.epochLoss / state.epochRows,
      accuracy: isClassifier ? state.epochCorrect / state.epochRows : Number.NaN,
    }
    state.epochLoss = 0
    state.epochCorrect = 0
    state.epochRows = 0
    await this.#plan.callbacks.onEpoch?.(event)
  }

  async #pause(): Promise<void> {
    await nextMacrotask()
    this.#lastPause = performance.now()
  }

  async #finish(start: number): Promise<FitResult> {
    const state = this.#state
    checkParameters(this.#model, this.#occasion(state.step - 1))
    if (this.#bestParameters) this.#model.restore(this.#bestParameters)
    const total = performance.now() - start
    const result: FitResult = {
      history: state.history,
      best: state.best,
      steps: state.step,
      stopped: state.stopped ?? 'completed',
      collapsed: state.collapsed,
      timing: {
        total: total / 1000,
        training: (total - this.#evaluationMs) / 1000,
        evaluation: this.#evaluationMs / 1000,
      },
    }
    await this.#plan.callbacks.onEnd?.(result)
    return result
  }

  #epochOf(step: number): number {
    return Math.floor(step / this.#plan.stepsPerEpoch)
  }

  /** What is interrupted when the signal fires, by the steps done until then. */
  #place(): string {
    return `fit at step ${this.#state.step}`
  }

  #occasion(step: number): Occasion {
    const { learningRate, l2 } = this.#plan.optimizer
    return { step, learningRate, l2 }
  }
}

function isPromise(value: unknown): boolean {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
