import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileSystemError } from '../formats/read-file.js'

/**
 * Makes a folder and those above it; it may be there already. Node's own `recursive` never returns where the file system
 * answers as /proc does.
 *
 * @throws NativeMlpError FILE_SYSTEM naming the path
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await make(path)
  } catch (error) {
    throw fileSystemError('make the folder', path, error)
  }
}

async function make(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await make(dirname(path))
    await mkdir(path)
  }
}
