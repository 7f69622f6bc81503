import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NativeMlpError } from '../core/errors.js'
import { fileSystemError } from './read-file.js'

/**
 * Makes a folder and its parents; it may exist. Node's own `recursive` never returns on file systems such as /proc.
 *
 * @throws NativeMlpError FILE_SYSTEM naming the path
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await make(path)
  } catch (error) {
    throw fileSystemError('make the folder', path, error)
  }
  await checkFolder(path)
}

async function make(path: string): Promise<void> {
  const made = await makeOne(path)
  if (made === 'no parent') {
    await make(dirname(path))
    const again = await makeOne(path)
    if (again === 'no parent') await mkdir(path) // throws the reason
  }
}

async function makeOne(path: string): Promise<'there' | 'no parent'> {
  try {
    await mkdir(path)
    return 'there'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return 'there'
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    return 'no parent'
  }
}

/** The path may be that of a file or a dangling symbolic link. */
async function checkFolder(path: string): Promise<void> {
  let isFolder: boolean
  try {
    isFolder = (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileSystemError('make the folder', path, error)
    throw new NativeMlpError('FILE_SYSTEM', `${path}: cannot make the folder: it is a dangling symbolic link`, {
      cause: error,
    })
  }
  if (!isFolder) throw new NativeMlpError('FILE_SYSTEM', `${path}: cannot make the folder: a file has this name`)
}

/**
 * Removes those of the named files that exist, and their temporary files left by a killed process.
 *
 * @param names relative to the folder, with slashes
 * @throws NativeMlpError FILE_SYSTEM
 */
export async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  await removeEntries(folder, names, (name, whole) => names.includes(name) || names.includes(whole))
}

/** Removes the temporary files only. @throws NativeMlpError FILE_SYSTEM */
export async function removeTemporaries(folder: string, names: readonly string[]): Promise<void> {
  await removeEntries(folder, names, (name, whole) => name !== whole && names.includes(name))
}

/** @param isOld is given the path within the folder without and with the number of a temporary file */
async function removeEntries(
  folder: string,
  names: readonly string[],
  isOld: (name: string, whole: string) => boolean,
): Promise<void> {
  try {
    for (const inner of new Set(names.map(dirname))) {
      for (const entry of await entriesOf(join(folder, inner))) {
        const whole = join(inner, entry).replaceAll('\\', '/')
        // writeFileAtomic appends a dot and a number
        if (isOld(whole.replace(/\.\d+$/, ''), whole)) await rm(join(folder, inner, entry), { force: true })
      }
    }
  } catch (error) {
    throw fileSystemError('empty the folder', folder, error)
  }
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
