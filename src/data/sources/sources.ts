import { type IdxSpec, idxSource } from './idx.js'
import { type ImagesSpec, imagesSource } from './images.js'
import { type MnistSpec, mnistSource } from './mnist.js'
import { type NpySpec, type NpzSpec, npySource, npzSource } from './npz.js'
import type { DataSource } from './source.js'
import { type CsvSpec, csvSource, type JsonlSpec, jsonlSource, type ParquetSpec, parquetSource } from './tables.js'

/** The options of each kind of source, by its name in a `DataSpec`. */
export interface SourceSpecs {
  readonly mnist: MnistSpec
  readonly idx: IdxSpec
  readonly npz: NpzSpec
  readonly npy: NpySpec
  readonly csv: CsvSpec
  readonly jsonl: JsonlSpec
  readonly parquet: ParquetSpec
  readonly images: ImagesSpec
}

export type SourceName = keyof SourceSpecs

/** All kinds of sources; the first that recognizes a path reads it. A new format is a new file and a new row here. */
export const SOURCES: { readonly [Name in SourceName]: DataSource<SourceSpecs[Name]> } = {
  mnist: mnistSource,
  idx: idxSource,
  npz: npzSource,
  npy: npySource,
  csv: csvSource,
  jsonl: jsonlSource,
  parquet: parquetSource,
  images: imagesSource,
}

export const SOURCE_NAMES = Object.keys(SOURCES) as SourceName[]
