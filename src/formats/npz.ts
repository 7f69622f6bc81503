import { byteWords, invalidFile, shortened } from '../core/errors.js'
import { looksLike } from './foreign.js'
import { MAX_DEFLATE_RATIO } from './gzip.js'
import { type NpyArray, parseNpy } from './npy.js'
import { checkReadOptions, type ReadOptions, readFileBytes } from './read-file.js'

const SUFFIX = '.npy'
/** Uncompressed bytes of an empty deflate stream, and its header. */
const SLACK = 64

/**
 * Reads the arrays of an .npz file by name: a zip archive of .npy files, as `numpy.savez` and `savez_compressed` write it. Other
 * entries are skipped.
 *
 * @param names arrays to read; default: all
 * @throws NativeMlpError INVALID_FILE: no zip archive, a damaged one, arrays of more than `maxBytes` in total, no array, or as
 *   `parseNpy`; FILE_SYSTEM
 */
export async function readNpz(
  path: string,
  names?: readonly string[],
  options: Omit<ReadOptions, 'shared'> = {},
): Promise<ReadonlyMap<string, NpyArray>> {
  const { maxBytes, shared } = checkReadOptions('readNpz', options)
  const bytes = await readFileBytes(path, { maxBytes, shared })
  const entries = await unzip(bytes, path, maxBytes, names)
  const arrays = new Map<string, NpyArray>()
  for (const [name, contents] of entries) arrays.set(name, parseNpy(contents, `${path}: ${shortened(name)}`))
  return arrays
}

/** Names of the arrays of an .npz file. @throws NativeMlpError as `readNpz` */
export async function npzNames(path: string, options: Omit<ReadOptions, 'shared'> = {}): Promise<string[]> {
  const { maxBytes, shared } = checkReadOptions('readNpz', options)
  const found: string[] = []
  await unzip(await readFileBytes(path, { maxBytes, shared }), path, maxBytes, [], found)
  return found
}

async function unzip(
  bytes: Uint8Array,
  path: string,
  maxBytes: number,
  names: readonly string[] | undefined,
  found: string[] = [],
): Promise<Map<string, Uint8Array>> {
  if (bytes.length < 4 || bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    throw invalidFile(path, `not an .npz file: expected a zip archive${looksLike(bytes)}`, 0)
  }
  // imported here: a program that reads no such file does not load it
  const { unzipSync } = await import('fflate')
  let total = 0
  const filter = ({ name, size, originalSize }: { name: string; size: number; originalSize: number }) => {
    if (!name.endsWith(SUFFIX)) return false
    const array = name.slice(0, -SUFFIX.length)
    found.push(array)
    if (names !== undefined && !names.includes(array)) return false
    if (originalSize > size * MAX_DEFLATE_RATIO + SLACK) {
      throw invalidFile(path, `array '${shortened(array)}': ${size} bytes cannot hold the ${originalSize} announced`)
    }
    total += originalSize
    if (total > maxBytes) throw invalidFile(path, `arrays of more than the limit of ${byteWords(maxBytes)}`)
    return true
  }
  let files: Record<string, Uint8Array>
  try {
    files = unzipSync(bytes, { filter })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'INVALID_FILE') throw error
    throw invalidFile(path, `damaged zip archive: ${(error as Error).message}`)
  }
  if (found.length === 0) throw invalidFile(path, 'a zip archive without .npy files')
  return new Map(Object.entries(files).map(([name, contents]) => [name.slice(0, -SUFFIX.length), contents]))
}
