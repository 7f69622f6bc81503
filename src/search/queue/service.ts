import type { Job, Worker } from 'bullmq'
import { NativeMlpError, shortened } from '../../core/errors.js'
import type { Logger } from '../../core/platform.js'
import { clearTimeout, nowMs, setTimeout } from '../../core/timers.js'
import type { Executor, TrialTask } from '../trial/task.js'
import { isRefusal, type QueueConnection } from './connection.js'
import { QueueStore } from './store.js'
import { decodeTask, encode, PREFIX, type QueuedStudy, queueName, type TaskEvent } from './wire.js'

export interface ServeOptions {
  readonly connection: QueueConnection
  readonly record: QueuedStudy
  /** has the study's data */
  readonly executor: Executor
  /** name of this worker */
  readonly worker: string
  /** lock timeout, ms: trials of a worker that is silent for longer go to others */
  readonly lockMs: number
  readonly checkpointEveryMs: number
  readonly log: Logger
}

/** Maximum number of stalls of a trial without progress. */
const MAX_STALLED = 5

/** Pause before asking for new trials after an error reply of the server, ms. */
const REST_MS = 2000

/** BullMQ codes for a job that Redis has lost, or that another worker has taken over. */
const LOST: readonly unknown[] = [-1, -2, -3, -6]
/** The connection logs lost connections; the next checkpoint detects a lost lock. */
const TOLD_ELSEWHERE = /ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|Connection is closed|could not renew lock/

/** Another worker has the task now. */
class TaskLost extends Error {
  override readonly name = 'TaskLost'
}

/** Processes the tasks of one study from its queue, one per slot of the executor at a time. */
export class StudyService {
  readonly #options: ServeOptions
  readonly #store: QueueStore
  readonly #worker: Worker
  /** by job; prevents starting a task twice that Redis has lost and assigned again */
  readonly #running = new Map<string, Promise<void>>()
  #lastBusy = nowMs()
  #resting: NodeJS.Timeout | undefined
  #isLeaving = false
  #failure: NativeMlpError | null = null

