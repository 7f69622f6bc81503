import { createHash } from 'node:crypto'
import type { QueueEvents } from 'bullmq'
import { functionOrNone, integerInRange, knownOptions } from '../../core/checks.js'
import { NativeMlpError, shortened } from '../../core/errors.js'
import type { Logger } from '../../core/platform.js'
import { clearTimeout, dateMs, setTimeout, timesOut } from '../../core/timers.js'
import type { NumericFamily } from '../../core/types.js'
import { packageVersion } from '../../core/version.js'
import type { SetsRecipe } from '../../data/division.js'
import { studyIdentity } from '../store/identity.js'
import type { StudyHeader } from '../study/study.js'
import type { Executor, TaskCallbacks, TrialOutcome, TrialTask } from '../trial/task.js'
import { connectQueue, isRefusal, type QueueConnection, queueAddress, queueFailure } from './connection.js'
import { compareDigests, QueuedTask, QueueStore, type TaskEnd, type TaskPlace } from './store.js'
import { decodeEvent, encode, PREFIX, QUEUE_FORMAT, type QueuedStudy, queueName } from './wire.js'

export interface OnQueueOptions extends Pick<QueueExecutorOptions, 'url' | 'log' | 'slots'> {
  /**
   * recipe for the study's data: plain data, passed to `load` of the workers; default for data from `loadData`: their
   * `SetsRecipe`, which workers load by default
   */
  readonly recipe?: unknown
}

/**
 * Executes the trials of a search on workers on any machine, through BullMQ on Redis:
 *
 *     await search({ data, space, folder: 'runs/mine', executor: onQueue({ url: 'redis://host' }) })
 *
 * @returns an executor that throws like `openQueueExecutor` when the search starts
 * @throws NativeMlpError INVALID_ARGUMENT for a wrong URL
 */
export function onQueue(given: OnQueueOptions): (header: StudyHeader) => Promise<Executor> {
  knownOptions('onQueue', given ?? null, ['url', 'log', 'slots', 'recipe'])
  const { recipe, ...options } = given
  queueAddress(options.url)
  functionOrNone('log', options.log)
  if (options.slots !== undefined) integerInRange('slots', options.slots, 1)
  return async (header) =>
    openQueueExecutor({
      ...options,
      study: studyIdentity(header),
      family: header.family,
      data: { digest: header.dataDigest, recipe: recipe === undefined ? setsRecipe(header) : recipe },
    })
}

function setsRecipe({ recipe: data, ...header }: StudyHeader): SetsRecipe {
  if (data === null)
    throw new NativeMlpError('INVALID_ARGUMENT', 'onQueue: recipe: required for data that are not from loadData')
  const { limitTrain, limitTest, validFraction, splitSeed, stratified, folds } = header
  return { data, limitTrain, limitTest, validFraction, splitSeed, stratified, folds }
}

export interface QueueExecutorOptions {
  /** redis://host:port or rediss://; default NATIVE_MLP_REDIS_URL */
  readonly url?: string
  /** options that determine the study's results: plain data. The same study continues with its state in Redis. */
  readonly study: object
  readonly family: NumericFamily
  readonly data: {
    /** of the sets: workers with other data are rejected */
    readonly digest: string
    /** recipe to load them: plain data */
    readonly recipe: unknown
  }
  /** receives lines about lost and restored connections and requeued tasks */
  readonly log?: Logger
  /** tasks in the queue at once; default 256 */
  readonly slots?: number
  /** polling interval, ms, besides events; default 2000 */
  readonly pollMs?: number
  /** timeout of the first connection, ms; default 10000 */
  readonly patienceMs?: number
}

const OPTION_NAMES = ['url', 'study', 'family', 'data', 'log', 'slots', 'pollMs', 'patienceMs']

/** Timeout for the server when a study is closed, ms. */
const CLOSE_MS = 3000
/** Time that the result of a task stays in Redis after it is returned, ms: the journal has it by then. */
const DELIVERED_MS = 60_000
/** Time without workers after which the study logs how to start one, ms. */
const LONELY_MS = 10_000

