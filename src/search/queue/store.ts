import type { Queue } from 'bullmq'
import type { ChainableCommander, Redis } from 'ioredis'
import { NativeMlpError, shortened } from '../../core/errors.js'
import type { Logger } from '../../core/platform.js'
import { decodeModel } from '../../io/model-bytes.js'
import { failedOutcome } from '../trial/run-task.js'
import type { TaskCallbacks, TrialOutcome, TrialTask } from '../trial/task.js'
import {
  checkLength,
  decodeOutcome,
  encode,
  excludedKey,
  jobId,
  KEEP_MS,
  LARGEST_TEXT,
  type QueuedStudy,
  recordKey,
  STUDIES,
  taskKey,
} from './wire.js'

/** A worker that lost its task must not overwrite a newer checkpoint with an older one. */
const SAVE_CHECKPOINT = `
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'bytes', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'saves', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`

export interface StoredResult {
  /** the task of the result, as queued */
  readonly task: string
  readonly outcome: TrialOutcome
  /** of a paused task */
  readonly checkpoint: Uint8Array | null
}

/** State of a study in Redis besides its queue. Lost state is computed again. */
export class QueueStore {
  readonly #redis: Redis
  readonly #study: string

  constructor(redis: Redis, study: string) {
    this.#redis = redis
    this.#study = study
  }

