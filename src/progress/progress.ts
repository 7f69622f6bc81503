import type { TextStream } from '../core/platform.js'
import type { FitCallbacks } from '../train/callbacks.js'
import { progressBar } from './progress-bar.js'
import { progressLines } from './progress-lines.js'
import { streamOf } from './stream.js'

export interface ProgressOptions {
  /** where to write (default: stderr) */
  readonly stream?: TextStream
}

export interface Progress {
  /** for the option `callbacks` of `fit` */
  readonly callbacks: FitCallbacks
  /** stops drawing the bar; needed when a run ends with an error */
  stop(): void
}

/**
 * Shows the progress of a run: on a terminal a bar with steps, loss, accuracy, samples per second and remaining time, otherwise
 * one line per evaluation.
 *
 *     const progress = showProgress()
 *     await fit(model, train, { optimizer, valid, callbacks: progress.callbacks }).finally(progress.stop)
 */
export function showProgress(options: ProgressOptions = {}): Progress {
  const stream = streamOf('showProgress', options)
  return stream.isTTY ? progressBar(stream) : progressLines(stream)
}
