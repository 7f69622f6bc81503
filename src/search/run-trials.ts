import { NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import type { HistoryEntry } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import type { GridPoint } from './grid.js'
import { failedOutcome, type TrialOutcome } from './run-trial.js'
import type { WorkerInput } from './trial-messages.js'
import { TrialThread, WorkerCrash } from './trial-thread.js'

export interface RunTrialsOptions {
  /** the built trial-worker.js */
  readonly entry: URL
  readonly input: WorkerInput
  /** in the order in which they are handed to workers */
  readonly points: readonly GridPoint[]
  readonly workers: number
  /** what every worker must compute in */
  readonly family: NumericFamily
  readonly signal?: Signal
  readonly onStart: (point: GridPoint, worker: number) => void
  readonly onEvaluation: (point: GridPoint, worker: number, entry: HistoryEntry, share: number) => void
  /** one call at a time */
  readonly onEnd: (point: GridPoint, worker: number, outcome: TrialOutcome) => Promise<void>
}

/**
 * Runs trials on worker threads, each taking the next one when it is done with its last. A worker that crashes fails the
 * trial it was running and is replaced.
 *
 * @throws NativeMlpError ABORTED when the signal fires, BACKEND_UNAVAILABLE when workers cannot start; and whatever a
 *   callback throws. No worker is left running.
 */
export async function runTrials(options: RunTrialsOptions): Promise<void> {
  await new TrialRun(options).run()
}

class TrialRun {
  readonly #options: RunTrialsOptions
  readonly #threads = new Set<TrialThread>()
  #next = 0
  #stopped: { readonly reason: unknown } | null = null
  #lastEnd: Promise<void> = Promise.resolve()

  constructor(options: RunTrialsOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { workers, signal } = this.#options
    const onAbort = () => this.#stop(new NativeMlpError('ABORTED', 'gridSearch: aborted', { cause: signal?.reason }))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    try {
      await Promise.all(Array.from({ length: workers }, (_, worker) => this.#lane(worker)))
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
    if (this.#stopped) throw this.#stopped.reason
  }

  /** One worker at a time, from its first trial to its last. Errors stop the whole run and are thrown by `run`. */
  async #lane(worker: number): Promise<void> {
    const { points } = this.#options
    let thread: TrialThread | null = null
    try {
      while (this.#stopped === null && this.#next < points.length) {
        thread ??= await this.#startThread()
        if (this.#stopped !== null || this.#next >= points.length) break
        const survived = await this.#runNext(thread, worker)
        if (!survived) thread = null
      }
    } catch (error) {
      this.#stop(error)
    } finally {
      if (thread) await this.#stopThread(thread)
    }
  }

  /** False when the trial took the worker down with it. */
  async #runNext(thread: TrialThread, worker: number): Promise<boolean> {
    const { points, onStart, onEvaluation, onEnd } = this.#options
    const point = points[this.#next++]
    onStart(point, worker)
    let outcome: TrialOutcome
    let survived = true
    const seen: HistoryEntry[] = []
    try {
      outcome = await thread.run({ config: point.config }, (entry, share) => {
        seen.push(entry)
        onEvaluation(point, worker, entry, share)
      })
    } catch (error) {
      if (!(error instanceof WorkerCrash)) throw error
      if (this.#stopped) return true
      survived = false
      await this.#stopThread(thread)
      outcome = failedOutcome(error.message, seen)
    }
    if (this.#stopped) return survived
    this.#lastEnd = this.#lastEnd.then(() => onEnd(point, worker, outcome))
    await this.#lastEnd
    return survived
  }

  async #startThread(): Promise<TrialThread> {
    const { entry, input, family } = this.#options
    const thread = new TrialThread(entry, input)
    this.#threads.add(thread)
    try {
      const ready = await thread.start()
      if (ready.family.name !== family.name || ready.family.contract !== family.contract) {
        const [own, other] = [family, ready.family].map(({ name, contract }) => `${name} ${contract}`)
        throw new NativeMlpError('BACKEND_UNAVAILABLE', `gridSearch: a worker computes in family ${other}, not ${own}`)
      }
      return thread
    } catch (error) {
      await this.#stopThread(thread)
      if (!(error instanceof WorkerCrash)) throw error
      throw new NativeMlpError('BACKEND_UNAVAILABLE', `gridSearch: no worker could start: ${error.message}`, {
        cause: error,
      })
    }
  }

  async #stopThread(thread: TrialThread): Promise<void> {
    this.#threads.delete(thread)
    await thread.stop()
  }

  /** The first reason stays; what workers were doing is given up. */
  #stop(reason: unknown): void {
    this.#stopped ??= { reason }
    for (const thread of this.#threads) void this.#stopThread(thread)
  }
}
