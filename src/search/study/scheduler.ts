import { checking, displayedShare } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { nowMs } from '../../core/timers.js'
import { batchSizeOf, completed } from '../../train/config.js'
import { hiddenSizes } from '../../train/hyper-parameter-kinds.js'
import type { SearchPlan } from '../plan.js'
import type { GridPoint } from '../space/grid.js'
import { type Rung, type RungResult, rungStep } from '../space/halving.js'
import type { TrialConfig } from '../space/parameters.js'
import { LocalExecutor } from '../threads/executor.js'
import { prunedResult, rungResult, trialResult } from '../trial/result.js'
import { openCheckpoint, type StudyData } from '../trial/run-task.js'
import { checkOutcome, type Executor, type TrialOutcome, type TrialTask } from '../trial/task.js'
import { earlierTrials, StudyResults, TaskLedger, withKeptFolds } from './progress.js'
import type { Study } from './study.js'

/** A task and where it belongs. */
interface Work {
  readonly point: GridPoint
  readonly rung: number
  readonly task: TrialTask
}

/**
 * Runs a study: hands its tasks to an executor, the largest first, and records their outcomes. The results depend on the plan
 * alone.
 */
export class StudyScheduler {
  readonly #plan: SearchPlan
  readonly #weights: readonly number[]
  readonly #costs: readonly number[]
  readonly #results: StudyResults
  readonly #ledger: TaskLedger
  #stopped: { readonly reason: unknown } | null = null
  #executor: Executor | null = null
  /** serialises the writing of outcomes */
  #turn: Promise<void> = Promise.resolve()

  constructor(plan: SearchPlan) {
    this.#plan = plan
    this.#costs = plan.points.map(({ config }) => trialCost(config, plan.folds[0]))
    const total = this.#costs.reduce((sum, cost) => sum + cost, 0)
    this.#weights = this.#costs.map((cost) => cost / total)
    this.#results = new StudyResults(plan, this.#weights)
    this.#ledger = new TaskLedger(plan.folds.length)
  }

