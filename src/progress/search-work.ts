import { halvingRungs } from '../search/space/halving.js'
import type { StudyHeader } from '../search/study/study.js'

interface TrialWork {
  readonly weight: number
  /** of its steps, 0..1 */
  share: number
  /** what was done before this process took it up; null until that is known */
  before: number | null
  /** 0-based stretch that it trains through, or has reached the end of */
  rung: number
  state: 'running' | 'waiting' | 'ended'
}

/** A stretch of successive halving: its end as a share of a trial, and the share of trials that go on from there. */
interface Stretch {
  readonly end: number
  readonly goOn: number
}

/**
 * The work of a study in shares of the whole, a trial's being its weight: what this process has done, and what is left to be
 * expected. Where trials are given up early, what they will not train is not expected.
 */
export class SearchWork {
  readonly #trials = new Map<number, TrialWork>()
  #stretches: readonly Stretch[] = [{ end: 1, goOn: 0 }]
  /** where a trial that trains through a stretch can be expected to end */
  #ends: readonly number[] = [1]
  #isResumed = false

  begin({ size, halving }: Pick<StudyHeader, 'size' | 'halving'>): void {
    if (!halving) return
    const most = halving.maxEpochs ?? halving.maxSteps ?? 1
    this.#stretches = halvingRungs(size, halving).map(({ epochs, steps, trials, keep }) => {
      return { end: Math.min(1, (epochs ?? steps ?? most) / most), goOn: keep / trials }
    })
    const ends: number[] = []
    for (const { end, goOn } of [...this.#stretches].reverse()) ends.unshift(end + goOn * ((ends[0] ?? end) - end))
    this.#ends = ends
  }

  /** @param share where it goes on, if whoever runs it knows */
  start(trial: number, weight: number, share?: number): void {
    const known = this.#trials.get(trial)
    if (!known) {
      const before = share ?? null
      this.#trials.set(trial, { weight, share: share ?? 0, before, rung: 0, state: 'running' })
      return
    }
    if (known.state === 'waiting') known.rung = Math.min(known.rung + 1, this.#stretches.length - 1)
    known.state = 'running'
    if (share !== undefined) known.share = share
  }

  progress(trial: number, weight: number, share: number): void {
    const work = this.#of(trial, weight)
    // in a study that goes on, so may a trial: its first news tells what was there before
    work.before ??= this.#isResumed ? share : 0
    work.share = share
  }

  pause(trial: number, rung: number): void {
    const work = this.#trials.get(trial)
    if (!work) return
    work.state = 'waiting'
    work.rung = Math.min(rung, this.#stretches.length - 1)
  }

  end(trial: number, weight: number, { isCompleted, isEarlier }: { isCompleted: boolean; isEarlier: boolean }): void {
    const work = this.#of(trial, weight)
    work.state = 'ended'
    if (work.share === 0 && isCompleted) work.share = 1
    if (isEarlier) {
      this.#isResumed = true
      work.before = work.share
    } else work.before ??= 0
  }

  /** 0..1 */
  shareOf(trial: number): number {
    return this.#trials.get(trial)?.share ?? 0
  }

  /** By this process. */
  get done(): number {
    let done = 0
    for (const { weight, share, before } of this.#trials.values())
      done += weight * Math.max(0, share - (before ?? share))
    return done
  }

  get left(): number {
    let unknown = 1
    let left = 0
    for (const work of this.#trials.values()) {
      unknown -= work.weight
      left += work.weight * this.#leftOf(work)
    }
    return left + Math.max(0, unknown) * this.#ends[0]
  }

  #leftOf({ state, share, rung }: TrialWork): number {
    if (state === 'ended') return 0
    const { end, goOn } = this.#stretches[rung]
    if (state === 'waiting') return goOn * Math.max(0, (this.#ends[rung + 1] ?? end) - end)
    const reached = this.#stretches.findIndex((stretch) => stretch.end >= share - 1e-9)
    return Math.max(0, this.#ends[Math.max(rung, reached)] - share)
  }

  #of(trial: number, weight: number): TrialWork {
    const work = this.#trials.get(trial) ?? { weight, share: 0, before: null, rung: 0, state: 'running' as const }
    this.#trials.set(trial, work)
    return work
  }
}
