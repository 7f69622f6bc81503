import { nowMs } from '../core/timers.js'

/** One thing to measure, ready to run: `call` does it once; `timed` does it once and says how many microseconds that took. */
export type Work = { readonly call: () => void } | { readonly timed: () => Promise<number> }

/** How long to measure. */
export interface Effort {
  /** milliseconds before the first sample: caches fill, the engine compiles, the clock settles */
  readonly warmUp: number
  /** milliseconds of samples, in so many rounds; in each the peak is measured too, so that both see the same clock */
  readonly sampling: number
  readonly rounds: number
  /** milliseconds of one measurement of the peak */
  readonly peak: number
  /** samples that are taken even when they take longer */
  readonly least: number
}

export const FULL_EFFORT: Effort = { warmUp: 100, sampling: 600, rounds: 6, peak: 5, least: 6 }
export const QUICK_EFFORT: Effort = { warmUp: 5, sampling: 20, rounds: 2, peak: 1, least: 2 }

/** Milliseconds a sample lasts at least: calls shorter than this are timed several at once. */
const SHORTEST_SAMPLE = 0.2

/** Times work in samples of equal numbers of calls. */
export class Stopwatch {
  readonly #work: Work
  #calls = 1

  constructor(work: Work) {
    this.#work = work
  }

  /** Runs the work for so many milliseconds, at least once, and decides how many calls make a sample. */
  async warmUp(milliseconds: number): Promise<void> {
    const start = nowMs()
    let fastest = Number.POSITIVE_INFINITY
    do {
      fastest = Math.min(fastest, (await this.sample()) / 1000)
    } while (nowMs() - start < milliseconds)
    if ('call' in this.#work) this.#calls = Math.max(1, Math.ceil(SHORTEST_SAMPLE / fastest))
  }

  /** Microseconds of one call, the mean over those of a sample. */
  async sample(): Promise<number> {
    const work = this.#work
    if ('timed' in work) return work.timed()
    const calls = this.#calls
    const start = nowMs()
    for (let i = 0; i < calls; i++) work.call()
    return ((nowMs() - start) * 1000) / calls
  }

  /** Samples until so many milliseconds are over, at least `least` of them. */
  async samples(milliseconds: number, least: number): Promise<number[]> {
    const start = nowMs()
    const samples: number[] = []
    while (samples.length < least || nowMs() - start < milliseconds) samples.push(await this.sample())
    return samples
  }
}
