import { randomInt } from 'node:crypto'
import { rmSync, type Stats } from 'node:fs'
import { chmod, chown, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { onExit } from 'signal-exit'
import { invalidArgument } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { isUint8Array } from '../core/typed-arrays.js'
import { toPath } from './path.js'
import { fileSystemError } from './read-file.js'
import { refuseSpecialTarget } from './special-files.js'

/**
 * Replaces a file whole or not at all: temporary file beside it, fsync, rename. A reader sees the old contents or the
 * new ones; after an error the old file is as it was and the temporary one is gone. The folder must exist. If the path is a
 * symbolic link to a regular file, the link stays and that file is replaced. Its mode and, where the system allows it, its
 * owner stay. Several writes of one file in this thread are done in the order of their calls.
 *
 * @throws NativeMlpError INVALID_ARGUMENT; FILE_SYSTEM naming the path, also if it is a folder, a device, a named pipe, a socket or a symbolic
 *   link to nothing
 */
export async function writeFileAtomic(path: FilePath, contents: Uint8Array | string): Promise<void> {
  const file = toPath(path)
  if (typeof contents !== 'string' && !isUint8Array(contents)) {
    throw invalidArgument('contents', 'a string or a Uint8Array', contents)
  }
  await inTurn(whole(file), async () => {
    await refuseSpecialTarget('write', file)
    try {
      await replace(file, contents)
    } catch (error) {
      throw fileSystemError('write', file, error)
    }
  })
}

/** The path from the root, which fails in a working directory that has been removed. @throws NativeMlpError FILE_SYSTEM */
function whole(file: string): string {
  try {
    return resolve(file)
  } catch (error) {
    throw fileSystemError('write', file, error)
  }
}

/** The last write of each file that is being written. */
const writes = new Map<string, Promise<void>>()

async function inTurn(file: string, write: () => Promise<void>): Promise<void> {
  const before = writes.get(file) ?? Promise.resolve()
  const own = before.then(write, write)
  writes.set(file, own)
  try {
    await own
  } finally {
    if (writes.get(file) === own) writes.delete(file)
  }
}

async function replace(file: string, contents: Uint8Array | string): Promise<void> {
  const target = (await ifThere(realpath(file))) ?? file
  const old = await ifThere(stat(target))
  // a dot and a number: files left by killed processes are recognized by it
  const temporary = `${target}.${randomInt(2 ** 32)}`
  const forget = onExit(() => rmSync(temporary, { force: true }))
  try {
    await writeSynced(temporary, contents, old?.mode)
    if (old) await restoreAccess(temporary, old)
    await rename(temporary, target)
  } catch (error) {
    // the first error says more
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  } finally {
    forget()
  }
}

/** Of a file that does not exist, null. */
async function ifThere<T>(about: Promise<T>): Promise<T | null> {
  try {
    return await about
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function writeSynced(path: string, contents: Uint8Array | string, mode: number | undefined): Promise<void> {
  const handle = await open(path, 'wx', mode)
  try {
    await handle.writeFile(contents)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** By path: Node's permission model denies the same for a file descriptor. */
async function restoreAccess(path: string, { uid, gid, mode }: Stats): Promise<void> {
  await asFarAsAllowed(chown(path, uid, gid))
  // after the change of the owner, which removes the bits for setting user and group
  await asFarAsAllowed(chmod(path, mode & 0o7777))
}

/** Only the superuser may give files away, and not every file system has owners and modes. */
async function asFarAsAllowed(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSYS' || ((code === 'EPERM' || code === 'EINVAL') && process.getuid?.() !== 0)) return
    throw error
  }
}
