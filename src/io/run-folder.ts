import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checking, knownOptions, oneOf, plainData, trueOrFalse } from '../core/checks.js'
import { describe, invalidFile, NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { nowMs } from '../core/timers.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../formats/read-file.js'
import { checkModel, type MLP } from '../model/mlp.js'
import type { FitCallbacks } from '../train/callbacks.js'
import type { LayerArrays, TrainingCheckpoint } from '../train/checkpoint.js'
import type { FitTiming } from '../train/fit-result.js'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-file.js'
import { appendHistory, historyLine } from './history.js'
import { saveModel } from './model-file.js'
import { ResultFolder, type ResultFolderOptions, type ResultLayout } from './result-folder.js'
import {
  isOtherRunRecord,
  NOTHING_DONE,
  newRunRecord,
  type RunRecord,
  type RunTimes,
  readRunRecord,
  type TrainingResults,
} from './run-record.js'

const FILES = {
  record: 'run.json',
  history: 'history.jsonl',
  model: 'best.safetensors',
  checkpoint: 'checkpoint',
  curve: 'Training_Curve.txt',
  homework: 'best_model_save',
  figures: 'figures',
} as const

/** Names of the figures of a run; each is written as .svg and .png. */
export const RUN_FIGURES = [
  'loss-curves',
  'accuracy-curves',
  'parameter-histograms',
  'first-layer-weights',
  'confusion-matrix',
  'roc-curves',
  'precision-recall-curves',
  'calibration',
  'predicted-actual',
  'misclassified',
  'augmented-images',
] as const

/** Paths in the folder of a run. */
const FIGURE_FILES = RUN_FIGURES.flatMap((name) => [`figures/${name}.svg`, `figures/${name}.png`])

const LAYOUT: ResultLayout<keyof typeof FILES> = {
  noun: 'run',
  files: FILES,
  replaced: [
    ...[FILES.record, FILES.history, FILES.model, FILES.checkpoint, FILES.curve],
    ...['fc1_Weight', 'fc1_Bias', 'fc2_Weight', 'fc2_Bias'].map((name) => `${FILES.homework}/${name}.npy`),
    ...FIGURE_FILES,
  ],
  marker: FILES.record,
  find: async (path, entries) => {
    if (!entries.includes(FILES.record)) return null
    if (await isOtherRunRecord(join(path, FILES.record))) return 'outdated'
    await readRunRecord(join(path, FILES.record))
    return 'result'
  },
}

export interface RunFolderOptions extends ResultFolderOptions {
  /** plain data to add to run.json, such as the source of the data */
  readonly about?: Readonly<Record<string, unknown>>
}

export interface RunEnd {
  /** what ended the run early */
  readonly error?: unknown
  /** to add to `results` in run.json: plain data */
  readonly results?: Readonly<Record<string, unknown>>
  /** default true: the run can be continued with more epochs */
  readonly keepCheckpoint?: boolean
}

/**
 * The files of one run of `fit`: `checkpoint` holds the state of the run, history.jsonl its evaluations, best.safetensors its
 * best model so far, run.json its status. `fit` makes one if its option `folder` is a path. If that is a RunFolder, `fit`
 * leaves it open, so that the caller can add files to it before calling `end`:
 *
 *     const folder = new RunFolder('runs/mine', { resume: true, about: { source: 'sensors.csv' } })
 *     try {
 *       await fit(model, train, { optimizer, valid, folder })
 *       await folder.end()
 *     } catch (error) {
 *       await folder.end({ error })
 *       throw error
 *     }
 */
export class RunFolder {
  /** see RunFolderOptions; read when a run begins */
  about: Readonly<Record<string, unknown>>
  readonly #folder: ResultFolder<keyof typeof FILES>
  #earlier: RunRecord | null = null
  #record: RunRecord | null = null
  #results: TrainingResults = { ...NOTHING_DONE }
  #timing: FitTiming | null = null
  #startMs = 0
  /** trained on since `begin` */
  #rows = 0

  /** @throws NativeMlpError INVALID_ARGUMENT for an empty path, or overwrite together with resume; UNKNOWN_OPTION */
  constructor(path: FilePath, options: RunFolderOptions = {}) {
    knownOptions('RunFolder', options, ['overwrite', 'resume', 'about'])
    this.#folder = new ResultFolder(path, LAYOUT, options)
    this.about = plainData('about', options.about ?? {})
  }

  get path(): string {
    return this.#folder.path
  }

  /** Path of run.json, history.jsonl, best.safetensors, checkpoint or another file or folder in it. */
  file(name: keyof typeof FILES): string {
    return this.#folder.file(oneOf('name', name, Object.keys(FILES) as (keyof typeof FILES)[]))
  }

  /** Paths of the figures that exist, in the order of RUN_FIGURES. */
  figures(): string[] {
    return FIGURE_FILES.map((name) => join(this.path, name)).filter((path) => existsSync(path))
  }

  /** @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE for what is no run.json */
  read(): Promise<RunRecord> {
    return readRunRecord(this.file('record'))
  }

  /**
   * Whether a run can begin, or with `resume` continue, in the folder. Changes nothing.
   *
   * @returns 'earlier' if there is a run to resume
   * @throws NativeMlpError INVALID_ARGUMENT if it holds a run and neither overwrite nor resume is set, or other files; or
   *   INVALID_FILE for a damaged run.json; FILE_SYSTEM
   */
  check(): Promise<'earlier' | 'new'> {
    return this.#folder.check()
  }

  /**
   * Makes and locks the folder; its contents stay as they are. `fit` does it if the caller has not.
   *
   * @throws NativeMlpError as `check`, and INVALID_ARGUMENT if another process has locked it
   */
  async open(): Promise<void> {
    if (this.#folder.isOpen) return
    const found = await this.#folder.open()
    try {
      this.#earlier = found === 'earlier' ? await this.read() : null
    } catch (error) {
      await this.#folder.close()
      throw error
    }
  }

  /**
   * The last checkpoint of the run that is to be resumed.
   *
   * @returns null: there is no run to resume, or it was killed before its first checkpoint
   * @throws NativeMlpError INVALID_FILE for a checkpoint that is damaged, or missing although run.json names it; FILE_SYSTEM
   */
  async readCheckpoint(): Promise<TrainingCheckpoint | null> {
    if (this.#earlier === null) return null
    const file = this.file('checkpoint')
    try {
      if (existsSync(file)) {
        return decodeCheckpoint(await readFileBytes(file, { maxBytes: DEFAULT_MAX_BYTES, shared: false }), file)
      }
      const { status, results } = this.#earlier
      const step = results?.checkpoint ?? null
      if (step !== null) throw invalidFile(file, `missing, although run.json says that it was written at step ${step}`)
      if (status === 'completed') throw invalidFile(file, 'missing, because the run is complete')
      return null
    } catch (error) {
      if (!(error instanceof NativeMlpError) || error.code !== 'INVALID_FILE') throw error
      throw new NativeMlpError('INVALID_FILE', `${error.message}; overwrite begins a new run`, { cause: error })
    }
  }

  /**
   * Begins the run, or continues it: restores history and best model from the checkpoint, whatever a killed process left. A
   * crash in the middle of this does no harm, because the checkpoint is complete.
   *
   * @param checkpoint of step 0 for a new run
   */
  async begin(checkpoint: TrainingCheckpoint, model: MLP): Promise<void> {
    checkModel(model)
    const encoded = encodeCheckpoint(checkpoint)
    if (!this.#folder.isOpen)
      throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: open the folder before a run begins`)
    this.#startMs = nowMs()
    const { step, history, best, bestParameters } = checkpoint
    if (this.#earlier === null) await this.#folder.clear()
    else await this.#folder.removeTemporaries()
    if (history.length > 0) await writeFileAtomic(this.file('history'), history.map(historyLine).join(''))
    else await this.#folder.remove('history')
    if (bestParameters !== null) await saveBest(this.file('model'), model, bestParameters)
    // with keepBest: false the file is the best one, or a later one that the run finds again
    else if (best === null) await this.#folder.remove('model')
    await this.#folder.remove('curve')
    this.#record = newRunRecord(model, plainData('about', this.about), this.#earlier)
    await this.#folder.writeJson('record', this.#record)
    const evaluations = history.length
    this.#results = { ...NOTHING_DONE, steps: step, evaluations, best: best === null ? null : history[best] }
    await this.#saveCheckpoint(step, encoded)
  }

  /** For a `fit` of the model: they keep the files up to date. */
  callbacks(model: MLP): Required<Pick<FitCallbacks, 'onStep' | 'onEvaluation' | 'onCheckpoint' | 'onEnd'>> {
    checkModel(model)
    return {
      onStep: ({ step, rows }) => {
        this.#results.steps = step + 1
        this.#rows += rows
      },
      onEvaluation: async ({ entry, isBest }) => {
        await appendHistory(this.file('history'), entry)
        this.#results.evaluations++
        if (!isBest) return
        await saveModel(this.file('model'), model)
        this.#results.best = entry
      },
      onCheckpoint: ({ checkpoint }) => this.#saveCheckpoint(checkpoint.step, encodeCheckpoint(checkpoint)),
      onEnd: ({ stopped, collapsed, timing }) => {
        this.#results = { ...this.#results, stopped, collapsed }
        this.#timing = timing
      },
    }
  }

  /**
   * Writes status, times and results into run.json, and releases the lock. If no run has begun, only releases the lock.
   *
   * @returns the contents of run.json; null if no run has begun
   */
  async end(options: RunEnd = {}): Promise<RunRecord | null> {
    knownOptions('end', options, ['error', 'results', 'keepCheckpoint'])
    const { error, results } = options
    if (results !== undefined) plainData('results', results)
    const keepCheckpoint = trueOrFalse('keepCheckpoint', options.keepCheckpoint ?? true)
    const record = this.#record
    try {
      if (record === null) return null
      if (!keepCheckpoint) this.#results.checkpoint = null
      const reason = statusOf(error, this.#results.stopped) === 'failed' ? { reason: messageOf(error) } : {}
      const ended: RunRecord = {
        ...record,
        status: statusOf(error, this.#results.stopped),
        ...reason,
        times: { ...record.times, ...this.#times() },
        results: { ...this.#results, ...results },
      }
      await this.#folder.writeJson('record', ended)
      if (!keepCheckpoint) await this.removeCheckpoint()
      return ended
    } finally {
      this.#record = null
      await this.#folder.close()
    }
  }

  async removeCheckpoint(): Promise<void> {
    await this.#folder.remove('checkpoint')
  }

  async #saveCheckpoint(step: number, encoded: Uint8Array): Promise<void> {
    await writeFileAtomic(this.file('checkpoint'), encoded)
    this.#results.checkpoint = step
  }

  #times(): Partial<RunTimes> {
    const total = (nowMs() - this.#startMs) / 1000
    if (this.#timing === null) return { total }
    const { total: fit, training, evaluation } = this.#timing
    return { total, fit, training, evaluation, samplesPerSecond: this.#rows / training }
  }
}

/** Anything may be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describe(error)
}

function statusOf(error: unknown, stopped: string | null): RunRecord['status'] {
  if (error === undefined) return stopped === 'paused' ? 'interrupted' : 'completed'
  return error instanceof NativeMlpError && error.code === 'ABORTED' ? 'interrupted' : 'failed'
}

async function saveBest(path: string, model: MLP, parameters: readonly LayerArrays[]): Promise<void> {
  const best = model.clone()
  best.setParameters(parameters)
  await saveModel(path, best)
}

/** Also true for one of another copy of this package, such as a test framework makes. */
export function isRunFolder(value: unknown): value is RunFolder {
  return checking('folder', () => {
    const { begin, removeCheckpoint } = Object(value) as Partial<RunFolder>
    return typeof begin === 'function' && typeof removeCheckpoint === 'function'
  })
}
