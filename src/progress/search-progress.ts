import type { TextStream } from '../core/platform.js'
import type { SearchCallbacks } from '../search/study/study.js'
import { searchLines } from './search-lines.js'
import { searchTable } from './search-table.js'

export interface SearchProgressOptions {
  /** default: stderr */
  readonly stream?: TextStream
}

export interface SearchProgress {
  /** to hand to `gridSearch` */
  readonly callbacks: SearchCallbacks
  /** a line of the caller's, above what is shown */
  say(line: string): void
  /** leaves what is shown as it is and draws no more */
  stop(): void
}

/**
 * Shows a search: on a terminal a table with the running trials, the best so far, the last that have finished with why they
 * collapsed or failed, and the time left; elsewhere a line for each trial that has finished, a star after the best so far.
 *
 *     const progress = showSearchProgress()
 *     await gridSearch({ data, grid, base, callbacks: progress.callbacks }).finally(progress.stop)
 */
export function showSearchProgress({ stream = process.stderr }: SearchProgressOptions = {}): SearchProgress {
  // a terminal that does not know its size cannot be drawn over
  return stream.isTTY && stream.rows !== 0 ? searchTable(stream) : searchLines(stream)
}
