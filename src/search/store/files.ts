import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NativeMlpError } from '../../core/errors.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { DEFAULT_MAX_BYTES, fileSystemError, readFileBytes } from '../../formats/read-file.js'
import { LOCK } from '../../io/folder-lock.js'

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

/** What a new study removes; figures are drawn over. */
export const REMOVED_FILES: readonly string[] = Object.values(STUDY_FILES).filter((name) => name.includes('.'))

/**
 * What stands in a folder that a study wants: one to be resumed, or nothing that hinders a new one.
 *
 * @throws NativeMlpError INVALID_ARGUMENT where it cannot have the folder, FILE_SYSTEM
 */
export async function lookInto(
  path: string,
  { overwrite = false, resume = false }: { readonly overwrite?: boolean; readonly resume?: boolean },
): Promise<'study' | 'nothing'> {
  const entries = await entriesOf(path)
  const isBegun = entries.includes(STUDY_FILES.journal) && (await hasLines(join(path, STUDY_FILES.journal)))
  if (isBegun && resume) return 'study'
  if (isBegun || entries.includes(STUDY_FILES.trials)) {
    if (overwrite) return 'nothing'
    const problem = resume
      ? `holds a study without ${STUDY_FILES.journal}, of an earlier version; it cannot be resumed`
      : 'holds an earlier study; resume goes on with it, overwrite replaces it'
    throw new NativeMlpError('INVALID_ARGUMENT', `${path}: ${problem}`)
  }
  // what a process leaves that was killed while it wrote one has a dot and a number behind the name
  const own: readonly string[] = Object.values(STUDY_FILES)
  if (entries.every((name) => own.includes(name.replace(/\.\d+$/, '')))) return 'nothing'
  const expected = 'expected a new or empty folder, this one holds other files'
  throw new NativeMlpError('INVALID_ARGUMENT', `${path}: ${expected}`)
}

/** A study that was killed while it wrote the first line of its journal has not begun. */
async function hasLines(journal: string): Promise<boolean> {
  return (await readFileBytes(journal, { maxBytes: DEFAULT_MAX_BYTES, shared: false })).includes(10)
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !name.startsWith(LOCK))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fileSystemError('read', path, error)
  }
}

/** What a crash leaves of an atomic write has a dot and a number behind the name. */
const OWN_NAME = /^(trial-\d+(?:-fold-\d+)?\.safetensors)(\.\d+)?$/

interface Slot {
  writing: Promise<void> | null
  /** waits until the one before is written; a newer one takes its place */
  next: Uint8Array | null
}

/** Files of a folder named after trials and their folds, each written whole or not at all. */
export class TrialFiles {
  readonly #folder: string
  readonly #slots = new Map<string, Slot>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @param fold null where the study has none */
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

  /** Null where there is none. @throws NativeMlpError FILE_SYSTEM */
  async read(trial: number, fold: number | null): Promise<Uint8Array | null> {
    const path = this.path(trial, fold)
    try {
      return await readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw fileSystemError('read', path, error)
    }
  }

  async remove(trial: number, fold: number | null): Promise<void> {
    const path = this.path(trial, fold)
    await this.#slots.get(path)?.writing?.catch(() => undefined)
    this.#slots.delete(path)
    await rm(path, { force: true })
  }

  /** Removes files of other trials and folds, and what crashes have left of unfinished ones. @throws FILE_SYSTEM */
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

  /** Removes the folder where nothing is left in it. */
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

  /** The folder is made for the first file. */
  async #writeOne(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await writeFileAtomic(path, bytes)
    } catch (error) {
      const { cause } = error as NativeMlpError
      if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error
      // not those above it: a study whose folder was removed is over
      await mkdir(this.#folder).catch((reason) => {
        if (reason.code !== 'EEXIST') throw fileSystemError('make the folder', this.#folder, reason)
      })
      await writeFileAtomic(path, bytes)
    }
  }
}
