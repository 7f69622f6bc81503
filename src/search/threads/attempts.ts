import type { HistoryEntry } from '../../core/results.js'
import { failedOutcome } from '../trial/run-task.js'
import type { TaskCallbacks, TrialOutcome, TrialTask } from '../trial/task.js'
import { stackKey } from './stack.js'
import { CheckpointRefused, type TrialThread, WorkerCrash } from './thread.js'

/** How often a task is tried whose worker crashes. */
const ATTEMPTS = 3

/** A task from its first worker to its last. */
export class TaskAttempts {
  readonly task: TrialTask
  /** whether its last worker is of no use any more */
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

  /** One whose worker has crashed is tried alone: it may be what took the others down, or may have been taken down by them. */
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
            // what it throws ends the task at once
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
