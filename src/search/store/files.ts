import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NativeMlpError } from '../../core/errors.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { DEFAULT_MAX_BYTES, fileSystemError, readFileBytes, readFileIfThere } from '../../formats/read-file.js'
import type { ResultLayout } from '../../io/result-folder.js'

/** Names in a study's folder. */
export const STUDY_FILES = {
  journal: 'journal.jsonl',
  record: 'study.json',
  trials: 'trials.jsonl',
  results: 'results.csv',
  timings: 'timings.csv',
  model: 'best.safetensors',
  refit: 'refit.safetensors',
  figures: 'figures',
  checkpoints: 'checkpoints',
  models: 'models',
} as const

export const STUDY_LAYOUT: ResultLayout<keyof typeof STUDY_FILES> = {
  noun: 'study',
  files: STUDY_FILES,
  // figures are overwritten
  replaced: Object.values(STUDY_FILES).filter((name) => name.includes('.')),
  marker: STUDY_FILES.journal,
  find: async (path, entries) => {
    if (entries.includes(STUDY_FILES.journal) && (await hasLines(join(path, STUDY_FILES.journal)))) return 'result'
    return entries.includes(STUDY_FILES.trials) ? 'outdated' : null
  },
}

/** If a process is killed while writing the first line of the journal, the study has not started. */
async function hasLines(journal: string): Promise<boolean> {
  return (await readFileBytes(journal, { maxBytes: DEFAULT_MAX_BYTES, shared: false })).includes(10)
}

/** A crash during an atomic write leaves a temporary file: the name, a dot and a number. */
const OWN_NAME = /^(trial-\d+(?:-fold-\d+)?\.safetensors)(\.\d+)?$/

interface Slot {
  writing: Promise<void> | null
  /** next bytes to write; replaced by newer ones */
  next: Uint8Array | null
}

/** Files of a folder named after trials and their folds, each written atomically. */
export class TrialFiles {
  readonly #folder: string
  readonly #slots = new Map<string, Slot>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @param fold null without folds */
  path(trial: number, fold: number | null): string {
    return join(this.#folder, `trial-${trial}${fold === null ? '' : `-fold-${fold}`}.safetensors`)
  }

  /** Resolves when these bytes, or newer ones, are on disk. @throws NativeMlpError FILE_SYSTEM */
  save(trial: number, fold: number | null, bytes: Uint8Array): Promise<void> {
    const path = this.path(trial, fold)
    const slot: Slot = this.#slots.get(path) ?? { writing: null, next: null }
    this.#slots.set(path, slot)
    slot.next = bytes
    slot.writing ??= this.#write(path, slot).finally(() => {
      slot.writing = null
    })
    return slot.writing
  }

  /** Null if it does not exist. @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE if it is not a regular file */
  async read(trial: number, fold: number | null): Promise<Uint8Array | null> {
    return await readFileIfThere(this.path(trial, fold))
  }

  async remove(trial: number, fold: number | null): Promise<void> {
    const path = this.path(trial, fold)
    await this.#slots.get(path)?.writing?.catch(() => undefined)
    this.#slots.delete(path)
    await rm(path, { force: true })
  }

  /** Removes files of other trials and folds, and temporary files of crashes. @throws FILE_SYSTEM */
  async keepOnly(paths: ReadonlySet<string>): Promise<void> {
    try {
      for (const name of await readdir(this.#folder)) {
        const match = OWN_NAME.exec(name)
        const isKept = match?.[2] === undefined && paths.has(join(this.#folder, name))
        if (match && !isKept) await rm(join(this.#folder, name), { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw fileSystemError('empty the folder', this.#folder, error)
    }
  }

  /** Removes the folder if it is empty. */
  async removeEmpty(): Promise<void> {
    await rmdir(this.#folder).catch(() => undefined)
  }

  async #write(path: string, slot: Slot): Promise<void> {
    while (slot.next) {
      const bytes = slot.next
      slot.next = null
      await this.#writeOne(path, bytes)
    }
  }

  /** Creates the folder for the first file. */
  async #writeOne(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await writeFileAtomic(path, bytes)
    } catch (error) {
      const { cause } = error as NativeMlpError
      if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error
      // not recursively: the folder of the study may have been removed
      await mkdir(this.#folder).catch((reason) => {
        if (reason.code !== 'EEXIST') throw fileSystemError('make the folder', this.#folder, reason)
      })
      await writeFileAtomic(path, bytes)
    }
  }
}
