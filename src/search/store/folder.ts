import { rename } from 'node:fs/promises'
import { checking, integerInRange, isObject, knownOptions, objectOf, oneOf, plainData } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { FilePath } from '../../core/platform.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import { packageVersion } from '../../core/version.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { fileSystemError } from '../../formats/read-file.js'
import { refuseSpecialTarget } from '../../formats/special-files.js'
import { decodeCheckpoint } from '../../io/checkpoint-file.js'
import { decodeModel } from '../../io/model-bytes.js'
import { loadModel } from '../../io/model-file.js'
import { ResultFolder, type ResultFolderOptions } from '../../io/result-folder.js'
import type { MLP } from '../../model/mlp.js'
import type { StudyHeader } from '../study/study.js'
import type { TaskRecord, TrialResult } from '../trial/result.js'
import {
  JOURNAL_FORMAT,
  JOURNAL_VERSION,
  type JournalEvent,
  type JournalHeader,
  taskEvent,
  trialEvent,
} from './codec.js'
import { STUDY_FILES, STUDY_LAYOUT, TrialFiles } from './files.js'
import { checkSame, studyIdentity } from './identity.js'
import { Journal } from './journal.js'
import { resultsCsv, type StudyStatus, studyJson, timingsCsv, trialLine } from './tables.js'

export { countStates } from './tables.js'

export interface StudyFolderOptions extends ResultFolderOptions {
  /** plain data to add to the journal and study.json, such as the source of the data */
  readonly about?: Readonly<Record<string, unknown>>
}

/** Index of a trial's fold; 0 for a single one. */
export type TrialModels = ReadonlyMap<number, Uint8Array>

/**
 * The files of one study. journal.jsonl is the source of truth: one line per event, on disk before the study acts on it;
 * `checkpoints/` holds unfinished trials; best.safetensors is the best model so far, `models/` holds all with `keepModels`. A
 * study that is interrupted, killed or crashes can be resumed:
 *
 *     const folder = new StudyFolder('runs/search', { resume: true })
 *     const study = await gridSearch({ data, grid, base, folder })
 *
 * At its end the study adds results.csv, timings.csv, trials.jsonl and study.json, which are derived from the journal. The study
 * creates and locks the folder when it starts. If it cannot, it ends with NativeMlpError INVALID_ARGUMENT (the folder holds a
 * study and neither `overwrite` nor `resume` is set, or a study other than the one to resume, or other files, or another
 * process has locked it), INVALID_FILE (a damaged journal, naming the line) or FILE_SYSTEM.
 */
export class StudyFolder {
  readonly #folder: ResultFolder<keyof typeof STUDY_FILES>
  readonly #about: Readonly<Record<string, unknown>>
  readonly #checkpoints: TrialFiles
  readonly #models: TrialFiles
  readonly #trials = new Map<number, TrialResult>()
  #started = new Date()
  #journal: Journal | null = null
  #header: StudyHeader | null = null
  #best: TrialResult | null = null

  constructor(path: FilePath, options: StudyFolderOptions = {}) {
    knownOptions('StudyFolder', options, ['overwrite', 'resume', 'about'])
    this.#folder = new ResultFolder(path, STUDY_LAYOUT, options)
    this.#about = plainData('about', options.about ?? {})
    this.#checkpoints = new TrialFiles(this.file('checkpoints'))
    this.#models = new TrialFiles(this.file('models'))
  }

  get path(): string {
    return this.#folder.path
  }

  /** Path of study.json, journal.jsonl, trials.jsonl, results.csv, timings.csv, best.safetensors, or of a folder. */
  file(name: keyof typeof STUDY_FILES): string {
    return this.#folder.file(oneOf('name', name, Object.keys(STUDY_FILES) as (keyof typeof STUDY_FILES)[]))
  }

  /** Checks that a study can start in the folder, without changing it. @throws as the study does */
  async check(): Promise<void> {
    await this.#folder.check()
  }

