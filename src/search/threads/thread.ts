import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type BackendInfo, backendInfo } from '../../backend/index.js'
import { byteWords, NativeMlpError, orOutOfMemory } from '../../core/errors.js'
import type { HistoryEntry } from '../../core/results.js'
import { timesOut } from '../../core/timers.js'
import { isSharedBuffer } from '../../core/typed-arrays.js'
import type { NumericFamily } from '../../core/types.js'
import { Samples, type SamplesDescription } from '../../data/samples.js'
import { BUNDLED, packageFolder } from '../../package/files.js'
import type { StudyData } from '../trial/run-task.js'
import type { TrialOutcome, TrialTask } from '../trial/task.js'

/** The sets of a fold, in shared memory. */
export interface SharedSets {
  readonly train: SamplesDescription
  readonly valid: SamplesDescription
  readonly test: SamplesDescription | null
}

/** Data of a worker thread: the sets of the study. */
export interface WorkerInput {
  /** one where the study has no folds */
  readonly folds: readonly SharedSets[]
}

/**
 * To a worker. 'run': run this task, in lock-step with its other tasks; `id` identifies it. 'stop': send last checkpoints and
 * stop all tasks.
 */
export type TrialRequest =
  | {
      readonly type: 'run'
      readonly id: number
      readonly task: TrialTask
      readonly checkpoint: Uint8Array | null
    }
  | { readonly type: 'stop' }

/** From a worker about one task: evaluations, checkpoints and its end. */
export type TaskMessage =
  | { readonly type: 'evaluation'; readonly entry: HistoryEntry; readonly share: number }
  | { readonly type: 'checkpoint'; readonly bytes: Uint8Array }
  | { readonly type: 'done'; readonly outcome: TrialOutcome }
  /** the checkpoint does not fit the task; the worker is ready for another one */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'stopped' }

/** From a worker: 'ready' once when it can take tasks. */
export type WorkerMessage =
  | ({ readonly type: 'ready'; readonly family: NumericFamily } & Pick<BackendInfo, 'isa' | 'threads'>)
  | ({ readonly id: number } & TaskMessage)

type Shareable = Uint8Array | Float32Array | Int32Array

/** The sets of a study in shared memory. Arrays they have in common are copied once, arrays already shared not at all. */
export function shareData(folds: readonly StudyData[]): WorkerInput {
  const copies = new Map<Shareable, Shareable>()
  const share = <A extends Shareable | null>(array: A): A => {
    if (array === null || isSharedBuffer(array.buffer)) return array
    let copy = copies.get(array)
    if (copy === undefined) {
      const Copy = array.constructor as new (buffer: SharedArrayBuffer) => Shareable
      const { byteLength } = array
      const need = `${byteWords(byteLength)} of data in shared memory`
      copy = orOutOfMemory('search', need, () => new Copy(new SharedArrayBuffer(byteLength)))
      copy.set(array)
      copies.set(array, copy)
    }
    return copy as A
  }
  const describe = (set: Samples) =>
    new Samples({
      ...set,
      values: share(set.values),
      labels: share(set.labels),
      targets: share(set.targets),
      rows: share(set.rows),
    }).describe()
  return {
    folds: folds.map(({ train, valid, test }) => {
      return { train: describe(train), valid: describe(valid), test: test === undefined ? null : describe(test) }
    }),
  }
}

/** A worker thread ended while it had tasks; the message gives the reason. */
export class WorkerCrash extends Error {
  override readonly name = 'WorkerCrash'
}

/** The checkpoint does not fit the task. */
export class CheckpointRefused extends Error {
  override readonly name = 'CheckpointRefused'
}

export interface ThreadCallbacks {
  readonly onEvaluation: (entry: HistoryEntry, share: number) => void
  readonly onCheckpoint: (bytes: Uint8Array) => void
}

interface Waiting {
  readonly onMessage: (message: WorkerMessage) => void
  readonly reject: (reason: unknown) => void
}

/** Id that waits for 'ready'; tasks count from 1. */
const START = 0
/** Time limit for a worker to start before it is ended, in milliseconds. */
const START_MS = 5000

