import { fileURLToPath } from 'node:url'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { FilePath, FileUrl } from '../core/platform.js'

/**
 * The path of a file or a folder.
 *
 * @param path not empty, without null characters
 * @throws NativeMlpError INVALID_ARGUMENT, naming it `name`, for anything but a path or a file: URL
 */
export function toPath(path: FilePath, name = 'path'): string {
  if (typeof path === 'string') {
    if (path !== '' && !path.includes('\0')) return path
    throw invalidArgument(name, path === '' ? 'a path' : 'a path without null characters', path)
  }
  const href = hrefOf(path)
  if (href === null) throw invalidArgument(name, 'a path or a file: URL', path)
  try {
    return toPath(fileURLToPath(href), name)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected a path or a file: URL: ${reason}`, { cause })
  }
}

/** Of a URL of any realm; null for anything else. */
function hrefOf(value: unknown): string | null {
  try {
    const { href, protocol } = Object(value) as Partial<FileUrl>
    return typeof href === 'string' && typeof protocol === 'string' ? href : null
  } catch {
    return null // a proxy or a getter that throws
  }
}
