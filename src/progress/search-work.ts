import { halvingRungs } from '../search/space/halving.js'
import type { StudyHeader } from '../search/study/study.js'

interface TrialWork {
  readonly weight: number
  /** share of its steps done, 0..1 */
  share: number
  /** share done before this process continued it; null while unknown */
  before: number | null
  /** 0-based rung to which it trains, or at which it waits */
  rung: number
  state: 'running' | 'waiting' | 'ended'
}

/** Training between two rungs of successive halving: its end as a share of a trial, and the share of trials promoted there. */
interface Stretch {
  readonly end: number
  readonly promoted: number
}

/**
 * Work of a study as a share of the total, weighted by trial: what this process has done and the expected rest. With successive
 * halving the expectation accounts for pruned trials.
 */
export class SearchWork {
  readonly #trials = new Map<number, TrialWork>()
  #stretches: readonly Stretch[] = [{ end: 1, promoted: 0 }]
  /** expected share at which a trial ends, for each rung to which it may be training */
  #ends: readonly number[] = [1]
  #isResumed = false

  begin({ size, halving }: Pick<StudyHeader, 'size' | 'halving'>): void {
    if (!halving) return
    const most = halving.maxEpochs ?? halving.maxSteps ?? 1
    this.#stretches = halvingRungs(size, halving).map(({ epochs, steps, trials, keep }) => {
      return { end: Math.min(1, (epochs ?? steps ?? most) / most), promoted: keep / trials }
    })
    const ends: number[] = []
    for (const { end, promoted } of [...this.#stretches].reverse())
      ends.unshift(end + promoted * ((ends[0] ?? end) - end))
    this.#ends = ends
  }

  /** @param share where it continues, if known */
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
    // in a resumed study a trial may continue: its first progress gives the share done before
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

  /** Work done by this process. */
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
    const { end, promoted } = this.#stretches[rung]
    if (state === 'waiting') return promoted * Math.max(0, (this.#ends[rung + 1] ?? end) - end)
    const reached = this.#stretches.findIndex((stretch) => stretch.end >= share - 1e-9)
    return Math.max(0, this.#ends[Math.max(rung, reached)] - share)
  }

  #of(trial: number, weight: number): TrialWork {
    const work = this.#trials.get(trial) ?? { weight, share: 0, before: null, rung: 0, state: 'running' as const }
    this.#trials.set(trial, work)
    return work
  }
}
