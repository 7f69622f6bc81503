import type { TextStream } from '../core/platform.js'
import type { FitCallbacks } from '../train/callbacks.js'
import { progressBar } from './progress-bar.js'
import { progressLines } from './progress-lines.js'

export interface ProgressOptions {
  /** default: stderr */
  readonly stream?: TextStream
}

export interface Progress {
  /** to hand to `fit` */
  readonly callbacks: FitCallbacks
  /** takes the bar off when a run ends with an error; without effect after it has ended well */
  stop(): void
}

/**
 * Shows a run: on a terminal a bar with steps, loss, accuracy, samples a second and the time left; elsewhere one line an
 * evaluation.
 *
 *     const progress = showProgress()
 *     await fit(model, train, { optimizer, valid, callbacks: progress.callbacks }).finally(progress.stop)
 */
export function showProgress({ stream = process.stderr }: ProgressOptions = {}): Progress {
  return stream.isTTY ? progressBar(stream) : progressLines(stream)
}
