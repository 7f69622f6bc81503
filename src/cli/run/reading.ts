import { createLogUpdate } from 'log-update'
import { byteWords, printable } from '../../core/errors.js'
import { nowMs } from '../../core/timers.js'
import type { LoadDataOptions } from '../../data/sources/source.js'
import { barWords, clock } from '../../progress/words.js'
import { say } from '../terminal.js'

/** Files that are read faster show nothing. */
const QUIET_MS = 1000
/** Milliseconds between two lines of a log. */
const LINE_EVERY = 10_000

/** Characters of the bar. */
const BAR = 20

type OnProgress = NonNullable<LoadDataOptions['onProgress']>

/** Shows how far the reading of large files is: a bar on a terminal, otherwise a line every 10 s. */
export function readingProgress(stream: NodeJS.WriteStream = process.stderr): {
  readonly onProgress: OnProgress
  readonly stop: () => void
} {
  const start = nowMs()
  const line = createLogUpdate(stream, { showCursor: true })
  let told = start
  let isDrawn = false
  const stop = () => {
    if (isDrawn) line.clear()
    isDrawn = false
  }
  const onProgress: OnProgress = (progress) => {
    if (!('path' in progress)) return
    const { path, readBytes, totalBytes, secondsLeft } = progress
    const now = nowMs()
    if (now - start < QUIET_MS) return
    const share = readBytes / totalBytes
    const percent = `${Math.round(100 * share)} % of ${byteWords(totalBytes)}`
    if (stream.isTTY) {
      isDrawn = true
      const words = `${barWords(share, BAR)} ${percent} | ${clock(secondsLeft)} left`
      line(printable(`reading ${path} ${words}`).slice(0, stream.columns))
      if (readBytes >= totalBytes) stop()
    } else if (now - told >= LINE_EVERY) {
      told = now
      say(`reading ${path}: ${percent}, ${clock(secondsLeft)} left`)
    }
  }
  return { onProgress, stop }
}
