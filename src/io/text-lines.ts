import { invalidFile } from '../core/errors.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../formats/read-file.js'

/**
 * Lines of a UTF-8 text file, without the empty one a final line feed leaves.
 *
 * @param which 'whole' leaves out what stands after the last line feed
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

/** Line by line, because a long study has more than a string can hold. @param i of the line, from 0 */
function decoded(path: string, i: number, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: i > 0 }).decode(bytes)
  } catch {
    throw invalidFile(path, `line ${i + 1} is not a text in UTF-8`)
  }
}