  /**
   * Creates and locks the folder, and starts or resumes the study in it.
   *
   * @returns the work of earlier processes
   */
  async begin(header: StudyHeader): Promise<readonly JournalEvent[]> {
    const identity = checking('header', () => plainData('header', this.#identity(checkHeader(header))))
    const found = await this.#folder.open()
    try {
      const events = found === 'earlier' ? await this.#continue(identity) : await this.#beginNew(identity)
      this.#header = header
      this.#started = new Date()
      await this.#writeRecord('running')
      return events
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  /** Checkpoint of a task; null if there is none. Ignores a damaged one with a process warning. */
  async readCheckpoint(trial: number, fold: number): Promise<Uint8Array | null> {
    const bytes = await this.#checkpoints.read(...this.#task(trial, fold))
    if (bytes === null) return null
    try {
      decodeCheckpoint(bytes, this.#checkpoints.path(...this.#task(trial, fold)))
      return bytes
    } catch (error) {
      if (!(error instanceof NativeMlpError)) throw error
      process.emitWarning(`trial ${trial} starts again: ${error.message}`, 'NativeMlpWarning')
      return null
    }
  }

  /** Resolves when these bytes, or newer ones, are on disk. */
  async saveCheckpoint(trial: number, fold: number, bytes: Uint8Array): Promise<void> {
    if (!isUint8Array(bytes)) throw invalidArgument('bytes', 'a Uint8Array', bytes)
    await this.#checkpoints.save(...this.#task(trial, fold), bytes)
  }

  /** Records that a worker has started or resumed a task. */
  async addStart(trial: number, fold: number, worker: number | string): Promise<void> {
    await this.#open().journal.append({ event: 'start', trial, fold, worker, at: now() }, false)
  }

  /** Records that a task is paused, or a fold has ended. */
  async addTask(record: TaskRecord, model: Uint8Array | null): Promise<void> {
    const { journal, header } = this.#open()
    const { trial, fold, outcome } = record
    if (model && header.keepModels) await this.#models.save(trial, this.#fold(fold), model)
    await journal.append({ ...taskEvent(record), at: now() })
    if (outcome.state !== 'paused') await this.#checkpoints.remove(trial, this.#fold(fold))
  }

  /** Records the end of a trial. @param models of its folds; empty if none is kept */
  async addTrial(result: TrialResult, isBest: boolean, models: TrialModels): Promise<void> {
    const { journal, header } = this.#open()
    const { trial } = result
    const { keepModels, folds } = header
    // on disk before the journal says that the trial is done; best.safetensors changes when it does
    for (const [fold, bytes] of models) await this.#models.save(trial, this.#fold(fold), bytes)
    await journal.append({ ...trialEvent(result), at: now() })
    this.#trials.set(trial, result)
    if (isBest) {
      this.#best = result
      if (models.size > 0 && folds === 1) await this.#promote(trial, keepModels)
    }
    for (let fold = 0; fold < folds; fold++) await this.#checkpoints.remove(trial, this.#fold(fold))
  }

  /** Imports trials that an earlier process has finished. */
  async restore(trials: readonly TrialResult[], best: TrialResult | null): Promise<void> {
    const { size, folds, keepModels } = this.#open().header
    for (const result of trials) this.#trials.set(result.trial, result)
    this.#best = best
    const tasks = Array.from({ length: size }, (_, trial) => trial).filter((trial) => !this.#trials.has(trial))
    const files = (store: TrialFiles, numbers: readonly number[]) =>
      numbers.flatMap((trial) =>
        Array.from({ length: folds }, (_, fold) => store.path(trial, folds === 1 ? null : fold)),
      )
    await this.#checkpoints.keepOnly(new Set(files(this.#checkpoints, tasks)))
    const kept = keepModels ? Array.from({ length: size }, (_, trial) => trial) : []
    await this.#models.keepOnly(new Set(files(this.#models, kept)))
  }

  /** The model of a finished trial, or of one of its folds; null if there is none with the digest in the journal. */
  async readModel(result: Pick<TrialResult, 'trial' | 'digest'>, fold = 0): Promise<MLP | null> {
    const { trial, digest } = checkResult(result)
    const bytes = await this.#models.read(...this.#task(trial, fold))
    return bytes && modelWith(digest, () => decodeModel(bytes, this.#models.path(...this.#task(trial, fold))))
  }

  /** The model of the best trial; restores its file if a crash prevented writing it. */
  async readBest(best: TrialResult): Promise<MLP | null> {
    const { trial, digest } = checkResult(best)
    const model = await modelWith(digest, () => loadModel(this.file('model')))
    if (model) return model
    if ((await this.readModel({ trial, digest })) === null) return null
    await this.#promote(trial, this.#open().header.keepModels)
    return await modelWith(digest, () => loadModel(this.file('model')))
  }

  /**
   * Writes the tables of the finished trials, and unlocks the folder. Does nothing for a study that has not started, or has
   * ended. A search with this folder calls it.
   *
   * @param error why the study ended early, if it did
   */
  async end(error?: unknown): Promise<void> {
    if (this.#header === null) return
    const trials = [...this.#trials.values()].sort((a, b) => a.trial - b.trial)
    try {
      await writeFileAtomic(this.file('results'), resultsCsv(trials, this.#header))
      await writeFileAtomic(this.file('timings'), timingsCsv(trials))
      await writeFileAtomic(this.file('trials'), trials.map(trialLine).join(''))
      await this.#writeRecord(error === undefined ? 'completed' : isAbort(error) ? 'interrupted' : 'failed', error)
    } finally {
      await this.#checkpoints.removeEmpty()
      await this.#models.removeEmpty()
      this.#header = null
      await this.#close()
    }
  }

  /** @throws NativeMlpError INVALID_ARGUMENT while no study is open in the folder */
  #open(): { journal: Journal; header: StudyHeader } {
    const [journal, header] = [this.#journal, this.#header]
    if (journal !== null && header !== null) return { journal, header }
    throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: no study has begun in this folder, or it has ended`)
  }

  /** A trial and its fold; null without folds. */
  #task(trial: number, fold: number): [trial: number, fold: number | null] {
    return [integerInRange('trial', trial, 0), this.#fold(integerInRange('fold', fold, 0))]
  }

  /** Null without folds. */
  #fold(fold: number): number | null {
    return this.#header?.folds === 1 ? null : fold
  }

  #identity(header: StudyHeader): JournalHeader {
    return {
      format: JOURNAL_FORMAT,
      formatVersion: JOURNAL_VERSION,
      version: packageVersion,
      study: studyIdentity(header),
      data: { digest: header.dataDigest, recipe: header.recipe },
      family: { name: header.family.name, contract: header.family.contract },
      about: { ...this.#about },
    }
  }

  async #beginNew(identity: JournalHeader): Promise<[]> {
    await this.#checkpoints.keepOnly(new Set())
    await this.#models.keepOnly(new Set())
    await this.#folder.clear()
    this.#journal = await Journal.create(this.file('journal'), identity)
    return []
  }

  async #continue(identity: JournalHeader): Promise<readonly JournalEvent[]> {
    const { header, events, journal } = await Journal.resume(this.file('journal'))
    this.#journal = journal
    checkSame(this.path, header, identity)
    await this.#folder.removeTemporaries()
    await journal.append({ event: 'resumed', version: identity.version, at: now() })
    return events
  }

  /** Stores a trial's model as the best one. */
  async #promote(trial: number, keep: boolean): Promise<void> {
    if (keep) {
      const bytes = await this.#models.read(trial, null)
      if (bytes) await writeFileAtomic(this.file('model'), bytes)
      return
    }
    await refuseSpecialTarget('write', this.file('model'))
    try {
      await rename(this.#models.path(trial, null), this.file('model'))
    } catch (error) {
      throw fileSystemError('write', this.file('model'), error)
    }
  }

  async #close(): Promise<void> {
    const journal = this.#journal
    this.#journal = null
    await journal?.close()
    await this.#folder.close()
  }

  async #writeRecord(status: StudyStatus, error?: unknown): Promise<void> {
    const trials = [...this.#trials.values()]
    const known = { header: this.#header!, about: this.#about, started: this.#started, trials, best: this.#best }
    await this.#folder.writeJson('record', studyJson({ ...known, status, error }))
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT for what is not the header of a study */
function checkHeader(header: StudyHeader): StudyHeader {
  const isHeader = isObject(header) && isObject(header.base) && isObject(header.family)
  if (!isHeader) throw invalidArgument('header', 'the header of a study', header)
  return header
}

/** @throws NativeMlpError INVALID_ARGUMENT for what is not the result of a trial */
function checkResult(result: Pick<TrialResult, 'trial' | 'digest'>): Pick<TrialResult, 'trial' | 'digest'> {
  return checking('result', () => {
    const { trial, digest } = objectOf('result', result, 'the result of a trial')
    return { trial: integerInRange('result.trial', trial, 0), digest }
  })
}

function now(): string {
  return new Date().toISOString()
}

function isAbort(error: unknown): boolean {
  return error instanceof NativeMlpError && error.code === 'ABORTED'
}

/** Null if the model cannot be read, or has another digest. */
async function modelWith(digest: string | null, load: () => MLP | Promise<MLP>): Promise<MLP | null> {
  try {
    const model = await load()
    return model.parametersDigest() === digest ? model : null
  } catch (error) {
    if (error instanceof NativeMlpError) return null
    throw error
  }
}

/** Also true for an instance from another copy of this package, as in test frameworks. */
export function isStudyFolder(value: unknown): value is StudyFolder {
  return checking('folder', () => {
    const { begin, addTrial } = Object(value) as Partial<StudyFolder>
    return typeof begin === 'function' && typeof addTrial === 'function'
  })
}
