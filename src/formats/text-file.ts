import { invalidFile } from '../core/errors.js'
import { knownFormat } from './foreign.js'
import { readFileBytes } from './read-file.js'

/**
 * Reads a UTF-8 text file, without a byte order mark.
 *
 * @throws NativeMlpError INVALID_FILE for a file of another format, one larger than `maxBytes`, or invalid UTF-8; FILE_SYSTEM
 */
export async function readTextFile(path: string, maxBytes: number): Promise<string> {
  const bytes = await readFileBytes(path, { maxBytes, shared: false })
  refuseForeign(bytes, path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalidFile(path, 'not valid UTF-8')
  }
}

/** @throws NativeMlpError INVALID_FILE if the bytes are not a text but a known format, such as a zip archive */
export function refuseForeign(bytes: Uint8Array, path: string): void {
  const format = knownFormat(bytes)
  if (format !== null) throw invalidFile(path, `expected a text, but it looks like ${format}`)
}