  constructor(options: ServeOptions) {
    const { connection, record, executor, worker, lockMs, log } = options
    this.#options = options
    this.#store = new QueueStore(connection.redis, record.id)
    this.#worker = new connection.bullmq.Worker(queueName(record.id), (job, token) => this.#process(job, token), {
      connection: connection.redis,
      prefix: PREFIX,
      name: worker,
      concurrency: executor.slots,
      lockDuration: lockMs,
      stalledInterval: Math.max(1, Math.round(lockMs / 2)),
      maxStalledCount: MAX_STALLED,
      drainDelay: 2,
    })
    let last = ''
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      // for one reason, such as OOM, the server words its error differently for each script
      const { code, message } = error
      const reason = isRefusal(error) ? message.split(' ')[0] : message
      const isKnown = isLost(error) || TOLD_ELSEWHERE.test(`${code} ${message}`) || reason === last
      last = reason
      if (!isKnown) log(`queue: ${message}`)
      if (isRefusal(error)) void this.#rest()
    })
  }

  /** ms since the last task */
  get idleMs(): number {
    return this.#running.size > 0 ? 0 : nowMs() - this.#lastBusy
  }

  /** why this machine cannot run any trial, if known; others run its trials */
  get failure(): NativeMlpError | null {
    return this.#failure
  }

  /** Saves checkpoints of running tasks, returns them to the queue, and ends. */
  async leave(): Promise<void> {
    this.#isLeaving = true
    clearTimeout(this.#resting)
    await this.#worker.pause(true)
    await this.#options.executor.close()
    await this.#worker.close()
  }

  /** Pauses: BullMQ retries thousands of times per second if the server replies with errors, e.g. out of memory. */
  async #rest(): Promise<void> {
    if (this.#resting !== undefined || this.#isLeaving) return
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      this.#worker.resume()
    }, REST_MS)
    await this.#worker.pause(true)
  }

  async #process(job: Job, token = ''): Promise<void> {
    const id = String(job.id)
    try {
      let run = this.#running.get(id)
      if (!run) {
        run = this.#run(job, id, token)
        this.#running.set(id, run)
      }
      await run
    } catch (error) {
      if (isUnavailable(error)) {
        this.#failure ??= error
        this.#isLeaving = true
        await this.#worker.pause(true)
      } else if (!(error instanceof TaskLost) && !isAbort(error)) throw error
      // its next worker continues from its last checkpoint
      if (!(error instanceof TaskLost)) await this.#giveBack(job, token)
      throw new this.#options.connection.bullmq.WaitingError()
    } finally {
      this.#running.delete(id)
      this.#lastBusy = nowMs()
    }
  }

  async #giveBack(job: Job, token: string): Promise<void> {
    try {
      await job.moveToWait(token)
    } catch (error) {
      // Redis has lost it, or already assigned it to another worker
      if (!isLost(error)) throw error
    }
  }

  async #run(job: Job, id: string, owner: string): Promise<void> {
    const { executor, worker, record, log } = this.#options
    if (await this.#store.isExcluded(worker)) throw excluded(worker, record.id)
    if (await this.#store.hasResult(id)) return
    const text = typeof job.data === 'string' ? job.data : JSON.stringify(job.data ?? null)
    const task = decodeTask(text)
    const checkpoint = await this.#store.claim(id, owner)
    const run = new TaskProgress(this.#store, job, owner, this.#options)
    run.tell({ type: 'start', worker })
    log(`trial ${task.trial}${foldWords(task)}: ${checkpoint ? 'continues from its last checkpoint' : 'begins'}`)
    try {
      const outcome = await executor.run(task, checkpoint, {
        onStart: () => {},
        onEvaluation: (entry, share) => run.tell({ type: 'evaluation', worker, entry, share }),
        onCheckpoint: (bytes) => run.keep(bytes),
      })
      await run.told
      const last = outcome.state === 'paused' ? (run.latest ?? checkpoint) : null
      await this.#store.saveResult(id, worker, { task: text, outcome, checkpoint: last })
      run.tell({ type: 'result', worker })
      await run.told
      log(`trial ${task.trial}${foldWords(task)}: ${outcome.state}`)
    } catch (error) {
      if (isAbort(error)) {
        await run.told
        await run.save()
      }
      if (error instanceof TaskLost) log(`trial ${task.trial}: another worker has taken it over`)
      throw error
    }
  }
}

/** Reports progress of a running task to the study, and saves its checkpoints for the next worker. */
class TaskProgress {
  readonly #store: QueueStore
  readonly #job: Job
  readonly #owner: string
  readonly #everyMs: number
  #savedAt = Number.NEGATIVE_INFINITY
  #saved: Uint8Array | null = null
  #isSaving = false
  latest: Uint8Array | null = null
  told: Promise<void> = Promise.resolve()

  constructor(store: QueueStore, job: Job, owner: string, { checkpointEveryMs }: ServeOptions) {
    this.#store = store
    this.#job = job
    this.#owner = owner
    this.#everyMs = checkpointEveryMs
  }

  tell(event: TaskEvent): void {
    this.told = this.told.then(async () => {
      try {
        await this.#job.updateProgress(encode(event))
      } catch (error) {
        // Redis has lost the job: the study will requeue it, and needs no progress until then
        if (!isLost(error)) throw error
      }
    })
    this.told.catch(() => undefined) // awaited before the result
  }

  /** @throws TaskLost */
  async keep(bytes: Uint8Array): Promise<void> {
    this.latest = bytes
    // while the server is unreachable, only the last one is kept
    if (this.#isSaving || nowMs() - this.#savedAt < this.#everyMs) return
    await this.save()
  }

  /** @throws TaskLost */
  async save(): Promise<void> {
    if (this.latest === null || this.latest === this.#saved) return
    const bytes = this.latest
    this.#isSaving = true
    try {
      if (!(await this.#store.saveCheckpoint(String(this.#job.id), this.#owner, bytes))) throw new TaskLost()
    } finally {
      this.#isSaving = false
    }
    this.#saved = bytes
    this.#savedAt = nowMs()
  }
}

function isLost(error: unknown): boolean {
  return LOST.includes((error as { code?: unknown }).code)
}

function isAbort(error: unknown): boolean {
  return error instanceof NativeMlpError && error.code === 'ABORTED'
}

function excluded(worker: string, study: string): NativeMlpError {
  const problem = `worker ${shortened(worker)} is excluded, because it has sent an invalid result`
  return new NativeMlpError('BACKEND_UNAVAILABLE', `study ${study}: ${problem}; check this machine and its version`)
}

function isUnavailable(error: unknown): error is NativeMlpError {
  return error instanceof NativeMlpError && error.code === 'BACKEND_UNAVAILABLE'
}

function foldWords({ fold, untilStep }: TrialTask): string {
  return `${fold > 0 ? ` fold ${fold}` : ''}${untilStep === null ? '' : ` to step ${untilStep}`}`
}
