import type { Stats } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { NativeMlpError } from '../core/errors.js'
import { fileSystemError } from './read-file.js'

/** What stands in the place of a regular file, for an error message. */
export function kindOfFile(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device'
  return stats.isFile() ? 'a regular file' : 'something else'
}

/**
 * Checks that a path can be written as a regular file: nothing is there, a regular file, or a symbolic link to one.
 * A rename would replace a device or a pipe without a word, and opening a pipe would wait for its reader.
 *
 * @param action for the message, e.g. 'write'
 * @throws NativeMlpError FILE_SYSTEM naming what is there, also for a symbolic link to nothing
 */
export async function refuseSpecialTarget(action: string, path: string): Promise<void> {
  const there = await statOrNull(lstat, action, path)
  if (there === null) return
  const target = there.isSymbolicLink() ? await statOrNull(stat, action, path) : there
  if (target?.isFile()) return
  const kind = target === null ? 'a dangling symbolic link' : kindOfFile(target)
  throw new NativeMlpError('FILE_SYSTEM', `${path}: cannot ${action}: it is ${kind}, expected a regular file`)
}

async function statOrNull(of: typeof stat, action: string, path: string): Promise<Stats | null> {
  try {
    return await of(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw fileSystemError(action, path, error)
  }
}
