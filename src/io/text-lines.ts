import { invalidFile } from '../core/errors.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../formats/read-file.js'

/**
 * Lines of a UTF-8 text file, without the empty one after a final line feed.
 *
 * @param which 'whole' omits text after the last line feed
 */
export async function readLines(path: string, which: 'all' | 'whole' = 'all'): Promise<string[]> {
  const all = await readFileBytes(path, { maxBytes: DEFAULT_MAX_BYTES, shared: false })
  const lines: string[] = []
  for (let start = 0; start < all.length; ) {
    const feed = all.indexOf(10, start)
    if (feed < 0 && which === 'whole') break
    const end = feed < 0 ? all.length : feed
    lines.push(decoded(path, lines.length, all.subarray(start, end)))
    start = end + 1
  }
  return lines
}

/** Decodes line by line, because the journal of a long study exceeds the length of a string. @param i line, 0-based */
function decoded(path: string, i: number, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: i > 0 }).decode(bytes)
  } catch {
    throw invalidFile(path, `line ${i + 1} is not valid UTF-8`)
  }
}
