import { NativeMlpError } from '../core/errors.js'
import type { HistoryEntry } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import { failedOutcome, type StudyData } from './run-task.js'
import { shareData } from './shared-data.js'
import type { Executor, TaskCallbacks, TrialOutcome, TrialTask } from './task.js'
import type { WorkerInput } from './trial-messages.js'
import { CheckpointRefused, TrialThread, WorkerCrash } from './trial-thread.js'

export interface LocalExecutorOptions {
  /** one set of data for each fold, or one in all */
  readonly folds: readonly StudyData[]
  /** worker threads, started as tasks come */
  readonly workers: number
  /** what every worker must compute in */
  readonly family: NumericFamily
  /** default: the built trial-worker.js */
  readonly entry?: URL
}

/** How often a task is tried whose worker crashes. */
const ATTEMPTS = 3
/** How long a worker may take for its last checkpoint when the executor is closed, in milliseconds. */
const LAST_CHECKPOINT_MS = 2000

/** A place where one task runs at a time. */
interface Seat {
  readonly worker: number
  thread: TrialThread | null
}

/**
 * Runs tasks on worker threads of this process, which share the data. A worker that crashes costs what its task has done
 * since its last checkpoint: a new worker goes on from there.
 */
export class LocalExecutor implements Executor {
  readonly slots: number
  readonly #options: LocalExecutorOptions
  readonly #entry: URL
  readonly #input: WorkerInput
  readonly #threads = new Set<TrialThread>()
  readonly #free: Seat[]
  readonly #waiting: ((seat: Seat) => void)[] = []
  #closed: Promise<void> | null = null

  constructor(options: LocalExecutorOptions) {
    this.#options = options
    this.#entry = options.entry ?? new URL('./trial-worker.js', import.meta.url)
    this.#input = shareData(options.folds)
    this.slots = options.workers
    this.#free = Array.from({ length: options.workers }, (_, worker) => ({ worker, thread: null }))
  }

  async run(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks): Promise<TrialOutcome> {
    const seat = this.#free.shift() ?? (await new Promise<Seat>((resolve) => this.#waiting.push(resolve)))
    const run = new TaskAttempts(task, checkpoint, callbacks)
    try {
      for (;;) {
        if (this.#closed) throw aborted()
        seat.thread ??= await this.#startThread()
        const outcome = await run.attempt(seat.thread, seat.worker)
        if (run.hasCrashed) await this.#drop(seat)
        if (this.#closed && run.hasCrashed) throw aborted()
        if (outcome !== 'again') return outcome
      }
    } catch (error) {
      await this.#drop(seat)
      if (this.#closed) {
        // a last checkpoint may still be on its way to the disk
        await run.lastCheckpoint
        throw aborted()
      }
      throw error
    } finally {
      const next = this.#waiting.shift()
      if (next) next(seat)
      else this.#free.unshift(seat)
    }
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.all(Array.from(this.#threads, (thread) => thread.interrupt(LAST_CHECKPOINT_MS))).then(
      () => undefined,
    )
    await this.#closed
  }

  async #startThread(): Promise<TrialThread> {
    const { family } = this.#options
    const thread = new TrialThread(this.#entry, this.#input)
    this.#threads.add(thread)
    try {
      const ready = await thread.start()
      if (ready.family.name !== family.name || ready.family.contract !== family.contract) {
        const [own, other] = [family, ready.family].map(({ name, contract }) => `${name} ${contract}`)
        throw new NativeMlpError('BACKEND_UNAVAILABLE', `search: a worker computes in family ${other}, not ${own}`)
      }
      return thread
    } catch (error) {
      this.#threads.delete(thread)
      await thread.stop()
      if (!(error instanceof WorkerCrash)) throw error
      throw new NativeMlpError('BACKEND_UNAVAILABLE', `search: no worker could start: ${error.message}`, {
        cause: error,
      })
    }
  }

  async #drop(seat: Seat): Promise<void> {
    const { thread } = seat
    seat.thread = null
    if (!thread) return
    this.#threads.delete(thread)
    await thread.stop()
  }
}

/** A task from its first worker to its last. */
class TaskAttempts {
  hasCrashed = false
  lastCheckpoint: Promise<void> = Promise.resolve()
  readonly #task: TrialTask
  readonly #callbacks: TaskCallbacks
  readonly #seen = new Map<number, HistoryEntry>()
  #checkpoint: Uint8Array | null
  #crashes = 0

  constructor(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks) {
    this.#task = task
    this.#checkpoint = checkpoint
    this.#callbacks = callbacks
  }

  async attempt(thread: TrialThread, worker: number): Promise<TrialOutcome | 'again'> {
    this.hasCrashed = false
    this.#callbacks.onStart(worker)
    try {
      const outcome = await new Promise<TrialOutcome>((resolve, reject) => {
        const threadCallbacks = {
          onEvaluation: (entry: HistoryEntry, share: number) => {
            this.#seen.set(entry.step, entry)
            this.#callbacks.onEvaluation(entry, share)
          },
          onCheckpoint: (bytes: Uint8Array) => {
            this.#checkpoint = bytes
            this.lastCheckpoint = Promise.resolve(this.#callbacks.onCheckpoint(bytes))
            // what it throws ends the task at once
            this.lastCheckpoint.catch(reject)
          },
        }
        thread.run(this.#task, this.#checkpoint, threadCallbacks).then(resolve, reject)
      })
      await this.lastCheckpoint
      return outcome
    } catch (error) {
      if (error instanceof CheckpointRefused) return this.#startAgain(error)
      if (!(error instanceof WorkerCrash)) throw error
      this.hasCrashed = true
      if (++this.#crashes < ATTEMPTS) return 'again'
      return failedOutcome(`${error.message} (${ATTEMPTS} times)`, [...this.#seen.values()])
    }
  }

  #startAgain({ message }: CheckpointRefused): 'again' {
    const { trial } = this.#task
    process.emitWarning(`trial ${trial} starts again: ${message}`, 'NativeMlpWarning')
    this.#checkpoint = null
    return 'again'
  }
}

function aborted(): NativeMlpError {
  return new NativeMlpError('ABORTED', 'search: aborted')
}
