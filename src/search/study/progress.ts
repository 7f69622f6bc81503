import { decodeModel } from '../../io/model-file.js'
import type { MLP } from '../../model/mlp.js'
import type { SearchPlan } from '../plan.js'
import type { TrialModels } from '../store/folder.js'
import { bestTrial, isBetterTrial } from '../trial/ranking.js'
import { addTimings, type TaskRecord, type TrialResult } from '../trial/result.js'
import type { Study } from './study.js'

/** What has come of the tasks of a study: by trial, rung and fold. */
export class TaskLedger {
  readonly #folds: number
  /** trial -> fold -> in the order of rungs */
  readonly #records = new Map<number, TaskRecord[][]>()
  readonly #checkpoints = new Map<string, Uint8Array>()
  readonly #shares = new Map<number, number[]>()

  constructor(folds: number) {
    this.#folds = folds
  }

  add(record: TaskRecord): void {
    const { trial, fold, outcome, rung } = record
    const folds = this.#records.get(trial) ?? Array.from({ length: this.#folds }, () => [])
    this.#records.set(trial, folds)
    folds[fold] = [...folds[fold].filter((other) => other.rung < rung), record]
    if (outcome.state !== 'paused') this.#checkpoints.delete(`${trial} ${fold}`)
  }

  /** All tasks that are done for good. */
  ended(): TaskRecord[] {
    return [...this.#records.values()].flat(2).filter(({ outcome }) => outcome.state !== 'paused')
  }

  /** A fold that has ended is at the rung before again. */
  forgetEnd(trial: number, fold: number): void {
    const folds = this.#records.get(trial)
    if (folds) folds[fold] = folds[fold].filter(({ outcome }) => outcome.state === 'paused')
  }

  /** The record with the seconds of all the rungs before. */
  withAllSeconds(record: TaskRecord): TaskRecord {
    const { trial, fold, outcome } = record
    const before = this.#records
      .get(trial)
      ?.[fold].filter(({ rung }) => rung < record.rung)
      .at(-1)
    if (!before || outcome.timing === null) return record
    return { ...record, outcome: { ...outcome, timing: addTimings([before.outcome.timing, outcome.timing]) } }
  }

  /** Whether a task needs not be run: it has reached the rung, or its end before. */
  isDone(trial: number, fold: number, rung: number): boolean {
    return this.#at(trial, fold, rung) !== undefined
  }

  /** Whether all folds have reached the rung, or their end before. */
  has(trial: number, rung: number): boolean {
    return this.records(trial, rung).length === this.#folds
  }

  /** One for each fold that has reached the rung, or its end before. */
  records(trial: number, rung: number): TaskRecord[] {
    return Array.from({ length: this.#folds }, (_, fold) => this.#at(trial, fold, rung)).filter((found) => !!found)
  }

  /** Where a paused task goes on, in a study that is kept nowhere else. */
  keepCheckpoint(trial: number, fold: number, bytes: Uint8Array): void {
    this.#checkpoints.set(`${trial} ${fold}`, bytes)
  }

  checkpoint(trial: number, fold: number): Uint8Array | null {
    return this.#checkpoints.get(`${trial} ${fold}`) ?? null
  }

  /** @returns the share of the trial that is done, all its folds together */
  progress(trial: number, fold: number, share: number): number {
    const shares = this.#shares.get(trial) ?? Array.from({ length: this.#folds }, () => 0)
    this.#shares.set(trial, shares)
    shares[fold] = share
    return shares.reduce((sum, each) => sum + each, 0) / this.#folds
  }

  #at(trial: number, fold: number, rung: number): TaskRecord | undefined {
    const records = this.#records.get(trial)?.[fold] ?? []
    const last = records.filter((record) => record.rung <= rung).at(-1)
    return last && (last.rung === rung || last.outcome.state !== 'paused') ? last : undefined
  }
}

/** Collects what trials give, in whatever order they finish. */
export class StudyResults {
  readonly #plan: SearchPlan
  readonly #weights: readonly number[]
  readonly #trials = new Map<number, TrialResult>()
  readonly #models = new Map<number, MLP>()
  #best: TrialResult | null = null
  #bestModel: MLP | null = null

  /** @param weights share of each trial in the work of the study */
  constructor(plan: SearchPlan, weights: readonly number[]) {
    this.#plan = plan
    this.#weights = weights
  }

  get(trial: number): TrialResult | undefined {
    return this.#trials.get(trial)
  }

  /**
   * Takes over what an earlier process has finished. A trial whose model is to be kept, but is not there or is damaged, is
   * computed again.
   */
  async restore(earlier: readonly TrialResult[]): Promise<void> {
    const { folder, header, callbacks } = this.#plan
    if (!folder || earlier.length === 0) return
    let trials = [...earlier]
    if (header.keepModels && header.folds === 1) trials = await this.#withModels(trials)
    const best = bestTrial(trials, header)
    if (best && header.folds === 1) {
      this.#bestModel = await folder.readBest(best)
      if (this.#bestModel === null) trials = trials.filter((trial) => trial !== best)
    }
    this.#best = bestTrial(trials, header)
    await folder.restore(trials, this.#best)
    for (const result of trials) {
      this.#trials.set(result.trial, result)
      const event = { result, isBest: result === this.#best, model: null, weight: this.#weights[result.trial] }
      await callbacks.onTrialEnd({ ...event, finished: this.#trials.size, isEarlier: true })
    }
  }

  /** @param bytes the models of the trial's folds, as far as it gave any */
  async add(result: TrialResult, bytes: TrialModels): Promise<void> {
    const { callbacks, header, folder } = this.#plan
    const { trial } = result
    this.#trials.set(trial, result)
    const isBest = isBetterTrial(result, this.#best, header)
    const isKept = header.keepModels || (isBest && header.folds === 1)
    const own = header.folds === 1 ? bytes.get(0) : undefined
    const model = own && isKept ? decodeModel(own, `trial ${trial}`) : null
    await folder?.addTrial(result, isBest, isKept ? bytes : new Map())
    if (isBest) {
      this.#best = result
      this.#bestModel = model
    }
    if (header.keepModels && model) this.#models.set(trial, model)
    const event = { result, isBest, model, weight: this.#weights[trial] }
    await callbacks.onTrialEnd({ ...event, finished: this.#trials.size, isEarlier: false })
  }

  finish(): Pick<Study, 'best' | 'bestModel' | 'trials' | 'models'> {
    const trials = [...this.#trials.values()].sort((a, b) => a.trial - b.trial)
    return { best: this.#best, bestModel: this.#bestModel, trials, models: this.#models }
  }

  async #withModels(trials: readonly TrialResult[]): Promise<TrialResult[]> {
    const kept: TrialResult[] = []
    for (const result of trials) {
      const model = result.digest === null ? null : await this.#plan.folder!.readModel(result)
      if (model) this.#models.set(result.trial, model)
      if (model || result.digest === null) kept.push(result)
    }
    return kept
  }
}
