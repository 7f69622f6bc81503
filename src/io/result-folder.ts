import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { trueOrFalse } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { makeFolders, removeFiles, removeTemporaries } from '../formats/folder.js'
import { toPath } from '../formats/path.js'
import { fileSystemError } from '../formats/read-file.js'
import { LOCK, lockFolder } from './folder-lock.js'

/** What the folders of one kind of result have in common. */
export interface ResultLayout<Name extends string> {
  /** 'run' or 'study', for messages */
  readonly noun: string
  /** names in the folder, by what they hold */
  readonly files: Readonly<Record<Name, string>>
  /** files that a new result removes: paths in the folder, with slashes */
  readonly replaced: readonly string[]
  /** name of the file that is written first and removed last: a folder without it holds no result */
  readonly marker: string
  /**
   * Which result a folder with these entries holds; 'outdated': one that cannot be resumed.
   *
   * @throws NativeMlpError INVALID_FILE for a marker that is not one, FILE_SYSTEM
   */
  readonly find: (path: string, entries: readonly string[]) => Promise<'result' | 'outdated' | null>
}

export interface ResultFolderOptions {
  /** replace an earlier result; default false */
  readonly overwrite?: boolean
  /** continue an earlier result, or begin one if there is none; default false */
  readonly resume?: boolean
}

/**
 * The folder of a run or a study. While it is open, no other process can open it. At any moment, kill -9 included, it holds
 * no result or one that can be resumed or overwritten.
 */
export class ResultFolder<Name extends string> {
  readonly path: string
  readonly #layout: ResultLayout<Name>
  readonly #overwrite: boolean
  readonly #resume: boolean
  #unlock: (() => Promise<void>) | null = null

  /** @throws NativeMlpError INVALID_ARGUMENT for an empty path, or overwrite together with resume */
  constructor(
    folder: FilePath,
    layout: ResultLayout<Name>,
    { overwrite = false, resume = false }: ResultFolderOptions,
  ) {
    const path = toPath(folder, 'folder')
    if (trueOrFalse('overwrite', overwrite) && trueOrFalse('resume', resume)) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${path}: pass either overwrite or resume, not both`)
    }
    this.path = path
    this.#layout = layout
    this.#overwrite = overwrite
    this.#resume = resume
  }

  file(name: Name): string {
    return join(this.path, this.#layout.files[name])
  }

  get isOpen(): boolean {
    return this.#unlock !== null
  }

  /**
   * Whether a result can be written into the folder, without changing anything.
   *
   * @returns 'earlier' if there is a result to resume
   * @throws NativeMlpError INVALID_ARGUMENT if it holds a result and neither overwrite nor resume is set, or other files, or
   *   is a file; INVALID_FILE for a damaged result; FILE_SYSTEM
   */
  async check(): Promise<'earlier' | 'new'> {
    const { noun, files, marker, replaced, find } = this.#layout
    const entries = await this.#entries()
    const found = await find(this.path, entries)
    if (found === 'result' && this.#resume) return 'earlier'
    if (found !== null) {
      if (this.#overwrite) return 'new'
      const version = entries.includes(marker)
        ? `${noun} in another format of ${marker}, of another version`
        : `${noun} without ${marker}, of an earlier version`
      const problem = this.#resume
        ? `holds a ${version}: it cannot be resumed; overwrite replaces it`
        : `holds an earlier ${noun}; resume continues it, overwrite replaces it`
      throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: ${problem}`)
    }
    // folders, and the marker before its first line: left by a process that was killed at the beginning of its result
    const harmless = [marker, ...Object.values<string>(files).filter((name) => !replaced.includes(name))]
    if (entries.every((name) => harmless.includes(name))) return 'new'
    const expected = 'expected a new or empty folder, this one holds other files'
    throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: ${expected}`)
  }

  /**
   * Makes and locks the folder; its contents stay as they are.
   *
   * @throws NativeMlpError as `check`, and INVALID_ARGUMENT if another process, or this one, has locked it
   */
  async open(): Promise<'earlier' | 'new'> {
    if (this.isOpen) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: a ${this.#layout.noun} has begun in it already`)
    }
    await this.check()
    await makeFolders(this.path)
    this.#unlock = await lockFolder(this.path)
    try {
      return await this.check() // another process may have filled it since the first check
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Removes all that an earlier result left, and the temporary files of processes that were killed. */
  async clear(): Promise<void> {
    const { marker, replaced } = this.#layout
    await removeFiles(
      this.path,
      replaced.filter((name) => name !== marker),
    )
    await removeFiles(this.path, [marker])
  }

  /** Removes the temporary files of processes that were killed. */
  async removeTemporaries(): Promise<void> {
    await removeTemporaries(this.path, this.#layout.replaced)
  }

  async remove(...names: readonly Name[]): Promise<void> {
    await removeFiles(
      this.path,
      names.map((name) => this.#layout.files[name]),
    )
  }

  /** Replaces a file by the JSON text of a value. */
  async writeJson(name: Name, value: unknown): Promise<void> {
    await writeFileAtomic(this.file(name), `${JSON.stringify(value, null, 2)}\n`)
  }

  /** Releases the lock. Does nothing if the folder is not open. */
  async close(): Promise<void> {
    const unlock = this.#unlock
    this.#unlock = null
    await unlock?.()
  }

  /** Without lock files and temporary files, which other processes that try to open the folder may add at any time. */
  async #entries(): Promise<string[]> {
    const { replaced } = this.#layout
    try {
      if (!(await stat(this.path)).isDirectory()) {
        throw new NativeMlpError('INVALID_ARGUMENT', `${this.path}: expected a folder, got a file`)
      }
      const isTemporary = (name: string) => /\.\d+$/.test(name) && replaced.includes(name.replace(/\.\d+$/, ''))
      return (await readdir(this.path)).filter((name) => !name.startsWith(LOCK) && !isTemporary(name))
    } catch (error) {
      if (error instanceof NativeMlpError) throw error
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw fileSystemError('read', this.path, error)
    }
  }
}
