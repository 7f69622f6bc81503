import { nowMs } from '../core/timers.js'
import type { StartEvent, StepEvent } from '../train/callbacks.js'

/** Progress and speed of a run. Rates include evaluations and pauses. */
export interface Rates {
  readonly steps: number
  /** mean over the batches of this epoch, each taken before its update */
  readonly loss: number
  /** accuracy on the same batches, 0..1 */
  readonly accuracy: number
  /** training rows per second */
  readonly samplesPerSecond: number
  readonly secondsLeft: number
}

/** Accumulates the steps of a run. */
export class RunRates {
  readonly #totalSteps: number
  /** steps done before the run was resumed */
  readonly #stepsBefore: number
  readonly #now: () => number
  readonly #start: number
  #epoch = 0
  #steps = 0
  #rows = 0
  #epochRows = 0
  #lossSum = 0
  #correct = 0

  /** @param now returns milliseconds */
  constructor(
    { totalSteps, step = 0 }: Pick<StartEvent, 'totalSteps'> & Partial<Pick<StartEvent, 'step'>>,
    now: () => number = nowMs,
  ) {
    this.#totalSteps = totalSteps
    this.#stepsBefore = step
    this.#now = now
    this.#start = now()
  }

  add({ epoch, rows, loss, correct }: StepEvent): void {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#epochRows = 0
      this.#lossSum = 0
      this.#correct = 0
    }
    this.#steps++
    this.#rows += rows
    this.#epochRows += rows
    this.#lossSum += loss * rows
    this.#correct += correct
  }

  now(): Rates {
    const seconds = (this.#now() - this.#start) / 1000
    return {
      steps: this.#stepsBefore + this.#steps,
      loss: this.#lossSum / this.#epochRows,
      accuracy: this.#correct / this.#epochRows,
      samplesPerSecond: this.#rows / seconds,
      secondsLeft: (seconds / this.#steps) * (this.#totalSteps - this.#stepsBefore - this.#steps),
    }
  }
}
