import { decodeModel } from '../io/model-file.js'
import type { MLP } from '../model/mlp.js'
import type { GridPoint } from './grid.js'
import { metricsOf, type StudyData, type TrialOutcome } from './run-trial.js'
import { runTrials } from './run-trials.js'
import { type GridSearchOptions, planSearch, type SearchPlan } from './search-plan.js'
import { compareTrials, competes } from './select.js'
import { shareData } from './shared-data.js'
import type { Study, TrialResult, TrialStartEvent } from './study.js'
import { hiddenSizes, type TrialConfig } from './trial-config.js'

/**
 * Trains a model for every point of a grid and says which is best. Trials run on worker threads, side by side, and share
 * the data, the split, the batch stream and, where they have the same shape, the initial parameters; so results depend
 * neither on the number of workers nor on their order. A trial that fails or whose hidden units die is marked with the
 * reason and does not compete; the study goes on.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION before anything is computed; ABORTED when the signal fires;
 *   BACKEND_UNAVAILABLE when workers cannot start
 */
export async function gridSearch(options: GridSearchOptions): Promise<Study> {
  const plan = planSearch(options)
  return await runStudy(plan, new URL('./trial-worker.js', import.meta.url))
}

/** @param entry the built trial-worker.js */
async function runStudy(plan: SearchPlan, entry: URL): Promise<Study> {
  const { header, points, callbacks, signal } = plan
  const start = performance.now()
  if (header.caution) process.emitWarning(header.caution, 'NativeMlpWarning')
  await callbacks.onStart?.(header)
  const results = new StudyResults(plan)
  const costs = points.map(({ config }) => trialCost(config, plan.data))
  const total = costs.reduce((sum, cost) => sum + cost, 0)
  const about = ({ trial, params }: GridPoint, worker: number): TrialStartEvent => {
    return { trial, params, worker, weight: costs[trial] / total }
  }
  await runTrials({
    entry,
    input: shareData(plan.data),
    points: largestFirst(points, costs),
    workers: header.workers,
    family: header.family,
    signal,
    onStart: (point, worker) => callbacks.onTrialStart?.(about(point, worker)),
    onEvaluation: (point, worker, entry, share) =>
      callbacks.onTrialProgress?.({ ...about(point, worker), entry, share }),
    onEnd: (point, worker, outcome) => results.add(point, worker, outcome),
  })
  return { ...header, ...results.finish(), seconds: (performance.now() - start) / 1000 }
}

/** A long trial started last would leave the other workers idle. */
function largestFirst(points: readonly GridPoint[], costs: readonly number[]): GridPoint[] {
  return [...points].sort((a, b) => costs[b.trial] - costs[a.trial] || a.trial - b.trial)
}

/** Roughly proportional to the time a trial takes: weights of its network x rows it trains on. */
function trialCost({ epochs = 10, batchSize = 128, stepsPerEpoch, hidden }: TrialConfig, { train }: StudyData): number {
  const sizes = [train.cols, ...hiddenSizes(hidden), train.classes || train.targetCols]
  const weights = sizes.slice(1).reduce((sum, size, l) => sum + size * sizes[l], 0)
  return weights * epochs * (stepsPerEpoch === undefined ? train.length : stepsPerEpoch * batchSize)
}

/** Collects what trials give, in whatever order they finish. */
class StudyResults {
  readonly #plan: SearchPlan
  readonly #trials: TrialResult[] = []
  readonly #models = new Map<number, MLP>()
  #best: TrialResult | null = null
  #bestModel: MLP | null = null

  constructor(plan: SearchPlan) {
    this.#plan = plan
  }

  async add({ trial, params, config }: GridPoint, worker: number, outcome: TrialOutcome): Promise<void> {
    const { keepModels, callbacks, header } = this.#plan
    const { state, reason, best, history, collapsed, steps, digest, timing, model: bytes } = outcome
    const result: TrialResult = {
      trial,
      params,
      state,
      ...(reason !== undefined && { reason }),
      ...(best && { bestStep: best.step }),
      ...metricsOf(best),
      config,
      history,
      collapsed,
      steps,
      digest,
      timing,
      worker,
    }
    this.#trials.push(result)
    const isBest = competes(result, header) && (!this.#best || compareTrials(result, this.#best, header) < 0)
    const model = bytes && (isBest || keepModels) ? decodeModel(bytes, `trial ${trial}`) : null
    if (isBest) {
      this.#best = result
      this.#bestModel = model
    }
    if (keepModels && model) this.#models.set(trial, model)
    await callbacks.onTrialEnd?.({ result, isBest, model, finished: this.#trials.length })
  }

  finish(): Pick<Study, 'best' | 'bestModel' | 'trials' | 'models'> {
    const trials = [...this.#trials].sort((a, b) => a.trial - b.trial)
    return { best: this.#best, bestModel: this.#bestModel, trials, models: this.#models }
  }
}
