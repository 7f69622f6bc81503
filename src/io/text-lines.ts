import type { FileHandle } from 'node:fs/promises'
import { invalidFile } from '../core/errors.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../formats/read-file.js'
import { refuseForeign } from '../formats/text-file.js'

/**
 * Lines of a UTF-8 text file, without the empty one after a final line feed. Each is decoded when it is asked for: a journal
 * may exceed the length of a string, and a wrong line ends the reading before the others take memory.
 *
 * @param which 'whole' omits text after the last line feed
 * @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE for a file of another format; while iterating, naming a line that is
 *   not valid UTF-8
 */
export async function readLines(path: string, which: 'all' | 'whole' = 'all'): Promise<Iterable<string>> {
  const bytes = await readFileBytes(path, { maxBytes: DEFAULT_MAX_BYTES, shared: false })
  refuseForeign(bytes, path)
  return linesOf(path, bytes, which)
}

function* linesOf(path: string, all: Uint8Array, which: 'all' | 'whole'): Generator<string> {
  for (let start = 0, i = 0; start < all.length; i++) {
    const feed = all.indexOf(10, start)
    if (feed < 0 && which === 'whole') return
    const end = feed < 0 ? all.length : feed
    yield decoded(path, i, all.subarray(start, end))
    start = end + 1
  }
}

/** @param i line, 0-based */
function decoded(path: string, i: number, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: i > 0 }).decode(bytes)
  } catch {
    throw invalidFile(path, `line ${i + 1} is not valid UTF-8`)
  }
}

/** Bytes of a file up to and including its last line feed. */
export async function wholeLines(file: FileHandle): Promise<number> {
  const block = new Uint8Array(4096)
  for (let end = (await file.stat()).size; end > 0; ) {
    const start = Math.max(0, end - block.length)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(10)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
