import { availableParallelism, hostname } from 'node:os'
import { defaultBackend } from '../../backend/index.js'
import { finiteInRange, functionOrNone, integerInRange, knownOptions, signalOrNone } from '../../core/checks.js'
import { invalidArgument, NativeMlpError, shortened } from '../../core/errors.js'
import type { Logger, Signal } from '../../core/platform.js'
import { clearTimeout, nowMs, setTimeout, timesOut } from '../../core/timers.js'
import { type LoadedStudy, loadStudy } from '../study/sets.js'
import { LocalExecutor } from '../threads/executor.js'
import { connectQueue, isRefusal, type QueueConnection, queueAddress, queueFailure } from './connection.js'
import { StudyService } from './service.js'
import {
  checkLength,
  decodeStudy,
  LARGEST_TEXT,
  PREFIX,
  type QueuedStudy,
  queueName,
  recordKey,
  STUDIES,
} from './wire.js'

export interface QueueWorkerOptions {
  /** redis://host:port or rediss://; default NATIVE_MLP_REDIS_URL */
  readonly url?: string
  /** loads a study's data from its recipe; an error rejects the study; default `loadStudy` */
  readonly load?: (recipe: unknown) => Promise<LoadedStudy>
  /** trials at a time, each on one thread; default: the number of cores */
  readonly workers?: number
  /** name of this worker; default host:pid */
  readonly name?: string
  /** ends the worker: running trials are saved and returned to the queue */
  readonly signal?: Signal
  readonly log?: Logger
  /** seconds without work after which the worker ends; default never */
  readonly idleExitSeconds?: number
  /** lock timeout, seconds: trials of a worker that is silent for longer go to others; > 0, default 15 */
  readonly lockSeconds?: number
}

const OPTION_NAMES = ['url', 'load', 'workers', 'name', 'signal', 'log', 'idleExitSeconds', 'lockSeconds']

/** Polling interval for studies, ms. */
const LOOK_MS = 500
/** Interval of checkpoints in Redis, ms. */
const CHECKPOINT_MS = 1500
/** Idle time of a study after which the worker changes to another one, ms. */
const IDLE_MS = 2000
/** Ids that are safe in keys and in output. */
const STUDY_ID = /^[\w-]{1,64}$/
/** Timeout for the server when a worker leaves, ms. */
const LEAVE_MS = 8000

/**
 * Runs trials of the studies of a queue, one study at a time, the oldest first, until the signal fires. Rejects a study with
 * another numeric family, format or data than this machine, logging the reason once; its trials stay in the queue for others.
 *
 * @throws NativeMlpError QUEUE_UNAVAILABLE if the server rejects the connection or a library is missing; INVALID_ARGUMENT,
 *   UNKNOWN_OPTION. Waits for a server that is unreachable.
 */