  /** @throws NativeMlpError ABORTED when the signal fires; what the executor, the folder or a callback throws */
  async run(): Promise<Study> {
    const { header, callbacks, folder, signal, pruner } = this.#plan
    const start = nowMs()
    throwIfAborted(signal)
    const events = folder ? await folder.begin(header) : []
    await callbacks.onStart(header)
    const earlier = earlierTrials(this.#plan, events, this.#ledger)
    await this.#results.restore(await withKeptFolds(this.#plan, earlier, this.#ledger))
    const onAbort = () => this.#stop(abortedBy(signal))
    signal?.addEventListener('abort', onAbort)
    try {
      throwIfAborted(signal)
      this.#executor = await this.#openExecutor()
      let alive: readonly GridPoint[] = this.#plan.points
      for (const rung of pruner.rungs) alive = await this.#runRung(rung, alive)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      await this.#executor?.close()
    }
    return { ...header, ...this.#results.finish(), seconds: (nowMs() - start) / 1000 }
  }

  async #openExecutor(): Promise<Executor> {
    const { executor, header, folds, stack } = this.#plan
    if (executor) return checkExecutor(await executor(header))
    return new LocalExecutor({ folds, workers: header.workers, family: header.family, stack })
  }

  /** @returns the points that continue in the next rung */
  async #runRung(rung: Rung, alive: readonly GridPoint[]): Promise<readonly GridPoint[]> {
    const { pruner, folds } = this.#plan
    const works = alive.flatMap((point) =>
      folds.map(({ train }, fold): Work => {
        const untilStep = rungStep(rung, point.config, train.length)
        return { point, rung: rung.rung, task: { trial: point.trial, fold, config: point.config, untilStep } }
      }),
    )
    for (const point of alive) await this.#finishRecorded(point, rung.rung)
    await this.#runAll(works.filter((work) => !this.#isDone(work)))
    if (rung.keep === 0) return []
    const results = alive.map((point) => this.#rungResult(point, rung.rung))
    const chosen = new Set(pruner.tell(rung, results))
    const pruned = alive.filter(({ trial }) => !chosen.has(trial) && !this.#results.get(trial))
    for (const point of pruned) {
      await this.#results.add(prunedResult(point, this.#ledger.records(point.trial, rung.rung), rung.rung), new Map())
    }
    return alive.filter(({ trial }) => chosen.has(trial))
  }

  /** Ends a trial all of whose folds are recorded: a process may have been killed between its last fold and its end. */
  async #finishRecorded(point: GridPoint, rung: number): Promise<void> {
    const { folds } = this.#plan
    if (folds.length === 1 || this.#results.get(point.trial) || !this.#ledger.has(point.trial, rung)) return
    const records = this.#ledger.records(point.trial, rung)
    if (records.every(({ outcome }) => outcome.state !== 'paused')) {
      await this.#results.add(trialResult(point, records), new Map())
    }
  }

  #rungResult({ trial }: GridPoint, rung: number): RungResult {
    if (this.#ledger.has(trial, rung)) return rungResult(trial, this.#ledger.records(trial, rung))
    // it ended in an earlier process, before it would have paused
    const { state, valid, test } = this.#results.get(trial)!
    return { trial, state: state === 'pruned' ? 'paused' : state, valid, test }
  }

  #isDone({ point, rung, task }: Work): boolean {
    return this.#results.get(point.trial) !== undefined || this.#ledger.isDone(point.trial, task.fold, rung)
  }

  async #runAll(works: readonly Work[]): Promise<void> {
    // a long trial started last would leave the other workers idle
    const order = [...works].sort((a, b) => this.#cost(b) - this.#cost(a) || a.point.trial - b.point.trial)
    let next = 0
    const lane = async () => {
      try {
        while (this.#stopped === null && next < order.length) await this.#runOne(order[next++])
      } catch (error) {
        this.#stop(error)
      }
    }
    const lanes = Math.min(this.#executor!.slots, order.length)
    await Promise.all(Array.from({ length: lanes }, lane))
    await this.#turn.catch(() => undefined)
    if (this.#stopped) throw this.#stopped.reason
  }

  #cost({ point }: Work): number {
    return this.#costs[point.trial]
  }

  async #runOne(work: Work): Promise<void> {
    const { folder, callbacks } = this.#plan
    const { point, task, rung } = work
    const { trial, fold } = task
    const about = { trial, fold, params: point.params, weight: this.#weights[trial] }
    let worker: number | string = 0
    const checkpoint = folder ? await folder.readCheckpoint(trial, fold) : this.#ledger.checkpoint(trial, fold)
    let checked: TrialOutcome | null = null
    const check = (outcome: TrialOutcome, last: Uint8Array | null) => {
      checkOutcome(outcome, task, this.#plan.folds[fold], `the result of trial ${trial}`)
      if (last) openCheckpoint(last, task.config, task.untilStep)
      checked = outcome
    }
    const outcome = await this.#executor!.run(task, checkpoint, {
      onStart: (name) => {
        worker = name
        folder?.addStart(trial, fold, name).catch((error) => this.#stop(error))
        callbacks.onTrialStart({ ...about, worker })
      },
      onEvaluation: (entry, share) => {
        const whole = this.#ledger.progress(trial, fold, displayedShare(share))
        callbacks.onTrialProgress({ ...about, worker, entry, share: whole })
      },
      onCheckpoint: (bytes) => {
        if (folder) return folder.saveCheckpoint(trial, fold, bytes)
        if (task.untilStep !== null) this.#ledger.keepCheckpoint(trial, fold, bytes)
      },
      check,
    })
    if (checked !== outcome) check(outcome, null)
    const turn = this.#turn.then(() => this.#take(work, rung, worker, outcome))
    this.#turn = turn.catch(() => undefined)
    await turn
  }

  /** Ignored once the study is stopped: the task is computed again from its last checkpoint. */
  async #take({ point, task }: Work, rung: number, worker: number | string, outcome: TrialOutcome): Promise<void> {
    if (this.#stopped) return
    const { folder, callbacks } = this.#plan
    const { trial, fold } = task
    const { model, ...rest } = outcome
    const isPaused = outcome.state === 'paused'
    const hasFolds = this.#plan.folds.length > 1
    const record = this.#ledger.withAllSeconds({ trial, fold, rung, worker, outcome: rest })
    this.#ledger.add(record)
    // a trial's only fold ends with the trial
    if (isPaused || hasFolds) await folder?.addTask(record, model)
    const records = this.#ledger.records(trial, rung)
    if (records.length < this.#plan.folds.length) return
    if (records.some(({ outcome }) => outcome.state === 'paused')) callbacks.onTrialPause({ trial, rung })
    else await this.#results.add(trialResult(point, records), new Map(model && !hasFolds ? [[0, model]] : []))
  }

  /** Keeps the first reason. */
  #stop(reason: unknown): void {
    if (this.#stopped) return
    this.#stopped = { reason }
    // `run` awaits it too, and throws its error
    this.#executor?.close().catch(() => undefined)
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT for what the option of that name must not return */
function checkExecutor(executor: Executor): Executor {
  const isExecutor = checking('executor', () => {
    const { slots, run, close } = Object(executor) as Partial<Executor>
    return Number.isInteger(slots) && typeof run === 'function' && typeof close === 'function'
  })
  if (!isExecutor) throw invalidArgument('executor', 'a function that returns an executor', executor)
  return executor
}

function abortedBy(signal: SearchPlan['signal']): NativeMlpError {
  return new NativeMlpError('ABORTED', 'search: aborted', { cause: signal?.reason })
}

function throwIfAborted(signal: SearchPlan['signal']): void {
  if (signal?.aborted) throw abortedBy(signal)
}

/** Roughly proportional to the time a trial takes: weights of its network x rows it trains on. */
export function trialCost(config: TrialConfig, { train }: StudyData): number {
  const { epochs, stepsPerEpoch, hidden } = completed(config)
  const sizes = [train.cols, ...hiddenSizes(hidden), train.classes || train.targetCols]
  const weights = sizes.slice(1).reduce((sum, size, l) => sum + size * sizes[l], 0)
  return weights * epochs * (stepsPerEpoch === null ? train.length : stepsPerEpoch * batchSizeOf(config, train.length))
}