/**
 * Distributes the tasks of a study to workers on any machine, through BullMQ on Redis. The study's journal is the source of
 * truth: tasks that Redis loses are requeued.
 *
 * @throws NativeMlpError QUEUE_UNAVAILABLE if the server is unreachable or rejects the connection, or a library is missing;
 *   INVALID_ARGUMENT for an invalid URL. No message shows a password.
 */
export async function openQueueExecutor(options: QueueExecutorOptions): Promise<Executor> {
  knownOptions('openQueueExecutor', options, OPTION_NAMES)
  const { url, log = () => {}, patienceMs = 10_000 } = options
  const address = queueAddress(url)
  const connection = await connectQueue(address, { log, patienceMs })
  const executor = new QueueExecutor(connection, address.shown, options)
  try {
    await executor.open()
  } catch (error) {
    await executor.close().catch(() => undefined) // report the first error
    throw queueFailure(error, address.shown)
  }
  return executor
}

interface Pending {
  readonly queued: QueuedTask
  readonly callbacks: TaskCallbacks
  readonly resolve: (outcome: TrialOutcome) => void
  readonly reject: (reason: unknown) => void
  /** its pending operation; one at a time */
  turn: Promise<void>
}

class QueueExecutor implements Executor {
  readonly slots: number
  readonly #connection: QueueConnection
  readonly #shown: string
  readonly #log: Logger
  readonly #pollMs: number
  readonly #record: QueuedStudy
  readonly #place: TaskPlace
  readonly #events: QueueEvents
  readonly #started = dateMs()
  readonly #pending = new Map<string, Pending>()
  /** tasks whose results were returned, and the time */
  readonly #delivered = new Map<string, { readonly at: number; dropped: boolean }>()
  #timer: NodeJS.Timeout | undefined
  #hasWorkers = false
  #closed: Promise<void> | null = null
  #failure: { readonly reason: unknown } | null = null

  constructor(connection: QueueConnection, shown: string, options: QueueExecutorOptions) {
    const { family, data, log = () => {}, slots = 256, pollMs = 2000 } = options
    const { redis, bullmq } = connection
    const id = studyId(options)
    this.slots = slots
    this.#connection = connection
    this.#shown = shown
    this.#log = log
    this.#pollMs = pollMs
    this.#record = { format: QUEUE_FORMAT, version: packageVersion, id, family, ...data, open: true }
    const queue = new bullmq.Queue(queueName(id), { connection: redis, prefix: PREFIX })
    this.#place = { queue, store: new QueueStore(redis, id), log }
    this.#events = new bullmq.QueueEvents(queueName(id), { connection: redis.duplicate(), prefix: PREFIX })
    // the connection logs when the server is unreachable; polling finds missed events
    queue.on('error', () => {})
    this.#events.on('error', () => {})
    this.#events.on('completed', ({ jobId }) => void this.#look(jobId))
    this.#events.on('failed', ({ jobId }) => void this.#look(jobId))
    this.#events.on('progress', ({ jobId, data }) => void this.#guard(() => this.#hear(jobId, data)))
  }

  async open(): Promise<void> {
    await this.#place.store.announce(this.#record, this.#started)
    this.#schedule()
  }