export async function runQueueWorker(options: QueueWorkerOptions): Promise<void> {
  knownOptions('runQueueWorker', options ?? null, OPTION_NAMES)
  const { url, log = () => {} } = options
  const signal = signalOrNone('signal', options.signal)
  const workers = integerInRange('workers', options.workers ?? availableParallelism(), 1, 256)
  checkOptions(options)
  let leave = () => {}
  const leaving = new Promise<void>((resolve) => {
    leave = resolve
  })
  const address = queueAddress(url)
  if (signal?.aborted) return
  signal?.addEventListener('abort', leave)
  try {
    const connection = await connectQueue(address, { log, patienceMs: Number.POSITIVE_INFINITY, signal })
    try {
      await new QueueWorker(connection, { ...options, workers }, leaving).run()
    } finally {
      connection.close()
    }
  } catch (error) {
    throw queueFailure(error, address.shown)
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

function checkOptions({ load, log, name, idleExitSeconds = 0, lockSeconds = 15 }: QueueWorkerOptions): void {
  functionOrNone('load', load)
  functionOrNone('log', log)
  const isName = name === undefined || (typeof name === 'string' && name.length > 0)
  if (!isName || (name?.length ?? 0) > LARGEST_TEXT.worker) {
    throw invalidArgument('name', `a name of at most ${LARGEST_TEXT.worker} characters`, name)
  }
  if (idleExitSeconds !== Number.POSITIVE_INFINITY) finiteInRange('idleExitSeconds', idleExitSeconds, 0)
  finiteInRange('lockSeconds', lockSeconds, 0.001)
}

type WorkerPlan = QueueWorkerOptions & { readonly workers: number }

class QueueWorker {
  readonly #connection: QueueConnection
  readonly #options: WorkerPlan
  readonly #name: string
  readonly #log: Logger
  readonly #leaving: Promise<void>
  /** rejected studies */
  readonly #refused = new Set<string>()
  #isLeaving = false
  #lastBusy = nowMs()

  constructor(connection: QueueConnection, options: WorkerPlan, leaving: Promise<void>) {
    this.#connection = connection
    this.#options = options
    this.#name = options.name ?? `${hostname()}:${process.pid}`
    this.#log = options.log ?? (() => {})
    this.#leaving = leaving.then(() => {
      this.#isLeaving = true
    })
  }

  async run(): Promise<void> {
    const { idleExitSeconds = Number.POSITIVE_INFINITY } = this.#options
    while (!this.#isLeaving) {
      const record = await this.#orLeave(this.#nextStudy())
      const service = record && (await this.#orLeave(this.#prepare(record)))
      if (record && service) await this.#serve(record, service)
      if (nowMs() - this.#lastBusy >= idleExitSeconds * 1000) return
      await this.#pause(LOOK_MS)
    }
  }

  /** The oldest study with work. */
  async #nextStudy(): Promise<QueuedStudy | null> {
    const { redis } = this.#connection
    const ids = await redis.zrange(STUDIES, '0', '-1')
    for (const id of ids) {
      if (this.#refused.has(id)) continue
      const record = await this.#record(id)
      if (record === 'none') await this.#removeAbandoned(id)
      else if (record?.open && this.#accepted(record) && (await this.#hasWork(id))) return record
    }
    return null
  }

  /** Removes a study whose record has expired. A running study announces itself again. */
  async #removeAbandoned(id: string): Promise<void> {
    const { redis, bullmq } = this.#connection
    const queue = new bullmq.Queue(queueName(id), { connection: redis, prefix: PREFIX })
    queue.on('error', () => {})
    await queue.obliterate({ force: true })
    await queue.close()
    await redis.zrem(STUDIES, id)
  }

  async #hasWork(id: string): Promise<boolean> {
    const { redis } = this.#connection
    const keys = ['wait', 'active'].map((list) => `${PREFIX}:${queueName(id)}:${list}`)
    const lengths = await Promise.all(keys.map((key) => redis.llen(key)))
    return lengths.some((length) => length > 0)
  }

  /** Validates the record in Redis; null for a rejected study. */
  async #record(id: string): Promise<QueuedStudy | 'none' | null> {
    try {
      if (!STUDY_ID.test(id)) throw new NativeMlpError('INVALID_FILE', 'invalid study id')
      const { redis } = this.#connection
      checkLength(await redis.strlen(recordKey(id)), 'study')
      const text = await redis.get(recordKey(id))
      if (text === null) return 'none'
      const record = decodeStudy(text)
      if (record.id === id) return record
      throw new NativeMlpError('INVALID_FILE', `its record has the id ${JSON.stringify(shortened(record.id))}`)
    } catch (error) {
      if (!(error instanceof NativeMlpError) && !isRefusal(error)) throw error
      return this.#refuse(id, error.message)
    }
  }

  #accepted({ id, family: { name, contract } }: QueuedStudy): boolean {
    const own = defaultBackend().family
    if (name === own.name && contract === own.contract) return true
    const families = `the study has ${name} ${contract}, this worker ${own.name} ${own.contract}`
    this.#refuse(id, `numeric family does not match: ${families}`)
    return false
  }

  #refuse(id: string, reason: string): null {
    this.#refused.add(id)
    this.#log(`study ${STUDY_ID.test(id) ? id : JSON.stringify(shortened(id))} is refused: ${reason}`)
    return null
  }

  /** Loads the study's data and starts processing its trials. */
  async #prepare(record: QueuedStudy): Promise<StudyService | null> {
    const { load = loadStudy, workers, lockSeconds = 15 } = this.#options
    let loaded: LoadedStudy
    try {
      loaded = await load(record.recipe)
    } catch (error) {
      if (this.#isLeaving) return null
      if (!(error instanceof NativeMlpError)) throw error
      return this.#refuse(record.id, `cannot load its data: ${error.message}`)
    }
    if (loaded.digest !== record.digest) {
      const digests = `expected ${record.digest}, got ${loaded.digest}`
      return this.#refuse(record.id, `data digest does not match: ${digests}`)
    }
    if (this.#isLeaving) return null
    this.#log(
      `study ${record.id}: joined as ${this.#name}, ${workers === 1 ? '1 trial' : `${workers} trials`} at a time`,
    )
    return new StudyService({
      connection: this.#connection,
      record,
      executor: new LocalExecutor({ folds: loaded.folds, workers, family: record.family }),
      worker: this.#name,
      lockMs: lockSeconds * 1000,
      checkpointEveryMs: CHECKPOINT_MS,
      log: this.#log,
    })
  }

  /** Serves a study until it is closed, another one has more work, or the worker has to leave. */
  async #serve(record: QueuedStudy, service: StudyService): Promise<void> {
    const { idleExitSeconds = Number.POSITIVE_INFINITY } = this.#options
    for (;;) {
      await this.#pause(LOOK_MS)
      this.#lastBusy = nowMs() - service.idleMs
      if (this.#isLeaving || service.failure || service.idleMs >= idleExitSeconds * 1000) break
      if (await this.#orLeave(this.#isOver(record, service))) break
    }
    if (await timesOut(service.leave(), LEAVE_MS))
      this.#log('the queue does not respond; other workers continue the running trials')
    else await this.#tidy(record)
    if (service.failure) throw service.failure
  }

  /** Removes remains of BullMQ workers in a queue that was deleted while they polled it. */
  async #tidy({ id }: QueuedStudy): Promise<void> {
    const { redis } = this.#connection
    const record = redis.status === 'ready' ? await this.#record(id) : null
    if (record !== null && record !== 'none' && !record.open) await redis.unlink(`${PREFIX}:${queueName(id)}:meta`)
  }

  async #isOver({ id }: QueuedStudy, service: StudyService): Promise<boolean> {
    const record = await this.#record(id)
    if (record === null) return true
    // Redis has lost a study without a record; it will announce itself again
    if (record !== 'none' && !record.open) {
      this.#log(`study ${id}: closed`)
      return true
    }
    if (service.idleMs < IDLE_MS) return false
    const other = await this.#nextStudy()
    return other !== null && other.id !== id
  }

  /** Stops waiting for the server when the worker has to leave. */
  async #orLeave<T>(work: Promise<T>): Promise<T | null> {
    work.catch(() => undefined)
    return await Promise.race([work, this.#leaving.then(() => null)])
  }

  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([time, this.#leaving])
    clearTimeout(timer)
  }
}
