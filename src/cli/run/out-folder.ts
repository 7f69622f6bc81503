import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { invalidArgument } from '../../core/errors.js'
import { makeFolders } from '../../formats/folder.js'
import { fileSystemError } from '../../formats/read-file.js'

/** @throws NativeMlpError INVALID_ARGUMENT for an empty path */
export function checkPath(out: string, flag = '--out'): void {
  if (out === '') throw invalidArgument(flag, 'a path', out)
}

/** Makes the first of runs/<name>, runs/<name>-2, ... that does not exist, and returns its path. */
export async function makeNumbered(name: string): Promise<string> {
  const base = join('runs', name)
  await makeFolders(dirname(base))
  for (let n = 1; ; n++) {
    const path = n === 1 ? base : `${base}-${n}`
    try {
      await mkdir(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileSystemError('make the folder', path, error)
    }
  }
}
