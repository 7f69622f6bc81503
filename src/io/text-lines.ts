import { invalidFile } from '../core/errors.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../formats/read-file.js'

/** Lines of a UTF-8 text file, without the empty one a final line feed leaves. */
export async function readLines(path: string): Promise<string[]> {
  const bytes = await readFileBytes(path, { maxBytes: DEFAULT_MAX_BYTES, shared: false })
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
