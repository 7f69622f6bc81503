import type { UpdateRule } from '../backend/backend.js'
import { NativeMlpError } from '../core/errors.js'
import { nextMacrotask, throwIfAborted } from '../core/event-loop.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { BatchSampler } from '../data/batches.js'
import type { MLP } from '../model/mlp.js'
import { refusedData } from '../model/slices.js'
import { packAll, type TrainingCheckpoint, type TrainingSettings, unpackAll } from './checkpoint.js'
import { CollapseProbe } from './collapse.js'
import { hasWaitedEnough, score } from './early-stopping.js'
import { SetEvaluator } from './evaluate.js'
import type { FitPlan } from './fit-options.js'
import type { FitResult } from './fit-result.js'
import { checkParameters, lossNotFinite, type Occasion } from './not-finite.js'
import { checkRule } from './optimizers.js'
import { settingsOf } from './resume.js'
import { TrainingStep } from './step.js'
import { firstState, NO_SUMS, type TrainingState } from './training-state.js'

/** One run of `fit`. */
export class Training {
  readonly #model: MLP
  readonly #plan: FitPlan
  readonly #sampler: BatchSampler
  readonly #step: TrainingStep
  readonly #evaluator: SetEvaluator
  readonly #probe: CollapseProbe
  readonly #state: TrainingState
  #settings: TrainingSettings | null = null
  #bestParameters: Float32Array | null = null
  #lastPause = 0
  #lastCheckpoint = 0
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
    this.#state = firstState(plan.resume)
    if (plan.resume) this.#restore(plan.resume)
  }

  async run(): Promise<FitResult> {
    const { epochs, stepsPerEpoch, batchSize, sets, callbacks, untilStep, checkpointEveryMs } = this.#plan
    const state = this.#state
    const totalSteps = epochs * stepsPerEpoch
    const end = Math.min(totalSteps, untilStep ?? totalSteps)
    const start = performance.now()
    this.#lastPause = start
    this.#lastCheckpoint = start
    const { step } = state
    await callbacks.onStart?.({ epochs, stepsPerEpoch, batchSize, totalSteps, step, rows: sets.train.rows.length })
    if (this.#plan.resume) await this.#catchUp()
    while (state.step < end && state.stopped === null) {
      if (this.#plan.signal?.aborted) await this.#abort()
      const pending = this.#trainOnce()
      // awaiting what is no promise would still cost a turn of the queue
      if (isPromise(pending)) await pending
      if (this.#isEvaluationDue()) await this.#evaluate()
      if (state.step % stepsPerEpoch === 0) await this.#endEpoch()
      const now = performance.now()
      const goesOn = state.step < end && state.stopped === null
      if (goesOn && now - this.#lastCheckpoint >= checkpointEveryMs) await this.#handOut()
      if (now - this.#lastPause >= this.#plan.yieldEveryMs) await this.#pause()
    }
    if (state.stopped === null && state.step < totalSteps) {
      await this.#handOut()
      state.stopped = 'paused'
    }
    return this.#finish(start)
  }

  #restore({ sampler, parameters, bestParameters }: TrainingCheckpoint): void {
    this.#sampler.restore(sampler)
    packAll(this.#model, parameters, this.#model.parameters)
    if (bestParameters) this.#bestParameters = packAll(this.#model, bestParameters, this.#model.snapshot())
  }

  /** What a run that was interrupted after a step, in its evaluation, has left to do for that step. */
  async #catchUp(): Promise<void> {
    const { step, history, epoch } = this.#state
    if (step === 0) return
    if (this.#isEvaluationDue() && history.at(-1)?.step !== step - 1) await this.#evaluate()
    if (step % this.#plan.stepsPerEpoch === 0 && epoch.rows > 0) await this.#endEpoch()
  }

  /** @throws NativeMlpError ABORTED */
  async #abort(): Promise<void> {
    await this.#handOut()
    throwIfAborted(this.#plan.signal, this.#place())
  }

  async #handOut(): Promise<void> {
    const { onCheckpoint } = this.#plan.callbacks
    if (!onCheckpoint) return
    await onCheckpoint({ checkpoint: this.#checkpoint() })
    this.#lastCheckpoint = performance.now()
  }

  #checkpoint(): TrainingCheckpoint {
    const { step, history, best, waiting, collapsed, epoch } = this.#state
    const model = this.#model
    this.#settings ??= settingsOf(model, this.#plan)
    return {
      family: { ...model.family },
      layers: [...model.layerSizes],
      settings: this.#settings,
      step,
      history: [...history],
      best: best === null ? null : history.indexOf(best),
      waiting: { ...waiting },
      collapsed,
      epoch: { ...epoch },
      sampler: this.#sampler.state(),
      parameters: unpackAll(model, model.parameters),
      bestParameters: this.#bestParameters && unpackAll(model, this.#bestParameters),
    }
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
    state.epoch.loss += loss * rows
    state.epoch.correct += correct
    state.epoch.rows += rows
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
    const state = this.#state
    const step = state.step - 1
    const start = performance.now()
    checkParameters(this.#model, this.#occasion(step))
    const { entry, deadShare } = await this.#measure(step)
    state.history.push(entry)
    const isBest = this.#select(entry)
    if (deadShare !== null) {
      state.collapsed = { step, deadShare }
      if (this.#plan.stopOnCollapse) state.stopped = 'collapsed'
    }
    this.#evaluationMs += performance.now() - start
    await this.#plan.callbacks.onEvaluation?.({ entry, isBest })
  }

  /** Changes nothing of the state, so that an evaluation is done whole or, when the signal fires in it, not at all. */
  async #measure(step: number): Promise<{ entry: HistoryEntry; deadShare: number | null }> {
    const { evaluateOn, sets, signal } = this.#plan
    const what = this.#place()
    try {
      const metrics: { [set: string]: SetMetrics } = {}
      for (const name of evaluateOn) {
        const { loss, accuracy } = await this.#evaluator.measure(sets[name]!, { name, signal, what })
        if (!Number.isFinite(loss)) throw lossNotFinite(`the loss of ${name}`, loss, -1, this.#occasion(step))
        metrics[name] = { loss, accuracy }
      }
      const deadShare = this.#state.collapsed ? null : await this.#probe.deadShare(signal, what)
      return { entry: { step, epoch: this.#epochOf(step), ...metrics }, deadShare }
    } catch (error) {
      if (error instanceof NativeMlpError && error.code === 'ABORTED') await this.#handOut()
      throw error
    }
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

  async #endEpoch(): Promise<void> {
    const state = this.#state
    const isClassifier = this.#model.loss === 'softmaxCrossEntropy'
    const event = {
      epoch: this.#epochOf(state.step - 1),
      steps: state.step,
      loss: state.epoch.loss / state.epoch.rows,
      accuracy: isClassifier ? state.epoch.correct / state.epoch.rows : Number.NaN,
    }
    state.epoch = { ...NO_SUMS }
    await this.#plan.callbacks.onEpoch?.(event)
  }

  async #pause(): Promise<void> {
    await nextMacrotask()
    this.#lastPause = performance.now()
  }

  async #finish(start: number): Promise<FitResult> {
    const state = this.#state
    // a paused run finds what is not finite where an unpaused one does
    if (state.stopped !== 'paused') checkParameters(this.#model, this.#occasion(state.step - 1))
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
