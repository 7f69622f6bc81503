import { decodeModel } from '../../io/model-file.js'
import type { MLP } from '../../model/mlp.js'
import type { SearchPlan } from '../plan.js'
import type { TrialModels } from '../store/folder.js'
import { compareTrials, competes } from '../trial/ranking.js'
import type { Study, TrialResult } from './study.js'

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
    const [best] = trials.filter((trial) => competes(trial, header)).sort((a, b) => compareTrials(a, b, header))
    if (best && header.folds === 1) {
      this.#bestModel = await folder.readBest(best)
      if (this.#bestModel === null) trials = trials.filter((trial) => trial !== best)
    }
    this.#best = (best && trials.includes(best) ? best : this.#bestOf(trials)) ?? null
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
    const isBest = competes(result, header) && (!this.#best || compareTrials(result, this.#best, header) < 0)
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

  #bestOf(trials: readonly TrialResult[]): TrialResult | undefined {
    const { header } = this.#plan
    return trials.filter((trial) => competes(trial, header)).sort((a, b) => compareTrials(a, b, header))[0]
  }
}
