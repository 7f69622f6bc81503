import { writeFile } from 'node:fs/promises'
import writeFileWithRename from 'write-file-atomic'
import { fileSystemError } from './read-file.js'

/**
 * Replaces a file whole or not at all: temporary file beside it, fsync, rename. A reader sees the old contents or the
 * new ones; after an error the old file is as it was and the temporary one is gone. The folder must exist.
 * @throws NativeMlpError FILE_SYSTEM naming the path
 */
export async function writeFileAtomic(path: string, contents: Uint8Array | string): Promise<void> {
  try {
    await writeFileWithRename(path, '', {
      // write-file-atomic issues a single write and ignores a short count (a disk that fills up); this one fills the
      // file or fails, before it is synced and renamed
      tmpfileCreated: (temporary) => writeFile(temporary, contents),
    })
  } catch (error) {
    throw fileSystemError('write', path, error)
  }
}
