import type { TextStream } from '../core/platform.js'
import { searchLines } from './search-lines.js'
import type { SearchProgress } from './search-state.js'
import { searchTable } from './search-table.js'
import { streamOf } from './stream.js'

export interface SearchProgressOptions {
  /** where to write (default: stderr) */
  readonly stream?: TextStream
}

/**
 * Shows the progress of a search: on a terminal a table with the best trial so far, the running trials, the last finished ones
 * with the reason why they collapsed or failed, and the remaining time; otherwise a line for each finished trial, with a star
 * after the best so far.
 *
 *     const progress = showSearchProgress()
 *     await gridSearch({ data, grid, base, callbacks: progress.callbacks }).finally(progress.stop)
 */
export function showSearchProgress(options: SearchProgressOptions = {}): SearchProgress {
  const stream = streamOf('showSearchProgress', options)
  // a terminal of unknown size cannot be redrawn
  return stream.isTTY && stream.rows !== 0 ? searchTable(stream) : searchLines(stream)
}
