import type { StepValues } from '../backend/program.js'
import type { UpdateRule } from '../backend/rules.js'
import { NativeMlpError } from '../core/errors.js'
import { nextMacrotask, throwIfAborted } from '../core/event-loop.js'
import { isOnRequest } from '../core/metrics.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { nowMs } from '../core/timers.js'
import { BatchSampler } from '../data/batches.js'
import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import { refusedData } from '../model/slices.js'
import { isBetterEvaluation, score } from './best.js'
import { checkpointOf, packAll, type TrainingCheckpoint, type TrainingSettings, unpackSlots } from './checkpoint.js'
import { learnMeaning } from './class-names.js'
import { CollapseProbe } from './collapse.js'
import { isPatienceOver } from './early-stopping.js'
import { SetEvaluator } from './evaluate.js'
import type { FitPlan } from './fit-plan.js'
import type { FitResult, FitTiming } from './fit-result.js'
import { checkParameters, type FailureContext, lossNotFinite } from './not-finite.js'
import { AVERAGE_SLOT, slotNames, slotOf, slotsFor } from './optimizers.js'
import { firstState, settingsOf } from './resume.js'
import { rowWeightsOf } from './row-weights.js'
import type { SharedPrograms } from './shared-programs.js'
import { TrainingStep } from './step.js'
import { StepRules } from './step-rules.js'
import { partsOf, type StepKeys, stepKeysOf, stepValuesOf, usesStepValues } from './step-values.js'
import { NO_SUMS, type TrainingState } from './training-state.js'

interface Measured {
  readonly entry: HistoryEntry
  readonly deadShare: number | null
}

/** One run of `fit`, in one call (`run`), or step by step: `begin`, `advance` until `isOver`, `finish`. */
export class Training {
  readonly #model: MLP
  readonly #plan: FitPlan
  readonly #sampler: BatchSampler
  readonly #step: TrainingStep
  readonly #evaluator: SetEvaluator
  readonly #probe: CollapseProbe
  readonly #state: TrainingState
  readonly #totalSteps: number
  /** last step of this run, unless it stops early */
  readonly #end: number
  #settings: TrainingSettings | null = null
  #bestParameters: Float32Array | null = null
  #lastCheckpoint = 0
  #spentMs = 0
  #evaluationMs = 0
  readonly #rules: StepRules
  readonly #keys: StepKeys
  readonly #slotNames: readonly string[]
  /** state of the optimiser and the average of the parameters, one slot after the other */
  readonly #slots: Float32Array | null
  /** of the parameters: what is evaluated and kept; null: the parameters themselves */
  readonly #average: Float32Array | null
  readonly #hasStepValues: boolean

