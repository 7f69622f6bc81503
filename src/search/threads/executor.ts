import { NativeMlpError } from '../../core/errors.js'
import type { HistoryEntry } from '../../core/results.js'
import { delay } from '../../core/timers.js'
import type { NumericFamily } from '../../core/types.js'
import { failedOutcome, type StudyData } from '../trial/run-task.js'
import type { Executor, TaskCallbacks, TrialOutcome, TrialTask } from '../trial/task.js'
import { largestStack, type StackOption, stackKey, stackLimit } from './stack.js'
import type { WorkerInput } from './thread.js'
import { CheckpointRefused, shareData, TrialThread, WorkerCrash, workerEntry } from './thread.js'

export interface LocalExecutorOptions {
  /** the sets of each fold; a single entry without folds */
  readonly folds: readonly StudyData[]
  /** worker threads, started as tasks come */
  readonly workers: number
  /** numeric family of the study; a worker of another family is refused */
  readonly family: NumericFamily
  /** tasks of the same shape that a worker trains in lock-step; default false */
  readonly stack?: StackOption
  /** default: the built worker.js */
  readonly entry?: URL
}

/** Time limit for the last checkpoints of a worker when the executor is closed, in milliseconds. */
const LAST_CHECKPOINT_MS = 5000
/** Time to wait for more tasks to stack with the first, whose checkpoints are still being read; in milliseconds. */
const STACKING_MS = 10

/** Runs one task or one stack at a time on its worker thread. */
interface Seat {
  readonly worker: number
  thread: TrialThread | null
}

interface WaitingTask {
  readonly attempts: TaskAttempts
  readonly resolve: (outcome: TrialOutcome | 'again') => void
  readonly reject: (reason: unknown) => void
}

/**
 * Runs tasks on worker threads of this process, which share the data. When a worker crashes, its tasks lose the steps since
 * their last checkpoints; each continues from there, without a stack.
 */
export class LocalExecutor implements Executor {
  /** with stacks, twice as many as run at once, so that the next stack is ready when a worker becomes free */
  readonly slots: number
  readonly #options: LocalExecutorOptions
  readonly #stack: StackOption
  readonly #most: number
  readonly #entry: URL
  readonly #input: WorkerInput
  readonly #threads = new Set<TrialThread>()
  readonly #free: Seat[]
  readonly #waiting: WaitingTask[] = []
  /** seats that are about to take a task */
  #called = 0
  #closed: Promise<void> | null = null

  constructor(options: LocalExecutorOptions) {
    const { workers, stack = false } = options
    this.#options = options
    this.#stack = stack
    this.#entry = options.entry ?? workerEntry()
    this.#input = shareData(options.folds)
    this.#most = largestStack(stack)
    this.slots = this.#most === 1 ? workers : workers * this.#most * 2
    this.#free = Array.from({ length: workers }, (_, worker) => ({ worker, thread: null }))
  }

  async run(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks): Promise<TrialOutcome> {
    const attempts = new TaskAttempts(task, checkpoint, callbacks)
    let outcome = await this.#wait(attempts, 'push')
    while (outcome === 'again') outcome = await this.#wait(attempts, 'unshift')
    return outcome
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.all(Array.from(this.#threads, (thread) => thread.interrupt(LAST_CHECKPOINT_MS))).then(
      () => undefined,
    )
    for (const { reject } of this.#waiting.splice(0)) reject(aborted())
    await this.#closed
  }

  #wait(attempts: TaskAttempts, as: 'push' | 'unshift'): Promise<TrialOutcome | 'again'> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw aborted()
      this.#waiting[as]({ attempts, resolve, reject })
      this.#callSeats()
    })
  }

  #callSeats(): void {
    while (this.#free.length > 0 && this.#waiting.length > this.#called) {
      this.#called++
      void this.#serve(this.#free.shift()!)
    }
  }

  /** Runs one stack of the waiting tasks. */
  async #serve(seat: Seat): Promise<void> {
    let failure: { readonly reason: unknown } | null = null
    try {
      seat.thread ??= await this.#startThread()
      if (this.#most > 1 && this.#waiting.length < this.#most * this.#options.workers) {
        await delay(STACKING_MS)
      }
    } catch (reason) {
      failure = { reason: this.#closed ? aborted() : reason }
    }
    this.#called--
    const stack = this.#takeStack()
    if (failure) for (const { reject } of stack) reject(failure.reason)
    else await Promise.all(stack.map((waiting) => this.#attempt(waiting, seat)))
    this.#free.unshift(seat)
    this.#callSeats()
  }

  /** The first waiting task and those that stack with it, at most an equal share of all workers. */
  #takeStack(): WaitingTask[] {
    const waiting = this.#waiting
    if (waiting.length === 0) return []
    const share = Math.ceil(waiting.length / this.#options.workers)
    const [first] = waiting
    const most = Math.min(share, stackLimit(first.attempts.task, this.#stack))
    const stack = [first, ...waiting.slice(1).filter(({ attempts }) => attempts.stacksWith(first.attempts))].slice(
      0,
      most,
    )
    this.#waiting.splice(0, waiting.length, ...waiting.filter((each) => !stack.includes(each)))
    return stack
  }

  /** Settles the task. After a crash or an error the seat has no thread. */
  async #attempt({ attempts, resolve, reject }: WaitingTask, seat: Seat): Promise<void> {
    const thread = seat.thread!
    try {
      const outcome = await attempts.attempt(thread, seat.worker)
      if (attempts.hasCrashed) await this.#drop(seat, thread)
      if (this.#closed && attempts.hasCrashed) throw aborted()
      resolve(outcome)
    } catch (error) {
      await this.#drop(seat, thread)
      if (!this.#closed) reject(error)
      // the last checkpoint may still be being written
      else attempts.lastCheckpoint.then(() => reject(aborted()), reject)
    }
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

  async #drop(seat: Seat, thread: TrialThread): Promise<void> {
    if (seat.thread === thread) seat.thread = null
    this.#threads.delete(thread)
    await thread.stop()
  }
}

function aborted(): NativeMlpError {
  return new NativeMlpError('ABORTED', 'search: aborted')
}

/** Attempts for a task whose worker crashes. */
const ATTEMPTS = 3

/** A task over all its attempts. */
export class TaskAttempts {
  readonly task: TrialTask
  /** whether its last worker has crashed */
  hasCrashed = false
  lastCheckpoint: Promise<void> = Promise.resolve()
  readonly #callbacks: TaskCallbacks
  readonly #seen = new Map<number, HistoryEntry>()
  readonly #key: string
  #checkpoint: Uint8Array | null
  #crashes = 0

  constructor(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks) {
    this.task = task
    this.#key = stackKey(task)
    this.#checkpoint = checkpoint
    this.#callbacks = callbacks
  }

  /** A task whose worker has crashed is retried alone, because any task of the stack may have caused the crash. */
  stacksWith(other: TaskAttempts): boolean {
    return this.#crashes === 0 && other.#crashes === 0 && this.#key === other.#key
  }

  /** @throws whatever a callback throws */
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
            // an error of the callback ends the task at once
            this.lastCheckpoint.catch(reject)
          },
        }
        thread.run(this.task, this.#checkpoint, threadCallbacks).then(resolve, reject)
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
    const { trial } = this.task
    process.emitWarning(`trial ${trial} starts again: ${message}`, 'NativeMlpWarning')
    this.#checkpoint = null
    return 'again'
  }
}
