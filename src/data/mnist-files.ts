import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidFile, NativeMlpError } from '../core/errors.js'
import { type IdxArray, parseIdx, readIdxBytes } from '../formats/idx.js'
import { DEFAULT_MAX_BYTES } from '../formats/read-file.js'

/** One of the four files of MNIST. */
export interface MnistFile {
  readonly part: 'train' | 'test'
  readonly kind: 'images' | 'labels'
  /** as the mirrors call it, without .gz */
  readonly name: string
  /** of the IDX file, uncompressed */
  readonly bytes: number
  readonly sha256: string
}

export const MNIST_FILES: readonly MnistFile[] = [
  {
    part: 'train',
    kind: 'images',
    name: 'train-images-idx3-ubyte',
    bytes: 47_040_016,
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  {
    part: 'train',
    kind: 'labels',
    name: 'train-labels-idx1-ubyte',
    bytes: 60_008,
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  {
    part: 'test',
    kind: 'images',
    name: 't10k-images-idx3-ubyte',
    bytes: 7_840_016,
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  {
    part: 'test',
    kind: 'labels',
    name: 't10k-labels-idx1-ubyte',
    bytes: 10_008,
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
]

/** The names a file may have in a folder, in the order they are looked for. */
export function acceptedNames({ name }: MnistFile): string[] {
  const dotted = name.replace(/-(idx\d)/, '.$1')
  return [name, dotted, `${name}.gz`, `${dotted}.gz`]
}

/** Where each of the four files is in `folder`, undefined for those that are not there. */
export function locateFiles(folder: string): Promise<(string | undefined)[]> {
  return Promise.all(MNIST_FILES.map((file) => firstExisting(acceptedNames(file).map((name) => join(folder, name)))))
}

/** @throws NativeMlpError DATA_NOT_FOUND naming every file that is missing */
export async function requireFiles(folder: string, what: string): Promise<string[]> {
  const paths = await locateFiles(folder)
  const missing = MNIST_FILES.filter((_, i) => paths[i] === undefined)
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ')
    throw new NativeMlpError(
      'DATA_NOT_FOUND',
      `${what} ${folder}: missing ${names} (plain or .gz, also spelt like ${acceptedNames(missing[0])[1]})`,
    )
  }
  return paths as string[]
}

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await stat(path)
      return path
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') {
        throw new NativeMlpError('FILE_SYSTEM', `${path}: cannot look: ${(error as Error).message}`, { cause: error })
      }
    }
  }
  return undefined
}

/** How far a source of files is trusted: `'sha256'` they must be MNIST itself, `'structure'` anything of its shape. */
export type Trust = 'sha256' | 'structure'

/**
 * The file's array, after a check of its sum (when asked), its element type and its number of dimensions.
 * @throws NativeMlpError CHECKSUM_MISMATCH, INVALID_FILE or FILE_SYSTEM
 */
export async function readMnistFile(path: string, file: MnistFile, check: Trust, shared: boolean): Promise<IdxArray> {
  const bytes = await readIdxBytes(path, { shared, maxBytes: DEFAULT_MAX_BYTES })
  if (check === 'sha256') verifySha256(bytes, file.sha256, path)
  const idx = parseIdx(bytes, path)
  const dimensions = file.kind === 'images' ? 3 : 1
  if (idx.type !== 'uint8' || idx.dims.length !== dimensions || idx.data.length === 0) {
    const actual = `${idx.dims.join(' x ')} ${idx.type}`
    throw invalidFile(path, `expected ${dimensions} dimensions of uint8, none of them 0, got ${actual}`, 2)
  }
  return idx
}

/** @throws NativeMlpError CHECKSUM_MISMATCH naming both sums */
export function verifySha256(bytes: Uint8Array, expected: string, name: string): void {
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== expected) {
    throw new NativeMlpError('CHECKSUM_MISMATCH', `${name}: expected SHA-256 ${expected}, got ${actual}`)
  }
}