  /** @param shared programs shared with other runs that train in turn with this one */
  constructor(model: MLP, plan: FitPlan, shared?: SharedPrograms) {
    const { train } = plan.sets
    this.#model = model
    this.#plan = plan
    this.#sampler = new BatchSampler({
      rows: train.rows,
      batchSize: plan.batchSize,
      mode: plan.sampling,
      seed: plan.seed,
    })
    const step = plan.resume?.step ?? 0
    this.#rules = new StepRules(plan, step)
    this.#slotNames = slotNames(this.#rules.first, plan)
    this.#slots = slotsFor(model, this.#slotNames)
    const average = this.#slotNames.indexOf(AVERAGE_SLOT)
    this.#average = average < 0 ? null : slotOf(this.#slots!, average, model)
    this.#step = new TrainingStep(model, train, plan.batchSize, {
      slots: this.#slots,
      parts: partsOf(plan),
      average: this.#average,
      rowWeights: rowWeightsOf(model, train, plan),
      augmentation: plan.augmentation,
      shared,
    })
    this.#hasStepValues = usesStepValues(plan)
    this.#evaluator = new SetEvaluator(model)
    this.#probe = new CollapseProbe(model, train)
    this.#state = firstState(plan.resume)
    this.#totalSteps = plan.epochs * plan.stepsPerEpoch
    this.#end = Math.min(this.#totalSteps, plan.untilStep ?? this.#totalSteps)
    this.#keys = stepKeysOf(plan.seed)
    if (plan.resume) this.#restore(plan.resume)
    this.#rules.observe(this.#state.history)
  }

  /** Trains to the end. */
  async run(): Promise<FitResult> {
    await this.begin()
    let lastPause = nowMs()
    while (!this.isOver) {
      const pending = this.advance()
      // await costs a microtask even without a promise
      if (pending) await pending
      if (nowMs() - lastPause < this.yieldEveryMs) continue
      lastPause = await this.#pause()
    }
    return await this.finish()
  }

  get yieldEveryMs(): number {
    return this.#plan.yieldEveryMs
  }

  /** steps done */
  get steps(): number {
    return this.#state.step
  }

  /** True when only `finish` remains to be called. */
  get isOver(): boolean {
    return this.#state.stopped !== null || this.#state.step >= this.#end
  }

  /** Call once, first. */
  async begin(): Promise<void> {
    const { epochs, stepsPerEpoch, batchSize, sets, callbacks } = this.#plan
    const start = nowMs()
    this.#lastCheckpoint = start
    const { step } = this.#state
    learnMeaning(this.#model, sets.train)
    const rows = sets.train.rows.length
    await callbacks.onStart?.({ epochs, stepsPerEpoch, batchSize, totalSteps: this.#totalSteps, step, rows })
    if (this.#plan.resume) await this.#catchUp()
    this.#spentMs += nowMs() - start
  }

  /**
   * One step with its evaluation and callbacks.
   *
   * @returns a promise only if there is something to wait for
   */
  advance(): Promise<void> | undefined {
    const start = nowMs()
    if (this.#plan.signal?.aborted) return this.#abort()
    const pending = this.#step.isShort(this.#plan.batchSize) ? this.#trainOnce() : this.#trainInParts()
    const isDue = this.#isEvaluationDue() || this.#isEpochOver() || this.#isCheckpointDue(start)
    if (isDue || isPromise(pending)) return this.#complete(pending, start)
    this.#spentMs += nowMs() - start
  }

  async #complete(pending: unknown, start: number): Promise<void> {
    if (isPromise(pending)) await pending
    if (this.#isEvaluationDue()) await this.#evaluate()
    if (this.#isEpochOver()) await this.#endEpoch()
    if (this.#isCheckpointDue(nowMs())) await this.#handOut()
    this.#spentMs += nowMs() - start
  }

  /** Call once, at the end. */
  async finish(): Promise<FitResult> {
    const start = nowMs()
    const state = this.#state
    if (state.stopped === null && state.step < this.#totalSteps) {
      await this.#handOut()
      state.stopped = 'paused'
    }
    // a paused run is checked later, at the same step as an unpaused one
    if (state.stopped !== 'paused') checkParameters(this.#model, this.#context(state.step - 1))
    if (this.#bestParameters) this.#model.restore(this.#bestParameters)
    else if (this.#average && state.stopped !== 'paused') this.#model.restore(this.#average)
    const { history, best, step, stopped, collapsed } = state
    const total = this.#spentMs + nowMs() - start
    const timing = timingOf(total, this.#evaluationMs)
    const result: FitResult = { history, best, steps: step, stopped: stopped ?? 'completed', collapsed, timing }
    await this.#plan.callbacks.onEnd?.(result)
    return result
  }

  #restore({ sampler, parameters, bestParameters, slots }: TrainingCheckpoint): void {
    this.#sampler.restore(sampler)
    packAll(this.#model, parameters, this.#model.parameters)
    if (bestParameters) this.#bestParameters = packAll(this.#model, bestParameters, this.#model.snapshot())
    this.#slotNames.forEach((name, s) => {
      packAll(this.#model, slots[name], slotOf(this.#slots!, s, this.#model))
    })
  }

  /** Completes the evaluation of the last step if the run was interrupted in it. */
  async #catchUp(): Promise<void> {
    const { step, history, epoch } = this.#state
    if (step === 0) return
    if (this.#isEvaluationDue() && history.at(-1)?.step !== step - 1) await this.#evaluate()
    if (this.#isEpochOver() && epoch.rows > 0) await this.#endEpoch()
  }

  /** @throws NativeMlpError ABORTED */
  async #abort(): Promise<void> {
    await this.#handOut()
    throwIfAborted(this.#plan.signal, this.#place())
  }

  async #handOut(): Promise<void> {
    const { onCheckpoint } = this.#plan.callbacks
    if (!onCheckpoint) return
    this.#settings ??= settingsOf(this.#model, this.#plan)
    const best = this.#bestParameters
    const slots = unpackSlots(this.#model, this.#slotNames, this.#slots)
    const checkpoint = checkpointOf(this.#model, this.#settings, this.#state, this.#sampler, best, slots)
    await onCheckpoint({ checkpoint })
    this.#lastCheckpoint = nowMs()
  }

  /** One step on the next batch. @returns the promise of onStep, if any */
  #trainOnce(): unknown {
    const rowIndices = this.#sampler.next()
    return this.#record(this.#compute(rowIndices, this.#rules.at(this.#state.step)), rowIndices.length)
  }

  /** The same for a long step. An abort before it updates leaves the state as if it had not begun. */
  async #trainInParts(): Promise<void> {
    const before = this.#sampler.state()
    const rowIndices = this.#sampler.next()
    const rule = this.#rules.at(this.#state.step)
    const what = this.#place()
    let loss: number
    try {
      loss = await this.#step.runInParts(rowIndices, rule, {
        values: this.#stepValues(),
        epoch: this.#epochOf(this.#state.step),
        signal: this.#plan.signal,
        what,
      })
    } catch (error) {
      if (isAbort(error)) {
        this.#sampler.restore(before)
        await this.#handOut()
      }
      throw refusedData(error, what, rowIndices.length)
    }
    await this.#record(loss, rowIndices.length)
  }

  /** @returns the promise of onStep, if any */
  #record(loss: number, rows: number): unknown {
    const state = this.#state
    if (!Number.isFinite(loss)) {
      throw lossNotFinite('the training loss', loss, this.#step.firstLayerNotFinite(), this.#context(state.step))
    }
    const { correct } = this.#step
    state.epoch.loss += loss * rows
    state.epoch.correct += correct
    state.epoch.rows += rows
    const { onStep } = this.#plan.callbacks
    const step = state.step++
    if (onStep) return onStep({ step, epoch: this.#epochOf(step), rows, loss, correct })
  }

  /** undefined where nothing of them is used */
  #stepValues(): StepValues | undefined {
    if (!this.#hasStepValues) return undefined
    return stepValuesOf(this.#plan, this.#keys, this.#state.step, this.#totalSteps)
  }

  #compute(rowIndices: Int32Array, rule: UpdateRule): number {
    try {
      const { step } = this.#state
      return this.#step.run(rowIndices, rule, this.#stepValues(), this.#epochOf(step))
    } catch (error) {
      throw refusedData(error, this.#place(), rowIndices.length)
    }
  }

  /** Whether the sets are evaluated after the current step. */
  #isEvaluationDue(): boolean {
    const { evaluateEvery, stepsPerEpoch } = this.#plan
    const stepOfEpoch = (this.#state.step - 1) % stepsPerEpoch
    return evaluateEvery === null ? stepOfEpoch === stepsPerEpoch - 1 : stepOfEpoch % evaluateEvery === 0
  }

  #isEpochOver(): boolean {
    return this.#state.step % this.#plan.stepsPerEpoch === 0
  }

  /** At the end of a run there is nothing to go on with, or `finish` hands it out. */
  #isCheckpointDue(now: number): boolean {
    return !this.isOver && now - this.#lastCheckpoint >= this.#plan.checkpointEveryMs
  }

  async #evaluate(): Promise<void> {
    const state = this.#state
    const step = state.step - 1
    const start = nowMs()
    checkParameters(this.#model, this.#context(step))
    const { entry, deadShare, isBest } = await this.#measureOrHandOut(step)
    if (deadShare !== null) {
      state.collapsed = { step, deadShare }
      if (this.#plan.stopOnCollapse) state.stopped = 'collapsed'
    }
    this.#evaluationMs += nowMs() - start
    await this.#plan.callbacks.onEvaluation?.({ entry, isBest })
  }

  async #measureOrHandOut(step: number): Promise<Measured & { isBest: boolean }> {
    try {
      return await this.#measureAverage(step)
    } catch (error) {
      if (isAbort(error)) await this.#handOut()
      throw error
    }
  }

  /** Evaluates the average of the parameters where there is one, else the parameters, and keeps the best. */
  async #measureAverage(step: number): Promise<Measured & { isBest: boolean }> {
    this.#swapAverage()
    try {
      const { entry, deadShare } = await this.#measure(step)
      this.#state.history.push(entry)
      const isBest = this.#select(entry)
      this.#rules.observe(this.#state.history)
      return { entry, deadShare, isBest }
    } finally {
      this.#swapAverage()
    }
  }

  /** Exchanges the parameters of the model and their average. */
  #swapAverage(): void {
    if (this.#average === null) return
    const { parameters } = this.#model
    const kept = Float32Array.from(parameters)
    parameters.set(this.#average)
    this.#average.set(kept)
  }

  /** Changes nothing of the state, so that an evaluation is done whole or, when the signal fires in it, not at all. */
  async #measure(step: number): Promise<Measured> {
    const { evaluateOn, sets, signal, selectBy, evaluationWeights } = this.#plan
    const what = this.#place()
    const onRequest = isOnRequest(selectBy) ? [selectBy] : []
    const metrics: { [set: string]: SetMetrics } = {}
    for (const name of evaluateOn) {
      const options = { name, signal, what, metrics: onRequest, weights: evaluationWeights[name] }
      const { loss, accuracy, values } = await this.#evaluator.measure(sets[name]!, options)
      if (!Number.isFinite(loss)) throw lossNotFinite(`the loss of ${name}`, loss, -1, this.#context(step))
      metrics[name] = { loss, accuracy, ...values }
    }
    const deadShare = this.#state.collapsed ? null : await this.#probe.deadShare(signal, what)
    return { entry: { step, epoch: this.#epochOf(step), ...metrics }, deadShare }
  }

  /** Keeps the parameters when this is the best validation so far, and decides about early stopping. */
  #select(entry: HistoryEntry): boolean {
    if (entry.valid === undefined) return false
    const state = this.#state
    const { keepBest, selectBy } = this.#plan
    const isBest = isBetterEvaluation(entry, state.best, selectBy)
    if (isBest) {
      state.best = entry
      if (keepBest) this.#bestParameters = this.#model.snapshot(this.#bestParameters ?? undefined)
    }
    if (isPatienceOver(state.patience, score(entry, selectBy), this.#plan)) state.stopped = 'early'
    return isBest
  }

  async #endEpoch(): Promise<void> {
    const state = this.#state
    const { hasAccuracy } = LOSS_INFO[this.#model.loss]
    const event = {
      epoch: this.#epochOf(state.step - 1),
      steps: state.step,
      loss: state.epoch.loss / state.epoch.rows,
      accuracy: hasAccuracy ? state.epoch.correct / state.epoch.rows : Number.NaN,
    }
    state.epoch = { ...NO_SUMS }
    await this.#plan.callbacks.onEpoch?.(event)
  }

  /** @returns time at its end */
  async #pause(): Promise<number> {
    const start = nowMs()
    await nextMacrotask()
    const end = nowMs()
    this.#spentMs += end - start
    return end
  }

  #epochOf(step: number): number {
    return Math.floor(step / this.#plan.stepsPerEpoch)
  }

  /** Names the run and its step, for errors. */
  #place(): string {
    return `fit at step ${this.#state.step}`
  }

  #context(step: number): FailureContext {
    return { step, optimizer: this.#plan.optimizer.config, train: this.#plan.sets.train }
  }
}

/** Milliseconds to seconds. */
function timingOf(total: number, evaluation: number): FitTiming {
  return { total: total / 1000, training: (total - evaluation) / 1000, evaluation: evaluation / 1000 }
}

function isAbort(error: unknown): boolean {
  return error instanceof NativeMlpError && error.code === 'ABORTED'
}

function isPromise(value: unknown): boolean {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
