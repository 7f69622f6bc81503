import { isCallable } from '../../core/callable.js'
import { checking, displayedShare } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { nowMs } from '../../core/timers.js'
import { batchSizeOf, completed } from '../../train/config.js'
import { hiddenSizes } from '../../train/hyper-parameter-kinds.js'
import type { SearchPlan } from '../plan.js'
import type { GridPoint } from '../space/grid.js'
import { type RungResult, rungStep } from '../space/halving.js'
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
  readonly cost: number
}

/** A trial all of whose tasks have reached the end of a rung. */
type Arrival = Pick<Work, 'point' | 'rung'>

/**
 * Runs a study: hands each task to an executor as soon as it is known, the latest rung and the largest first, and records the
 * outcomes. The results depend on the plan alone.
 */
export class StudyScheduler {
  readonly #plan: SearchPlan
  readonly #weightOf: (trial: number) => number
  readonly #results: StudyResults
  readonly #ledger: TaskLedger
  /** tasks to be handed out; the next one last */
  readonly #ready: Work[] = []
  #isSorted = true
  /** trials whose first rung has begun */
  #entered = 0
  readonly #arrivals: Arrival[] = []
  #running = 0
  #idle: () => void = () => undefined
  #stopped: { readonly reason: unknown } | null = null
  #executor: Executor | null = null
  /** serialises the writing of outcomes */
  #turn: Promise<void> = Promise.resolve()

  constructor(plan: SearchPlan) {
    this.#plan = plan
    this.#weightOf = trialWeights(plan)
    this.#results = new StudyResults(plan, this.#weightOf)
    this.#ledger = new TaskLedger(plan.folds.length)
  }

  /** @throws NativeMlpError ABORTED when the signal fires; what the executor, the folder or a callback throws */
  async run(): Promise<Study> {
    const { header, callbacks, folder, signal } = this.#plan
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
      await this.#settle()
      await new Promise<void>((resolve) => {
        this.#idle = resolve
        this.#handOut()
      })
      await this.#turn
      if (this.#stopped) throw this.#stopped.reason
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

  /** Everything that follows from the results so far: new points, trials that continue, trials that are pruned. */
  async #settle(): Promise<void> {
    const { sampler } = this.#plan
    for (;;) {
      const arrival = this.#arrivals.shift()
      if (arrival) {
        await this.#arrive(arrival)
        continue
      }
      const point = sampler.ask()[this.#entered]
      if (point === undefined) return
      this.#entered++
      this.#enter(point, 0)
    }
  }

  /** A trial begins to train to the end of a rung; it may have got there in an earlier process. */
  #enter(point: GridPoint, rung: number): void {
    const { pruner, folds } = this.#plan
    const { trial, config } = point
    const cost = trialCost(config, folds[0])
    const works = folds.map(({ train }, fold): Work => {
      const untilStep = rungStep(pruner.rungs[rung], config, train.length)
      return { point, rung, task: { trial, fold, config, untilStep }, cost }
    })
    const left = works.filter((work) => !this.#isDone(work))
    if (left.length === 0) this.#arrivals.push({ point, rung })
    this.#ready.push(...left)
    this.#isSorted = false
  }

  async #arrive({ point, rung }: Arrival): Promise<void> {
    const { pruner, sampler } = this.#plan
    await this.#finishRecorded(point, rung)
    const result = this.#results.get(point.trial)
    if (result) sampler.tell(result)
    if (pruner.rungs[rung].keep === 0) return
    for (const decision of pruner.tell(rung, this.#rungResult(point, rung))) {
      const decided = sampler.ask()[decision.trial]
      if (decision.continues) this.#enter(decided, decision.rung + 1)
      else await this.#prune(decided, decision.rung)
    }
  }

  async #prune(point: GridPoint, rung: number): Promise<void> {
    if (this.#results.get(point.trial)) return
    await this.#results.add(prunedResult(point, this.#ledger.records(point.trial, rung), rung), new Map())
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

  /** Hands out tasks until all slots are taken; ends the wait for them when none is left. */
  #handOut(): void {
    while (this.#stopped === null && this.#running < this.#executor!.slots) {
      const work = this.#next()
      if (work === undefined) break
      this.#running++
      this.#runOne(work)
        .catch((error) => this.#stop(error))
        .finally(() => {
          this.#running--
          this.#handOut()
        })
    }
    if (this.#running === 0) this.#idle()
  }

  #next(): Work | undefined {
    if (!this.#isSorted) {
      // a long trial started last would leave the other workers idle
      this.#ready.sort((a, b) => a.rung - b.rung || a.cost - b.cost || b.point.trial - a.point.trial)
      this.#isSorted = true
    }
    return this.#ready.pop()
  }

  async #runOne(work: Work): Promise<void> {
    const { folder, callbacks } = this.#plan
    const { point, task, rung } = work
    const { trial, fold } = task
    const about = { trial, fold, params: point.params, weight: this.#weightOf(trial) }
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
    this.#arrivals.push({ point, rung })
    if (!this.#stopped) await this.#settle()
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
    return Number.isInteger(slots) && isCallable(run) && isCallable(close)
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

/** About the share of each trial in the work of the study; the same for all where their points are not known yet. */
function trialWeights({ header, sampler, folds }: SearchPlan): (trial: number) => number {
  const points = sampler.ask()
  if (points.length < header.size) return () => 1 / header.size
  const costs = points.map(({ config }) => trialCost(config, folds[0]))
  const total = costs.reduce((sum, cost) => sum + cost, 0)
  return (trial) => costs[trial] / total
}

/** Roughly proportional to the time a trial takes: weights of its network x rows it trains on. */
export function trialCost(config: TrialConfig, { train }: StudyData): number {
  const { epochs, stepsPerEpoch, hidden } = completed(config)
  const sizes = [train.cols, ...hiddenSizes(hidden), train.classes || train.targetCols]
  const weights = sizes.slice(1).reduce((sum, size, l) => sum + size * sizes[l], 0)
  return weights * epochs * (stepsPerEpoch === null ? train.length : stepsPerEpoch * batchSizeOf(config, train.length))
}
