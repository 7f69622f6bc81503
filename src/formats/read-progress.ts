import type { Signal } from '../core/platform.js'

/** How far the reading of a file is. */
export interface ReadProgress {
  readonly path: string
  /** of the file as it is on disk, so compressed for a gzipped one */
  readonly readBytes: number
  readonly totalBytes: number
  /** estimate from the speed so far */
  readonly secondsLeft: number
}

export interface ChunkOptions {
  readonly signal?: Signal | undefined
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined
}
