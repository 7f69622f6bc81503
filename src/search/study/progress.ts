import { invalidFile, type NativeMlpError } from '../../core/errors.js'
import { decodeModel } from '../../io/model-bytes.js'
import type { MLP } from '../../model/mlp.js'
import type { SearchPlan } from '../plan.js'
import type { GridPoint } from '../space/grid.js'
import { rungStep } from '../space/halving.js'
import { type JournalEvent, type TaskLine, type TrialLine, taskRecord, trialOf } from '../store/codec.js'
import type { TrialModels } from '../store/folder.js'
import { bestTrial, isBetterTrial } from '../trial/ranking.js'
import { addTimings, type TaskRecord, type TrialResult } from '../trial/result.js'
import type { Study } from './study.js'

/** The recorded tasks of a study, by trial, rung and fold. */
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

  /** All folds that have ended. */
  ended(): TaskRecord[] {
    return [...this.#records.values()].flat(2).filter(({ outcome }) => outcome.state !== 'paused')
  }

  /** Puts a fold that has ended back to its last pause. */
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

  /** Whether a task has already reached the rung, or ended before it. */
  isDone(trial: number, fold: number, rung: number): boolean {
    return this.#at(trial, fold, rung) !== undefined
  }

  /** Whether all folds have reached the rung, or ended before it. */
  has(trial: number, rung: number): boolean {
    return this.records(trial, rung).length === this.#folds
  }

  /** One for each fold that has reached the rung, or ended before it. */
  records(trial: number, rung: number): TaskRecord[] {
    return Array.from({ length: this.#folds }, (_, fold) => this.#at(trial, fold, rung)).filter((found) => !!found)
  }

  /** Keeps the checkpoint of a paused task in memory, for a study without a folder. */
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

/** Collects the results of trials in any order. */
export class StudyResults {
  readonly #plan: SearchPlan
  readonly #weightOf: (trial: number) => number
  readonly #trials = new Map<number, TrialResult>()
  readonly #models = new Map<number, MLP>()
  #best: TrialResult | null = null
  #bestModel: MLP | null = null

  /** @param weightOf share of a trial in the work of the study */
  constructor(plan: SearchPlan, weightOf: (trial: number) => number) {
    this.#plan = plan
    this.#weightOf = weightOf
  }

  get(trial: number): TrialResult | undefined {
    return this.#trials.get(trial)
  }

  /**
   * Takes over the trials that an earlier process has finished. A trial whose model is needed but missing or damaged is
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
      const event = { result, isBest: result === this.#best, model: null, weight: this.#weightOf(result.trial) }
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
    const event = { result, isBest, model, weight: this.#weightOf(trial) }
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

/**
 * The trials that an earlier process has finished, according to the journal. Of repeated entries the last counts; a trial
 * with missing entries is computed again, and with strategy 'tpe' those whose points follow from it.
 *
 * @param ledger takes over the tasks
 * @throws NativeMlpError INVALID_FILE for what the study cannot have done
 */
export function earlierTrials(plan: SearchPlan, events: readonly JournalEvent[], ledger: TaskLedger): TrialResult[] {
  const lines = new Map<number, TrialLine[]>()
  for (const event of events) {
    if (event.event !== 'task' && event.event !== 'trial') continue
    checkEvent(plan, event)
    if (event.event === 'task') ledger.add(taskRecord(event))
    else lines.set(event.trial, [...(lines.get(event.trial) ?? []), event])
  }
  const trials: TrialResult[] = []
  for (const trial of [...lines.keys()].sort((a, b) => a - b)) {
    const point = plan.sampler.ask()[trial]
    if (point === undefined) continue
    const result = trialOf(lastOf(plan, lines.get(trial)!, point), point)
    if (!isWhole(plan, point, result, ledger)) continue
    plan.sampler.tell(result)
    trials.push(result)
  }
  return trials
}

/** The last entry of a trial. */
function lastOf(plan: SearchPlan, lines: readonly TrialLine[], point: GridPoint): TrialLine {
  for (const [i, { config, trial, digest }] of lines.entries()) {
    if (!isSame(config, point)) {
      throw journalProblem(plan, `trial ${trial} with another configuration than this version of native-mlp gives it`)
    }
    if (i > 0 && lines[i - 1].digest !== digest) warnOfTwoDigests(trial)
  }
  return lines[lines.length - 1]
}

function journalProblem({ folder }: SearchPlan, words: string): NativeMlpError {
  return invalidFile(folder!.file('journal'), `tells of ${words}; begin a new study`)
}

function checkEvent(plan: SearchPlan, event: TaskLine | TrialLine): void {
  const { folds, header } = plan
  const { rungs } = plan.pruner
  const problem = (words: string) => journalProblem(plan, words)
  const { trial } = event
  if (trial >= header.size) throw problem(`trial ${trial} of a study that has ${header.size}`)
  if ((event.rung ?? 0) >= rungs.length) throw problem(`rung ${event.rung} of a study that has ${rungs.length}`)
  if (event.event === 'task') {
    if (event.fold >= folds.length) throw problem(`fold ${event.fold} of a study that has ${folds.length}`)
    return
  }
  const count = event.folds?.length ?? 1
  if (count !== folds.length) throw problem(`${count} folds of trial ${trial} in a study that has ${folds.length}`)
}

/** In any order of the keys. */
function isSame(config: TrialLine['config'], point: GridPoint): boolean {
  const [a, b] = [config, point.config].map((each) =>
    Object.entries(each)
      .filter(([, value]) => value !== undefined)
      .sort(([x], [y]) => (x < y ? -1 : 1)),
  )
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The pruner needs the metrics of a trial at every rung. */
function isWhole(
  { pruner, folds }: SearchPlan,
  { config }: GridPoint,
  result: TrialResult,
  ledger: TaskLedger,
): boolean {
  return pruner.rungs.every((rung) => {
    if (ledger.has(result.trial, rung.rung)) return true
    const parts = result.folds ?? [result]
    return parts.every(({ steps, history }, fold) => {
      const until = rungStep(rung, config, folds[fold].train.length)
      const reached = Math.max(steps ?? 0, (history.at(-1)?.step ?? -1) + 1)
      return until === null || reached <= until
    })
  })
}

function warnOfTwoDigests(trial: number): void {
  const problem = `trial ${trial} was computed twice with different results; a machine or its data is faulty`
  process.emitWarning(problem, 'NativeMlpWarning')
}

/**
 * The finished trials of a study with folds and `keepModels`, without those that miss the model of a fold, or have a damaged
 * one: such folds are computed again.
 *
 * @param ledger forgets these folds
 */
export async function withKeptFolds(
  { folder, header }: SearchPlan,
  trials: readonly TrialResult[],
  ledger: TaskLedger,
): Promise<readonly TrialResult[]> {
  if (!folder || !header.keepModels || header.folds === 1) return trials
  const isLost = async (trial: number, fold: number, digest: string | null) => {
    if (digest === null || (await folder.readModel({ trial, digest }, fold))) return false
    ledger.forgetEnd(trial, fold)
    return true
  }
  const whole: TrialResult[] = []
  for (const result of trials) {
    let lost = 0
    for (const [fold, { digest }] of result.folds!.entries()) if (await isLost(result.trial, fold, digest)) lost++
    if (lost === 0) whole.push(result)
  }
  const finished = new Set(trials.map(({ trial }) => trial))
  for (const { trial, fold, outcome } of ledger.ended()) {
    if (!finished.has(trial)) await isLost(trial, fold, outcome.digest)
  }
  return whole
}
