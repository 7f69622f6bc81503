import { readFileSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { knownOptions } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { fileSystemError } from '../formats/read-file.js'
import { saveModel } from '../io/model-file.js'
import type { SearchCallbacks, StudyHeader, TrialEndEvent, TrialResult } from './study.js'
import { resultsCsv, timingsCsv, trialLine } from './study-tables.js'

export interface StudyFolderOptions {
  /** replace a study that is there already; default false */
  readonly overwrite?: boolean
  /** what study.json is to tell beside what `gridSearch` knows: where the data came from, for example */
  readonly about?: Readonly<Record<string, unknown>>
}

const FILES = {
  record: 'study.json',
  trials: 'trials.jsonl',
  results: 'results.csv',
  timings: 'timings.csv',
  model: 'best.safetensors',
} as const

/**
 * The files of one study, consistent at any moment: trials.jsonl gains a line, synced to disk, as each trial finishes;
 * best.safetensors is the best so far; study.json says how the study stands. `end` adds results.csv and timings.csv.
 *
 *     const folder = await StudyFolder.create('runs/search')
 *     const study = await gridSearch({ data, grid, base, callbacks: [folder.callbacks] })
 *     await folder.end()
 */
export class StudyFolder {
  readonly path: string
  /** to hand to `gridSearch` */
  readonly callbacks: SearchCallbacks
  readonly #about: Readonly<Record<string, unknown>>
  readonly #journal: FileHandle
  readonly #trials: TrialResult[] = []
  readonly #started = new Date()
  #journalBytes = 0
  #header: StudyHeader | null = null
  #best: TrialResult | null = null

  /** `StudyFolder.create` makes one. */
  private constructor(path: string, journal: FileHandle, about: Readonly<Record<string, unknown>>) {
    this.path = path
    this.#journal = journal
    this.#about = about
    this.callbacks = {
      onStart: (header) => this.#start(header),
      onTrialEnd: (event) => this.#add(event),
    }
  }

  /**
   * Takes a folder for a new study, made where it is missing.
   *
   * @throws NativeMlpError INVALID_ARGUMENT when it holds a study already (without `overwrite`) or other files, FILE_SYSTEM
   */
  static async create(path: string, options: StudyFolderOptions = {}): Promise<StudyFolder> {
    knownOptions('StudyFolder', options, ['overwrite', 'about'])
    try {
      await mkdir(path, { recursive: true })
      await clear(path, options.overwrite ?? false)
      return new StudyFolder(path, await open(join(path, FILES.trials), 'wx'), options.about ?? {})
    } catch (error) {
      throw error instanceof NativeMlpError ? error : fileSystemError('make the folder', path, error)
    }
  }

  file(name: keyof typeof FILES): string {
    return join(this.path, FILES[name])
  }

  /**
   * Writes the tables of the trials that have finished.
   *
   * @param error what ended the study early, if anything did
   */
  async end(error?: unknown): Promise<void> {
    await this.#journal.close()
    if (this.#header === null) return
    await writeFileAtomic(this.file('results'), resultsCsv(this.#trials, this.#header))
    await writeFileAtomic(this.file('timings'), timingsCsv(this.#trials))
    await this.#writeRecord(error === undefined ? 'completed' : isAbort(error) ? 'interrupted' : 'failed', error)
  }

  async #start(header: StudyHeader): Promise<void> {
    this.#header = header
    await this.#writeRecord('running')
  }

  async #add({ result, isBest, model }: TrialEndEvent): Promise<void> {
    if (isBest && model) {
      await saveModel(this.file('model'), model)
      this.#best = result
    }
    await this.#append(trialLine(result))
    this.#trials.push(result)
  }

  async #append(line: string): Promise<void> {
    try {
      await this.#journal.appendFile(line)
      await this.#journal.datasync()
      this.#journalBytes += Buffer.byteLength(line)
    } catch (error) {
      // half a line is worse than none; where not even this works, the first error says why
      await this.#journal.truncate(this.#journalBytes).catch(() => {})
      throw fileSystemError('append', this.file('trials'), error)
    }
  }

  async #writeRecord(status: 'running' | 'completed' | 'interrupted' | 'failed', error?: unknown): Promise<void> {
    const { grid, base, selectBy, metric, size, rows, workers, backend, isa, family, caution } = this.#header!
    const ended = new Date()
    const record = {
      format: 'native-mlp study',
      formatVersion: 1,
      version: packageVersion(),
      status,
      reason: error === undefined ? undefined : (error as Error).message,
      seed: base.seed ?? 1,
      config: { grid, base, selectBy, metric },
      caution,
      data: { ...this.#about, rows },
      backend: { name: backend, isa, workers, contract: family.contract },
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      times: {
        started: this.#started.toISOString(),
        ended: status === 'running' ? undefined : ended.toISOString(),
        total: status === 'running' ? undefined : (ended.getTime() - this.#started.getTime()) / 1000,
      },
      trials: { size, ...countStates(this.#trials) },
      best: this.#best && bestOf(this.#best),
    }
    await writeFileAtomic(this.file('record'), `${JSON.stringify(record, null, 2)}\n`)
  }
}

/** How many trials ended how. */
export function countStates(trials: readonly Pick<TrialResult, 'state'>[]): Record<TrialResult['state'], number> {
  const counts = { completed: 0, collapsed: 0, failed: 0 }
  for (const { state } of trials) counts[state]++
  return counts
}

function bestOf({ trial, params, bestStep, train, valid, test, digest }: TrialResult) {
  return { trial, params, bestStep, train, valid, test, digest }
}

function isAbort(error: unknown): boolean {
  return error instanceof NativeMlpError && error.code === 'ABORTED'
}

/** Figures are left: a new study draws them anew. */
async function clear(path: string, overwrite: boolean): Promise<void> {
  const entries = await readdir(path)
  if (entries.length === 0) return
  if (!entries.includes(FILES.trials)) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${path}: expected a new or empty folder, this one holds other files`)
  }
  if (!overwrite) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${path}: holds an earlier study; take another folder or overwrite it`)
  }
  for (const name of Object.values(FILES)) await rm(join(path, name), { force: true })
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
