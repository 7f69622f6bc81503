import type { Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { integerInRange, knownOptions, trueOrFalse } from '../core/checks.js'
import { invalidFile, NativeMlpError } from '../core/errors.js'

export interface ReadOptions {
  /** Largest size accepted, of the file and of what it inflates to, in bytes; default 1 GiB. */
  readonly maxBytes?: number
  /** Put the bytes in a SharedArrayBuffer, so that worker threads can use them without a copy; default false. */
  readonly shared?: boolean
}

export const DEFAULT_MAX_BYTES = 1_073_741_824

/** @throws NativeMlpError FILE_SYSTEM naming the path and the system's reason */
export function fileSystemError(action: string, path: string, cause: unknown): NativeMlpError {
  const { code, message } = cause as NodeJS.ErrnoException
  const denied = code === 'ERR_ACCESS_DENIED' ? deniedBy((cause as { permission?: string }).permission) : undefined
  const reason = code === 'ENOENT' ? 'no such file or directory (ENOENT)' : (denied ?? message ?? String(cause))
  return new NativeMlpError('FILE_SYSTEM', `${path}: cannot ${action}: ${reason}`, { cause })
}

/** @param permission as Node names it; undefined for a function that its permission model always denies */
function deniedBy(permission: string | undefined): string | undefined {
  const flag = { FileSystemRead: '--allow-fs-read', FileSystemWrite: '--allow-fs-write' }[permission ?? '']
  return flag && `Node's permission model denies it; ${flag}=PATH allows it`
}

export function checkReadOptions(name: string, options: ReadOptions): Required<ReadOptions> {
  knownOptions(name, options, ['maxBytes', 'shared'])
  return {
    maxBytes: integerInRange(`${name}: maxBytes`, options.maxBytes ?? DEFAULT_MAX_BYTES, 1),
    shared: trueOrFalse(`${name}: shared`, options.shared ?? false),
  }
}

/** Reads a whole regular file. @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE when it is larger than maxBytes */
export async function readFileBytes(path: string, { maxBytes, shared }: Required<ReadOptions>): Promise<Uint8Array> {
  try {
    // before open: opening a pipe would wait for its writer
    refuseSpecial(path, await stat(path))
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > maxBytes) throw invalidFile(path, `${size} bytes, more than the limit of ${maxBytes}`)
      return await readFully(handle, path, newBytes(size, shared))
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw error instanceof NativeMlpError ? error : fileSystemError('read', path, error)
  }
}

/** `readFileBytes`, or null where there is no such file. */
export async function readFileIfThere(path: string, maxBytes = DEFAULT_MAX_BYTES): Promise<Uint8Array | null> {
  try {
    return await readFileBytes(path, { maxBytes, shared: false })
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null
    throw error
  }
}

function refuseSpecial(path: string, stats: Stats): void {
  if (!stats.isFile()) throw invalidFile(path, stats.isDirectory() ? 'a folder, not a file' : 'not a regular file')
}

async function readFully(handle: FileHandle, path: string, bytes: Uint8Array): Promise<Uint8Array> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, done)
    if (bytesRead === 0) throw invalidFile(path, 'shrank while it was read', done)
    done += bytesRead
  }
  return bytes
}

export function newBytes(length: number, shared: boolean): Uint8Array {
  return new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length))
}
