import { createHash } from 'node:crypto'
import { NativeMlpError } from '../core/errors.js'
import { type IdxArray, parseIdx, readIdxBytes } from '../formats/idx.js'
import { DEFAULT_MAX_BYTES } from '../formats/read-file.js'
import type { FileKind, SetPart } from './idx-folder.js'

/** One of the four files of MNIST. */
export interface MnistFile {
  readonly part: SetPart
  readonly kind: FileKind
  /** name on the mirrors, without .gz */
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

/**
 * Reads the file after verifying its checksum.
 * @throws NativeMlpError CHECKSUM_MISMATCH, INVALID_FILE or FILE_SYSTEM
 */
export async function readMnistFile(path: string, file: MnistFile, shared: boolean): Promise<IdxArray> {
  const bytes = await readIdxBytes(path, { shared, maxBytes: DEFAULT_MAX_BYTES })
  verifySha256(bytes, file.sha256, path)
  return parseIdx(bytes, path)
}

/** @throws NativeMlpError CHECKSUM_MISMATCH with both checksums */
export function verifySha256(bytes: Uint8Array, expected: string, name: string): void {
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== expected) {
    throw new NativeMlpError('CHECKSUM_MISMATCH', `${name}: expected SHA-256 ${expected}, got ${actual}`)
  }
}
