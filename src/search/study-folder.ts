import { readFileSync } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { knownOptions } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { CLAIM } from '../formats/claim.js'
import { makeFolders, removeFiles } from '../formats/folder.js'
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
  figures: 'figures',
} as const

/** What a new study removes; figures are drawn over. */
const OWN = Object.values(FILES).filter((name) => name !== FILES.figures)

/**
 * The files of one study, consistent at any moment: trials.jsonl gains a line, synced to disk, as each trial finishes;
 * best.safetensors is the best so far; study.json says how the study stands. `end` adds results.csv and timings.csv.
 *
 *     const folder = new StudyFolder('runs/search')
 *     const study = await gridSearch({ data, grid, base, callbacks: folder.callbacks })
 *     await folder.end()
 *
 * The folder is made when the study starts. A study that cannot have it ends with NativeMlpError INVALID_ARGUMENT (it holds
 * a study already and `overwrite` is not set, or it holds other files) or FILE_SYSTEM.
 */
export class StudyFolder {
  readonly path: string
  /** to hand to `gridSearch` */
  readonly callbacks: SearchCallbacks
  readonly #options: StudyFolderOptions
  readonly #trials: TrialResult[] = []
  readonly #started = new Date()
  #journal: FileHandle | null = null
  #journalBytes = 0
  #header: StudyHeader | null = null
  #best: TrialResult | null = null

  constructor(path: string, options: StudyFolderOptions = {}) {
    knownOptions('StudyFolder', options, ['overwrite', 'about'])
    this.path = path
    this.#options = options
    this.callbacks = {
      onStart: (header) => this.#start(header),
      onTrialEnd: (event) => this.#add(event),
    }
  }

  /** Whether a study may start in the folder, as far as can be said before. @throws as the study would */
  async check(): Promise<void> {
    const entries = await entriesOf(this.path)
    if (entries.length === 0) return
    if (!entries.includes(FILES.trials)) {
      const expected = 'expected a new or empty folder, this one holds other files'
      throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: ${expected}`)
    }
    if (this.#options.overwrite) return
    throw this.#taken()
  }

  #taken(): NativeMlpError {
    const problem = this.#options.overwrite
      ? 'another study has just begun in it'
      : 'holds an earlier study, and overwrite is not set'
    return new NativeMlpError('INVALID_ARGUMENT', `${this.path}: ${problem}`)
  }

  /** Path of study.json, trials.jsonl, results.csv, timings.csv, best.safetensors or the folder of the figures. */
  file(name: keyof typeof FILES): string {
    return join(this.path, FILES[name])
  }

  /**
   * Writes the tables of the trials that have finished. Does nothing for a study that never started.
   *
   * @param error what ended the study early, if anything did
   */
  async end(error?: unknown): Promise<void> {
    if (this.#header === null) return
    await this.#journal?.close()
    await writeFileAtomic(this.file('results'), resultsCsv(this.#trials, this.#header))
    await writeFileAtomic(this.file('timings'), timingsCsv(this.#trials))
    await this.#writeRecord(error === undefined ? 'completed' : isAbort(error) ? 'interrupted' : 'failed', error)
  }

  async #start(header: StudyHeader): Promise<void> {
    await this.check()
    await makeFolders(this.path)
    // without overwrite there is nothing to remove but what another study has just begun
    if (this.#options.overwrite) await removeFiles(this.path, OWN)
    try {
      this.#journal = await open(this.file('trials'), 'wx')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw this.#taken()
      throw fileSystemError('start a study', this.path, error)
    }
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
      await this.#journal!.appendFile(line)
      await this.#journal!.datasync()
      this.#journalBytes += Buffer.byteLength(line)
    } catch (error) {
      // half a line is worse than none; where not even this works, the first error says why
      await this.#journal!.truncate(this.#journalBytes).catch(() => {})
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
      data: { ...this.#options.about, rows },
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
  const counts = { completed: 0, collapsed: 0, failed: 0, pruned: 0 }
  for (const { state } of trials) counts[state]++
  return counts
}

function bestOf({ trial, params, bestStep, train, valid, test, digest }: TrialResult) {
  return { trial, params, bestStep, train, valid, test, digest }
}

function isAbort(error: unknown): boolean {
  return error instanceof NativeMlpError && error.code === 'ABORTED'
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => name !== CLAIM)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fileSystemError('read', path, error)
  }
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
