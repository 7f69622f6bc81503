import { open, writeFile } from 'node:fs/promises'
import writeFileWithRename from 'write-file-atomic'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { isUint8Array } from '../core/typed-arrays.js'
import { BUNDLED } from '../package/files.js'
import { toPath } from './path.js'
import { fileSystemError } from './read-file.js'
import { refuseSpecialTarget } from './special-files.js'

/**
 * Replaces a file whole or not at all: temporary file beside it, fsync, rename. A reader sees the old contents or the
 * new ones; after an error the old file is as it was and the temporary one is gone. The folder must exist. If the path is a
 * symbolic link to a regular file, the link stays and that file is replaced.
 *
 * @throws NativeMlpError INVALID_ARGUMENT; FILE_SYSTEM naming the path, also if it is a folder, a device, a named pipe, a socket or a symbolic
 *   link to nothing
 */
export async function writeFileAtomic(path: FilePath, contents: Uint8Array | string): Promise<void> {
  const file = toPath(path)
  if (typeof contents !== 'string' && !isUint8Array(contents)) {
    throw invalidArgument('contents', 'a string or a Uint8Array', contents)
  }
  await refuseSpecialTarget('write', file)
  try {
    await writeFileWithRename(file, '', {
      // write-file-atomic issues a single write and ignores a short count (a disk that fills up); this one fills the
      // file or fails, before it is renamed
      tmpfileCreated: (temporary) => writeSynced(temporary, contents),
      // its fsync takes a file descriptor, which Node's permission model denies; that of a file handle is allowed
      fsync: false,
    })
  } catch (error) {
    // write-file-atomic needs __filename, which ES modules do not have, those that a bundler makes included
    const isBundled = error instanceof ReferenceError
    if (isBundled)
      throw new NativeMlpError('FILE_SYSTEM', `${file}: cannot write: ${error.message}: ${BUNDLED}`, { cause: error })
    throw fileSystemError('write', file, error)
  }
}

async function writeSynced(path: string, contents: Uint8Array | string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await writeFile(file, contents)
    await file.sync()
  } finally {
    await file.close()
  }
}
