import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { loadData as loadBuiltData, type SearchOptions } from 'native-mlp'
import { expect } from 'vitest'
import { defaultBackend } from '../../../src/backend/index.js'
import type { HistoryEntry } from '../../../src/core/results.js'
import { loadData } from '../../../src/data/load.js'
import type { DataRecipe } from '../../../src/data/spec.js'
import { openQueueExecutor, type QueueExecutorOptions } from '../../../src/search/queue/executor.js'
import { loadStudy } from '../../../src/search/study/sets.js'
import { LocalExecutor } from '../../../src/search/threads/executor.js'
import type { Executor, TaskCallbacks, TrialOutcome, TrialTask } from '../../../src/search/trial/task.js'
import { MAIN, writeStripes } from '../../cli/command.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { ROOT } from '../../repo/source-graph.js'

/** What a worker logs when it takes a trial, from its beginning or from a checkpoint. */
export const BEGUN = /trial (\d+): (?:begins|continues)/

export const SILENT: TaskCallbacks = { onStart: () => {}, onEvaluation: () => {}, onCheckpoint: () => {} }

export function tasks(count: number, epochs: number): TrialTask[] {
  return Array.from({ length: count }, (_, trial) => {
    const config = { learningRate: 0.02 + trial / 100, hidden: 48, epochs, batchSize: 32, evaluateEvery: 200 }
    return {
      trial,
      fold: 0,
      untilStep: null,
      config: { ...config, init: 'he' as const, evaluateOn: ['valid' as const] },
    }
  })
}

/** What does not depend on who computed it. */
export function essence({ state, reason, history, best, steps, digest, model }: TrialOutcome) {
  return { state, reason, history, best, steps, digest, model: model && Buffer.from(model).toString('base64') }
}

/** A study's data in a folder, and what a single process makes of its tasks. */
export class StudyFixture {
  readonly folder = temporaryFolder()
  readonly data = writeStripes(join(this.folder, 'data'), 1500, 100)
  readonly family = defaultBackend().family
  readonly #workers: WorkerProcess[] = []
  readonly #executors: Executor[] = []
  #recipe: { readonly data: DataRecipe; readonly validFraction: number } | undefined

  async reference(list: readonly TrialTask[]): Promise<TrialOutcome[]> {
    const { recipe: data } = await loadData({ idx: { folder: this.data } })
    this.#recipe = { data, validFraction: 0.2 }
    const { folds } = await loadStudy(this.#recipe)
    const entry = new URL(`file://${ROOT}/dist/search/threads/worker.js`)
    const executor = new LocalExecutor({ folds, workers: 2, family: this.family, entry })
    const outcomes = await Promise.all(list.map((task) => executor.run(task, null, SILENT)))
    await executor.close()
    return outcomes
  }

  async open(url: string, options: Partial<QueueExecutorOptions> = {}): Promise<Executor> {
    const data = { digest: this.#recipe!.data.digest, recipe: this.#recipe }
    const own = { url, study: { test: 1 }, family: this.family, data, pollMs: 300 }
    const executor = await openQueueExecutor({ ...own, ...options })
    this.#executors.push(executor)
    return executor
  }

  /** A search of three trials on the data. */
  async search(): Promise<Pick<SearchOptions, 'data'> & { options: Omit<SearchOptions, 'data'> }> {
    const data = await loadBuiltData({ idx: { folder: this.data } })
    const base = { hidden: 8, epochs: 1, batchSize: 32, evaluateOn: ['valid'] as const }
    return { data, options: { grid: { learningRate: [0.02, 0.05, 0.1] }, base } }
  }

  worker(url: string, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): WorkerProcess {
    const name = `worker-${this.#workers.length}`
    const worker = new WorkerProcess(name, ['--queue', url, '--data', this.data, ...flags], env)
    this.#workers.push(worker)
    return worker
  }

  async killWorkers(): Promise<void> {
    for (const worker of this.#workers) worker.kill('SIGKILL')
    for (const worker of this.#workers) await worker.ended()
  }

  /** What a test leaves running that has failed would enqueue its tasks again in the next one. */
  async stop(): Promise<void> {
    await Promise.all(this.#executors.splice(0).map((executor) => executor.close()))
    await this.killWorkers()
  }
}

/** Hears what workers tell of a task. */
export class Listener {
  readonly told: { readonly worker: number | string; readonly entry: HistoryEntry }[] = []
  last: Uint8Array | null = null
  readonly callbacks: TaskCallbacks = {
    onStart: (worker) => {
      this.#worker = worker
    },
    onEvaluation: (entry) => void this.told.push({ worker: this.#worker, entry }),
    onCheckpoint: (bytes) => {
      this.last = bytes
    },
  }
  #worker: number | string = ''

  /** Waits for an evaluation. @param worker by which; default: by any */
  async hears(worker?: string): Promise<void> {
    await until(
      () => this.told.some((one) => worker === undefined || one.worker === worker),
      () => `an evaluation by ${worker ?? 'a worker'}`,
    )
  }

  /** The evaluations are those of a single process. */
  async expectTrue(study: StudyFixture, task: TrialTask): Promise<void> {
    const last = Math.max(...this.told.map(({ entry }) => entry.step))
    const [{ history }] = await study.reference([{ ...task, untilStep: last + 1 }])
    for (const { entry } of this.told) expect(entry).toEqual(history.find(({ step }) => step === entry.step))
  }
}

/** `native-mlp worker` as a process of its own, with one trial at a time and a lock of a second. */
export class WorkerProcess {
  readonly name: string
  readonly #child: ChildProcess
  output = ''
  exited = false

  constructor(name: string, flags: readonly string[], env: Readonly<Record<string, string>>) {
    this.name = name
    const { NATIVE_MLP_BACKEND, NATIVE_MLP_ISA, NATIVE_MLP_THREADS, NATIVE_MLP_DATA, ...rest } = process.env
    const args = [MAIN, 'worker', '--workers', '1', '--lock', '1', '--name', name, ...flags]
    this.#child = spawn(process.execPath, args, { env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        this.output += text
      })
    }
    this.#child.on('exit', () => {
      this.exited = true
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** What it has said, as soon as it has. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    await until(
      () => pattern.test(this.output),
      () => `worker says ${pattern}, in: ${this.output}`,
    )
    return pattern.exec(this.output)!
  }

  /** Has it leave as Ctrl-C does. */
  async leave(): Promise<void> {
    this.kill('SIGTERM')
    expect(await this.ended()).toBe(143)
  }

  /** Its exit code. */
  async ended(): Promise<number | null> {
    if (!this.exited) await once(this.#child, 'exit')
    return this.#child.exitCode
  }
}

export async function until(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const deadline = Date.now() + 110_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited too long for: ${what()}`)
    await wait(5)
  }
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