  /** Announces the study to workers; repeated, because Redis may lose it. */
  async announce(record: QueuedStudy, started: number): Promise<void> {
    await done(
      this.#redis
        .multi()
        .set(recordKey(this.#study), encode(record), 'PX', KEEP_MS)
        .zadd(STUDIES, 'NX', started, this.#study),
    )
  }

  /** Marks the study as closed for workers. */
  async withdraw(record: QueuedStudy): Promise<void> {
    const minute = 60_000
    await done(
      this.#redis
        .multi()
        .set(recordKey(this.#study), encode({ ...record, open: false }), 'PX', minute)
        .zrem(STUDIES, this.#study),
    )
  }

  /** Sets the initial checkpoint of a task that no worker has started. */
  async seedCheckpoint(job: string, bytes: Uint8Array): Promise<void> {
    const key = this.#key(job, 'checkpoint')
    await done(this.#redis.multi().del(key).hset(key, 'bytes', Buffer.from(bytes)).pexpire(key, KEEP_MS))
  }

  /** Makes `owner` the only writer of the task's checkpoints. Returns the last checkpoint. */
  async claim(job: string, owner: string): Promise<Uint8Array | null> {
    const key = this.#key(job, 'checkpoint')
    await done(this.#redis.multi().hset(key, 'owner', owner).pexpire(key, KEEP_MS))
    return await this.checkpoint(job)
  }

  /** Returns false without writing if another worker has taken over the task. */
  async saveCheckpoint(job: string, owner: string, bytes: Uint8Array): Promise<boolean> {
    const key = this.#key(job, 'checkpoint')
    return (await this.#redis.eval(SAVE_CHECKPOINT, 1, key, owner, Buffer.from(bytes), KEEP_MS)) === 1
  }

  async checkpoint(job: string): Promise<Uint8Array | null> {
    return copied(await this.#redis.hgetBuffer(this.#key(job, 'checkpoint'), 'bytes'))
  }

  /** Number of checkpoints written for the task: it increases while the task makes progress. */
  async saves(job: string): Promise<number> {
    return Number((await this.#redis.hget(this.#key(job, 'checkpoint'), 'saves')) ?? 0)
  }

  async saveResult(job: string, worker: string, { task, outcome, checkpoint }: StoredResult): Promise<void> {
    const { model, ...rest } = outcome
    const key = this.#key(job, 'result')
    const digests = this.#key(job, 'digests')
    const write = this.#redis
      .multi()
      .del(key)
      .hset(key, { task, worker, outcome: encode(rest) })
    if (model) write.hset(key, 'model', Buffer.from(model))
    if (checkpoint) write.hset(key, 'checkpoint', Buffer.from(checkpoint))
    write.pexpire(key, KEEP_MS)
    // a failed outcome, e.g. out of memory, has no digest to compare
    if (rest.digest !== null) write.hset(digests, worker, rest.digest).pexpire(digests, KEEP_MS)
    await done(write)
  }

  /**
   * @param task expected task of the job
   * @throws NativeMlpError INVALID_FILE or CHECKSUM_MISMATCH for a damaged result, or one of another task
   */
  async result(job: string, task: string): Promise<StoredResult | null> {
    const key = this.#key(job, 'result')
    // before they are read
    const lengths = await Promise.all((['outcome', 'task'] as const).map((field) => this.#redis.hstrlen(key, field)))
    lengths.forEach((length, i) => {
      checkLength(length, i === 0 ? 'result' : 'task')
    })
    const names = ['outcome', 'task', 'model', 'checkpoint'] as const
    const [text, own, model, checkpoint] = await this.#redis.hmgetBuffer(key, ...names)
    if (!text) return null
    const result = { task, outcome: { ...decodeOutcome(text.toString()), model: copied(model) } }
    if (String(own) !== task) throw new NativeMlpError('INVALID_FILE', `${job} in Redis: result of another task`)
    const whole = { ...result, checkpoint: copied(checkpoint) }
    checkWhole(whole, job)
    checkModel(whole.outcome, job)
    return whole
  }

  async hasResult(job: string): Promise<boolean> {
    return (await this.#redis.hexists(this.#key(job, 'result'), 'outcome')) === 1
  }

  /** The worker that wrote the result of the task; null if there is none with a valid name. */
  async resultWorker(job: string): Promise<string | null> {
    const key = this.#key(job, 'result')
    const length = await this.#redis.hstrlen(key, 'worker')
    return length > 0 && length <= LARGEST_TEXT.worker ? await this.#redis.hget(key, 'worker') : null
  }

  /** Lets a worker take no more trials of the study. @returns false if it was excluded before */
  async exclude(worker: string): Promise<boolean> {
    const key = excludedKey(this.#study)
    if ((await this.#redis.scard(key)) >= MAX_EXCLUDED) return false
    const added = await this.#redis.sadd(key, worker)
    await this.#redis.pexpire(key, KEEP_MS)
    return added === 1
  }

  async isExcluded(worker: string): Promise<boolean> {
    return (await this.#redis.sismember(excludedKey(this.#study), worker)) === 1
  }

  /** For a study that is over: another one of the same options may have mended workers. */
  async forgetExcluded(): Promise<void> {
    await this.#redis.unlink(excludedKey(this.#study))
  }

  /** The digest of each worker that finished the task. */
  async digests(job: string): Promise<readonly (readonly [worker: string, digest: string])[]> {
    return Object.entries(await this.#redis.hgetall(this.#key(job, 'digests')))
  }

  /** Frees the memory of a fetched result. */
  async dropResult(job: string): Promise<void> {
    await this.#redis.unlink(this.#key(job, 'result'), this.#key(job, 'checkpoint'))
  }

  async forget(job: string): Promise<void> {
    const all = (['checkpoint', 'result', 'digests'] as const).map((what) => this.#key(job, what))
    await this.#redis.unlink(...all)
  }

  #key(job: string, what: Parameters<typeof taskKey>[2]): string {
    return taskKey(this.#study, job, what)
  }
}

/** Copies, because a Buffer may be an unaligned part of a larger one. */
function copied(bytes: Buffer | null | undefined): Uint8Array | null {
  return bytes ? new Uint8Array(bytes) : null
}

/** Throws the first error of a pipeline, whose commands report errors only in the reply. */
async function done(commands: ChainableCommander): Promise<void> {
  for (const [error] of (await commands.exec()) ?? []) if (error) throw error
}

/** Checks that the outcome has all fields of its state. */
function checkWhole({ outcome, checkpoint }: StoredResult, job: string): void {
  const { state, reason, history, best, steps, digest, timing } = outcome
  const isDone = [best, steps, digest, timing].every((part) => part !== null)
  const isWhole = {
    completed: isDone,
    collapsed: isDone,
    paused: checkpoint !== null && digest === null,
    failed: reason !== undefined && digest === null,
  }[state]
  const isMeasured = best === null || history.some(({ step }) => step === best.step)
  if (isWhole && isMeasured) return
  throw new NativeMlpError('INVALID_FILE', `${job} in Redis: incomplete result of a trial with state ${state}`)
}

function checkModel({ model, digest }: TrialOutcome, job: string): void {
  if ((model === null) !== (digest === null)) {
    throw new NativeMlpError('INVALID_FILE', `${job} in Redis: expected both a model and its digest, or neither`)
  }
  if (model === null) return
  const actual = decodeModel(model, `${job} in Redis`).parametersDigest()
  if (actual === digest) return
  throw new NativeMlpError('CHECKSUM_MISMATCH', `${job} in Redis: the model's digest is ${actual}, not ${digest}`)
}

/** Workers that a study excludes at most: names can be forged, too. */
const MAX_EXCLUDED = 1000
/** A trial fails after this many attempts without progress. */
const MAX_ATTEMPTS = 3
/** Longest reason of a worker that is printed, in characters. */
const LONGEST_FAILURE = 500

/** The queue of a study and its state in Redis. */
export interface TaskPlace {
  readonly queue: Queue
  readonly store: QueueStore
  readonly log: Logger
}

/** Result of a task. */
export interface TaskEnd extends Pick<StoredResult, 'outcome' | 'checkpoint'> {
  /** whether Redis has it; a task that failed on every worker has no result there */
  readonly isStored: boolean
}

/** A queued task, until its result. */
export class QueuedTask {
  readonly id: string
  readonly task: TrialTask
  readonly #place: TaskPlace
  readonly #checkpoint: Uint8Array | null
  readonly #check: TaskCallbacks['check']
  /** checkpoints written before it was last enqueued */
  #saves = 0
  #attempts = 0

  /** @param check of the study, for its result */
  constructor(place: TaskPlace, task: TrialTask, checkpoint: Uint8Array | null, check?: TaskCallbacks['check']) {
    this.id = jobId(task)
    this.task = task
    this.#place = place
    this.#checkpoint = checkpoint
    this.#check = check
  }

  /**
   * Fetches its result, or ensures that it is queued once.
   *
   * @param isOver whether the study no longer waits for it
   * @returns null until there is a result
   * @throws NativeMlpError RESULTS_DIFFER; errors of Redis
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

  /** Data in Redis may be damaged or written by anyone; an invalid result is computed again. */
  async #result(): Promise<StoredResult | null> {
    const { queue, store, log } = this.#place
    try {
      const result = await store.result(this.id, encode(this.task))
      if (result !== null) this.#check?.(result.outcome, result.checkpoint)
      return result
    } catch (error) {
      if (!(error instanceof NativeMlpError)) throw error
      const isExcluded = await this.#excludeWorker()
      if (!isExcluded && this.#attempts >= MAX_ATTEMPTS) throw error
      log(`trial ${this.task.trial}: invalid result: ${error.message}`)
      await store.forget(this.id)
      await queue.remove(this.id)
      return null
    }
  }

  /**
   * Excludes the worker of an invalid result, which is then no attempt of the trial.
   *
   * @returns false for one that was excluded before, and goes on all the same
   */
  async #excludeWorker(): Promise<boolean> {
    const { store, log } = this.#place
    const worker = await store.resultWorker(this.id)
    if (worker === null || !(await store.exclude(worker))) return false
    this.#attempts = Math.max(0, this.#attempts - 1)
    log(`worker ${shortened(worker)} is excluded from the study: its result is invalid`)
    return true
  }

  async #enqueue(): Promise<void> {
    const { id, task } = this
    const { queue, store, log } = this.#place
    await queue.remove(id)
    if (this.#checkpoint && (await store.checkpoint(id)) === null) await store.seedCheckpoint(id, this.#checkpoint)
    this.#saves = await store.saves(id)
    if (this.#attempts++ > 0) log(`trial ${task.trial} is enqueued again`)
    await queue.add('task', encode(task), { jobId: id, attempts: MAX_ATTEMPTS })
  }

  /** Retries a failed task that has made progress. */
  async #retry(): Promise<TaskEnd | null> {
    const { queue, store, log } = this.#place
    const job = await queue.getJob(this.id)
    const reason = shortened(String(job?.failedReason ?? 'for no known reason'), LONGEST_FAILURE)
    log(`trial ${this.task.trial}: every worker failed: ${reason}`)
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
  const [[a, first], [b, second]] = [digests[0], other].map((pair) => pair.map((text) => shortened(text)))
  const message = `${which}: worker ${a} found ${first}, worker ${b} found ${second}; one of the machines is faulty`
  throw new NativeMlpError('RESULTS_DIFFER', message)
}
