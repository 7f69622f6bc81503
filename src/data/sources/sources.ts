import { type IdxSpec, idxSource } from './idx.js'
import { type MnistSpec, mnistSource } from './mnist.js'
import { type NpySpec, type NpzSpec, npySource, npzSource } from './npz.js'
import type { DataSource } from './source.js'

/** The options of each kind of source, by its name in a `DataSpec`. */
export interface SourceSpecs {
  readonly mnist: MnistSpec
  readonly idx: IdxSpec
  readonly npz: NpzSpec
  readonly npy: NpySpec
}

export type SourceName = keyof SourceSpecs

/** All kinds of sources; the first that recognizes a path reads it. A new format is a new file and a new row here. */
export const SOURCES: { readonly [Name in SourceName]: DataSource<SourceSpecs[Name]> } = {
  mnist: mnistSource,
  idx: idxSource,
  npz: npzSource,
  npy: npySource,
}

export const SOURCE_NAMES = Object.keys(SOURCES) as SourceName[]