  run(task: TrialTask, checkpoint: Uint8Array | null, callbacks: TaskCallbacks): Promise<TrialOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.reason)
      if (this.#closed) return reject(aborted())
      const queued = new QueuedTask(this.#place, task, checkpoint, callbacks.check)
      const { id } = queued
      this.#pending.set(id, { queued, callbacks, resolve, reject, turn: Promise.resolve() })
      void this.#look(id)
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer)
    const { queue, store } = this.#place
    const open = [...this.#pending.values()]
    this.#pending.clear()
    const leave = async () => {
      await store.withdraw(this.#record)
      for (const { queued, callbacks } of open) {
        const last = await store.checkpoint(queued.id)
        if (last) await callbacks.onCheckpoint(last)
      }
      await queue.obliterate({ force: true })
      await store.forgetExcluded()
      if (open.length === 0) for (const id of this.#delivered.keys()) await store.forget(id)
    }
    try {
      const away = await timesOut(leave(), CLOSE_MS)
      if (away)
        this.#log(
          `${this.#shown} is unreachable; its workers finish the queued trials, and a resumed search takes their results`,
        )
    } catch (error) {
      // the study already has its results
      if (!isRefusal(error)) throw error
      this.#log(`${this.#shown}: cannot remove the keys of the study: ${error.message}`)
    } finally {
      for (const { reject } of open) reject(aborted())
      this.#connection.close()
      await Promise.allSettled([timesOut(this.#events.close(), 1000), timesOut(queue.close(), 1000)])
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.#guard(() => this.#tend())
      if (!this.#closed) this.#schedule()
    }, this.#pollMs)
  }

  /** Finds results of missed events, and tasks that Redis has lost. */
  async #tend(): Promise<void> {
    await this.#place.store.announce(this.#record, this.#started)
    if (!this.#hasWorkers && dateMs() - this.#started > LONELY_MS) {
      this.#hasWorkers = true
      this.#log(`no worker has joined yet; on any machine with the data: npx native-mlp worker --queue ${this.#shown}`)
    }
    const waiting = [...this.#pending.keys()]
    for (const id of waiting) await this.#look(id)
    for (const [id, delivered] of this.#delivered) {
      if (delivered.dropped || dateMs() - delivered.at < DELIVERED_MS) continue
      delivered.dropped = true
      await this.#place.store.dropResult(id)
    }
  }

  /** Fetches the result of a task, or ensures that it is queued once. */
  async #look(id: string): Promise<void> {
    const pending = this.#pending.get(id)
    if (!pending) return
    pending.turn = pending.turn.then(() => this.#guard(() => this.#advance(pending)))
    await pending.turn
  }

  async #advance(pending: Pending): Promise<void> {
    const { id } = pending.queued
    const isOver = () => this.#closed !== null || this.#pending.get(id) !== pending
    if (isOver()) return
    const end = await pending.queued.advance(isOver)
    if (end === null) return
    this.#pending.delete(id)
    if (end.isStored) this.#delivered.set(id, { at: dateMs(), dropped: false })
    await this.#deliver(pending, end)
  }

  async #deliver({ callbacks, resolve, reject }: Pending, { outcome, checkpoint }: TaskEnd): Promise<void> {
    try {
      if (checkpoint) await callbacks.onCheckpoint(checkpoint)
      resolve(outcome)
    } catch (error) {
      reject(error)
    }
  }

  async #hear(id: string, data: unknown): Promise<void> {
    const event = this.#decoded(id, data)
    if (event === null) return
    this.#hasWorkers = true
    if (event.type === 'result' && this.#delivered.has(id)) {
      return await compareDigests(this.#place.store, id)
    }
    const pending = this.#pending.get(id)
    if (!pending) return
    if (event.type === 'start') pending.callbacks.onStart(event.worker)
    if (event.type === 'evaluation') pending.callbacks.onEvaluation(event.entry, event.share)
    if (event.type === 'result') await this.#look(id)
  }

  /** Events are only for display: an invalid one is logged and ignored. */
  #decoded(id: string, data: unknown): ReturnType<typeof decodeEvent> | null {
    try {
      return decodeEvent(typeof data === 'string' ? data : JSON.stringify(data ?? null))
    } catch (error) {
      this.#log(`${shortened(id)}: ${(error as Error).message}`)
      return null
    }
  }

  /** Any error ends the study, except while it is closing. */
  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#closed) await work()
    } catch (error) {
      if (this.#closed) return
      this.#failure ??= { reason: queueFailure(error, this.#shown) }
      for (const { reject } of this.#pending.values()) reject(this.#failure.reason)
      this.#pending.clear()
    }
  }
}

/** Equal for equal studies. */
function studyId({ study, family, data }: QueueExecutorOptions): string {
  return createHash('sha256')
    .update(encode({ study, family, digest: data.digest }))
    .digest('hex')
    .slice(0, 16)
}

function aborted(): NativeMlpError {
  return new NativeMlpError('ABORTED', 'the queue was closed')
}
