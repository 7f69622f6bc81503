import type { Queue } from 'bullmq'
import { NativeMlpError } from '../../core/errors.js'
import type { TrialOutcome, TrialTask } from '../trial/task.js'
import type { Say } from './connection.js'
import type { QueueStore, StoredResult } from './store.js'
import { encode, jobId } from './wire.js'

/** A trial that takes so many workers down without getting on has failed. */
const MAX_ATTEMPTS = 3

/** Where the tasks of a study are handed out, and what becomes of them is found. */
export interface TaskPlace {
  readonly queue: Queue
  readonly store: QueueStore
  readonly say: Say
}

/** What came of a task. */
export interface TaskEnd extends Pick<StoredResult, 'outcome' | 'checkpoint'> {
  /** whether Redis has it; a task that every worker failed at has left nothing there */
  readonly isStored: boolean
}

/** One task on its way to the workers and back. */
export class QueuedTask {
  readonly id: string
  readonly task: TrialTask
  readonly #place: TaskPlace
  readonly #checkpoint: Uint8Array | null
  /** checkpoints written when it was enqueued last */
  #saves = 0
  #attempts = 0

  constructor(place: TaskPlace, task: TrialTask, checkpoint: Uint8Array | null) {
    this.id = jobId(task)
    this.task = task
    this.#place = place
    this.#checkpoint = checkpoint
  }

  /**
   * Fetches what came of it, or sees to it that it is in the queue, once.
   *
   * @param isOver whether nobody asks for it any more
   * @returns null as long as nothing came of it
   * @throws NativeMlpError RESULTS_DIFFER; what Redis says
   */
  async advance(isOver: () => boolean): Promise<TaskEnd | null> {
    const { queue, store } = this.#place
    const result = await this.#result()
    if (result !== null) {
      await compareDigests(store, this.id, `trial ${this.task.trial}`)
      return isOver() ? null : { ...result, isStored: true }
    }
    const state = await queue.getJobState(this.id)
    if (isOver()) return null
    if (state === 'failed') return await this.#retry()
    if (state === 'unknown' || state === 'completed') await this.#enqueue()
    return null
  }

  /** What stands in Redis may have been damaged or written by anyone; such a result is computed again. */
  async #result(): Promise<StoredResult | null> {
    const { queue, store, say } = this.#place
    try {
      return await store.result(this.id, encode(this.task))
    } catch (error) {
      if (!(error instanceof NativeMlpError) || this.#attempts >= MAX_ATTEMPTS) throw error
      say(`trial ${this.task.trial}: its result is of no use: ${error.message}`)
      await store.forget(this.id)
      await queue.remove(this.id)
      return null
    }
  }

  async #enqueue(): Promise<void> {
    const { id, task } = this
    const { queue, store, say } = this.#place
    await queue.remove(id)
    if (this.#checkpoint && (await store.checkpoint(id)) === null) await store.seedCheckpoint(id, this.#checkpoint)
    this.#saves = await store.saves(id)
    if (this.#attempts++ > 0) say(`trial ${task.trial} is enqueued again`)
    await queue.add('task', encode(task), { jobId: id, attempts: MAX_ATTEMPTS })
  }

  /** What has failed but got on before is tried again. */
  async #retry(): Promise<TaskEnd | null> {
    const { queue, store, say } = this.#place
    const job = await queue.getJob(this.id)
    const reason = job?.failedReason ?? 'for no known reason'
    say(`trial ${this.task.trial}: every worker failed: ${reason}`)
    const isForged = job?.data !== encode(this.task) && this.#attempts < MAX_ATTEMPTS
    if (isForged || (await store.saves(this.id)) > this.#saves) {
      await this.#enqueue()
      return null
    }
    return { outcome: failedOutcome(`every worker failed: ${reason}`), checkpoint: null, isStored: false }
  }
}

/** @throws NativeMlpError RESULTS_DIFFER when two workers found different results */
export async function compareDigests(store: QueueStore, id: string, which = id): Promise<void> {
  const digests = await store.digests(id)
  const other = digests.find(([, digest]) => digest !== digests[0][1])
  if (!other) return
  const [[a, first], [b, second]] = [digests[0], other]
  const message = `${which}: worker ${a} found ${first}, worker ${b} found ${second}; one of the machines is not to be trusted`
  throw new NativeMlpError('RESULTS_DIFFER', message)
}

function failedOutcome(reason: string): TrialOutcome {
  const nothing = { best: null, collapsed: null, steps: null, digest: null, timing: null, model: null }
  return { state: 'failed', reason, history: [], ...nothing }
}
