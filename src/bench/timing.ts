import { nowMs } from '../core/timers.js'

/** Work to measure: `call` runs it once; `timed` runs it once and returns the microseconds. */
export type Work = { readonly call: () => void } | { readonly timed: () => Promise<number> }

/** Durations of a measurement. */
export interface Effort {
  /** warm-up in milliseconds: fills caches, compiles, stabilises the clock */
  readonly warmUp: number
  /** milliseconds of samples, in this many rounds; each also measures the peak, so that both have the same clock */
  readonly sampling: number
  readonly rounds: number
  /** milliseconds of one measurement of the peak */
  readonly peak: number
  /** minimum number of samples, even if they take longer */
  readonly least: number
}

export const FULL_EFFORT: Effort = { warmUp: 100, sampling: 600, rounds: 6, peak: 5, least: 6 }
export const QUICK_EFFORT: Effort = { warmUp: 5, sampling: 20, rounds: 2, peak: 1, least: 2 }

/** Minimum milliseconds of a sample: shorter calls are timed in groups. */
const SHORTEST_SAMPLE = 0.2

/** Times work in samples of equal numbers of calls. */
export class Stopwatch {
  readonly #work: Work
  #calls = 1

  constructor(work: Work) {
    this.#work = work
  }

  /** Runs the work for this many milliseconds, at least once, and sets the number of calls per sample. */
  async warmUp(milliseconds: number): Promise<void> {
    const start = nowMs()
    let fastest = Number.POSITIVE_INFINITY
    do {
      fastest = Math.min(fastest, (await this.sample()) / 1000)
    } while (nowMs() - start < milliseconds)
    if ('call' in this.#work) this.#calls = Math.max(1, Math.ceil(SHORTEST_SAMPLE / fastest))
  }

  /** Mean microseconds of a call in a sample. */
  async sample(): Promise<number> {
    const work = this.#work
    if ('timed' in work) return work.timed()
    const calls = this.#calls
    const start = nowMs()
    for (let i = 0; i < calls; i++) work.call()
    return ((nowMs() - start) * 1000) / calls
  }

  /** Takes samples for this many milliseconds, at least `least`. */
  async samples(milliseconds: number, least: number): Promise<number[]> {
    const start = nowMs()
    const samples: number[] = []
    while (samples.length < least || nowMs() - start < milliseconds) samples.push(await this.sample())
    return samples
  }
}