/** A worker thread that runs its tasks in lock-step, on one thread of the backend of this process. */
export class TrialThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #running = new Set<Promise<TrialOutcome>>()
  /** resolves when it can take tasks or has ended */
  readonly #started: Promise<unknown>
  #lastId = START
  #ended: WorkerCrash | null = null
  /** resolves when each task has sent its last checkpoint or the time limit is over */
  #interrupted: Promise<void> | null = null

  /**
   * @param entry the built worker.js
   * @throws NativeMlpError BACKEND_UNAVAILABLE if this process may not start a worker
   */
  constructor(entry: URL, workerData: WorkerInput) {
    this.#worker = newWorker(entry, workerData)
    this.#started = new Promise((resolve) => this.#worker.once('message', resolve).once('exit', resolve))
    this.#worker.on('message', (message: WorkerMessage) => {
      this.#waiting.get('id' in message ? message.id : START)?.onMessage(message)
    })
    this.#worker.on('messageerror', (error) => this.#end(`its message could not be read: ${error.message}`))
    this.#worker.on('error', (error) => this.#end(messageOf(error)))
    this.#worker.on('exit', (code) => this.#end(`it exited with code ${code}`))
  }

  /** Resolves when the worker can take tasks. @throws WorkerCrash */
  async start(): Promise<Extract<WorkerMessage, { type: 'ready' }>> {
    return await this.#wait(START, (message, resolve) => {
      if (message.type === 'ready') resolve(message)
    })
  }

  /**
   * @throws WorkerCrash when the worker ends before the task does, or was stopped: it takes no more tasks; CheckpointRefused,
   *   after which it can take the task again
   */
  async run(task: TrialTask, checkpoint: Uint8Array | null, callbacks: ThreadCallbacks): Promise<TrialOutcome> {
    const id = ++this.#lastId
    const onMessage = (message: WorkerMessage, resolve: (outcome: TrialOutcome) => void) => {
      if (message.type === 'evaluation') callbacks.onEvaluation(message.entry, message.share)
      else if (message.type === 'checkpoint') callbacks.onCheckpoint(message.bytes)
      else if (message.type === 'done') resolve(message.outcome)
      else if (message.type === 'refused') throw new CheckpointRefused(message.reason)
      else if (message.type === 'stopped') throw new WorkerCrash('worker crashed: it was stopped')
    }
    const running = this.#wait(id, onMessage, { type: 'run', id, task, checkpoint })
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Stops all tasks, each after a last checkpoint, and then ends the worker; at the latest after `limit` milliseconds. */
  async interrupt(limit: number): Promise<void> {
    if (this.#running.size > 0) this.#interrupted ??= this.#stopTasks(limit)
    await this.stop()
  }

  /** Ends the worker even in the middle of a task, unless the worker is interrupted: then after its last checkpoints. */
  async stop(): Promise<void> {
    await this.#interrupted
    // Node.js does not close the files that a worker is importing when it is terminated
    await timesOut(this.#started, START_MS)
    await this.#worker.terminate()
  }

  async #stopTasks(limit: number): Promise<void> {
    this.#worker.postMessage({ type: 'stop' } satisfies TrialRequest)
    await timesOut(Promise.allSettled(this.#running), limit)
  }

  #wait<T>(
    id: number,
    onMessage: (message: WorkerMessage, resolve: (value: T) => void) => void,
    request?: TrialRequest,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended)
        return
      }
      // an error of a callback must reach the caller, not the event emitter of the worker
      const receive = (message: WorkerMessage) => {
        try {
          onMessage(message, settle)
        } catch (error) {
          fail(error)
        }
      }
      const settle = (value: T) => {
        this.#waiting.delete(id)
        resolve(value)
      }
      const fail = (reason: unknown) => {
        this.#waiting.delete(id)
        reject(reason)
      }
      this.#waiting.set(id, { onMessage: receive, reject: fail })
      if (request) this.#worker.postMessage(request)
    })
  }

  /** Keeps the first reason, because an 'exit' follows every 'error'. */
  #end(reason: string): void {
    this.#ended ??= new WorkerCrash(`worker crashed: ${reason}`)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
  }
}

/**
 * The built worker.js of this package; a file of that name beside a bundle is another program's.
 *
 * @throws NativeMlpError BACKEND_UNAVAILABLE in a bundle
 */
export function workerEntry(): URL {
  const folder = packageFolder()
  const file = folder && join(folder, 'dist', 'search', 'threads', 'worker.js')
  if (file && existsSync(file)) return pathToFileURL(file)
  const problem = file ? `there is no file ${file}` : BUNDLED
  throw new NativeMlpError('BACKEND_UNAVAILABLE', `search: no worker can start: ${problem}`)
}

function newWorker(entry: URL, workerData: WorkerInput): Worker {
  const env = workerEnvironment(backendInfo())
  try {
    return new Worker(entry, { workerData, env, execArgv: [] })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isDenied = code === 'ERR_ACCESS_DENIED'
    const reason = isDenied ? "Node's permission model denies worker threads; --allow-worker allows them" : message
    throw new NativeMlpError('BACKEND_UNAVAILABLE', `search: no worker can start: ${reason}`, { cause })
  }
}

/** One backend thread for each worker, because trials run in parallel; and the backend of the study. */
function workerEnvironment({ backend, isa }: BackendInfo): NodeJS.ProcessEnv {
  const own = { ...process.env, NATIVE_MLP_BACKEND: backend, NATIVE_MLP_THREADS: '1' }
  return backend === 'native' ? { ...own, NATIVE_MLP_ISA: isa } : own
}

function messageOf(error: unknown): string {
  if (error instanceof NativeMlpError || !(error instanceof Error)) return String(error)
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}
