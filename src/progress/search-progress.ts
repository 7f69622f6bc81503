import type { TextStream } from '../core/platform.js'
import type { SearchCallbacks } from '../search/study/study.js'
import { searchLines } from './search-lines.js'
import { searchTable } from './search-table.js'

export interface SearchProgressOptions {
  /** where to write (default: stderr) */
  readonly stream?: TextStream
}

export interface SearchProgress {
  /** for the option `callbacks` of `search` and `gridSearch` */
  readonly callbacks: SearchCallbacks
  /** prints a line above the table, or between the other lines */
  log(line: string): void
  /** stops updating and leaves the last state on the terminal */
  stop(): void
}

/**
 * Shows the progress of a search: on a terminal a table with the best trial so far, the running trials, the last finished ones
 * with the reason why they collapsed or failed, and the remaining time; otherwise a line for each finished trial, with a star
 * after the best so far.
 *
 *     const progress = showSearchProgress()
 *     await gridSearch({ data, grid, base, callbacks: progress.callbacks }).finally(progress.stop)
 */
export function showSearchProgress({ stream = process.stderr }: SearchProgressOptions = {}): SearchProgress {
  // a terminal of unknown size cannot be redrawn
  return stream.isTTY && stream.rows !== 0 ? searchTable(stream) : searchLines(stream)
}
