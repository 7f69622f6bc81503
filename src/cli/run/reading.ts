import { SingleBar } from 'cli-progress'
import { byteWords } from '../../core/errors.js'
import { nowMs } from '../../core/timers.js'
import type { LoadDataOptions } from '../../data/sources/source.js'
import { clock } from '../../progress/words.js'
import { say } from '../terminal.js'

/** Files that are read faster show nothing. */
const QUIET_MS = 1000
/** Milliseconds between two lines of a log. */
const LINE_EVERY = 10_000

type OnProgress = NonNullable<LoadDataOptions['onProgress']>

/** Shows how far the reading of large files is: a bar on a terminal, otherwise a line every 10 s. */
export function readingProgress(stream: NodeJS.WriteStream = process.stderr): {
  readonly onProgress: OnProgress
  readonly stop: () => void
} {
  const start = nowMs()
  let bar: SingleBar | null = null
  let told = start
  const stop = () => {
    bar?.stop()
    bar = null
  }
  const onProgress: OnProgress = (progress) => {
    if (!('path' in progress)) return
    const { path, readBytes, totalBytes, secondsLeft } = progress
    const now = nowMs()
    if (now - start < QUIET_MS) return
    const of = { path, left: clock(secondsLeft), size: byteWords(totalBytes) }
    if (stream.isTTY) {
      bar ??= startBar(stream, totalBytes, of)
      bar.update(readBytes, of)
      if (readBytes >= totalBytes) stop()
    } else if (now - told >= LINE_EVERY) {
      told = now
      say(`reading ${path}: ${Math.round((100 * readBytes) / totalBytes)} % of ${of.size}, ${of.left} left`)
    }
  }
  return { onProgress, stop }
}

function startBar(stream: NodeJS.WriteStream, total: number, of: object): SingleBar {
  const format = 'reading {path} {bar} {percentage} % of {size} | {left} left'
  const bar = new SingleBar({ stream, format, barsize: 20, clearOnComplete: true, linewrap: true })
  bar.start(total, 0, of)
  return bar
}
