import { invalidFile } from '../core/errors.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../formats/read-file.js'

/**
 * Lines of a UTF-8 text file, without the empty one a final line feed leaves.
 *
 * @param which 'whole' leaves out what stands after the last line feed
 */
export async function readLines(path: string, which: 'all' | 'whole' = 'all'): Promise<string[]> {
  const all = await readFileBytes(path, { maxBytes: DEFAULT_MAX_BYTES, shared: false })
  // before decoding: what was cut short may end within a character
  const bytes = which === 'all' ? all : all.subarray(0, all.lastIndexOf(10) + 1)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalidFile(path, 'not a text in UTF-8')
  }
  const lines = text.split('\n')
  if (lines[lines.length - 1] === '') lines.pop()
  return lines
}
