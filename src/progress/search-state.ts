import type { HistoryEntry } from '../core/results.js'
import type {
  SearchCallbacks,
  StudyHeader,
  TrialEndEvent,
  TrialProgressEvent,
  TrialResult,
  TrialStartEvent,
} from '../search/study.js'

export interface RunningTrial {
  readonly trial: number
  readonly params: TrialResult['params']
  /** of the whole study's work, 0..1 */
  readonly weight: number
  /** of its steps done, 0..1 */
  readonly share: number
  /** its last evaluation */
  readonly entry: HistoryEntry | null
}

/** Where a search stands, as its callbacks have told. */
export class SearchState {
  header: StudyHeader | null = null
  best: TrialResult | null = null
  /** by trial number */
  readonly running = new Map<number, RunningTrial>()
  /** in the order in which they finished */
  readonly finished: TrialResult[] = []
  readonly counts = { completed: 0, collapsed: 0, failed: 0, pruned: 0 }
  readonly callbacks: SearchCallbacks
  readonly #now: () => number
  #start = 0
  #done = 0

  /** @param changed called after each event; @param now milliseconds */
  constructor(changed: (ended?: TrialEndEvent) => void, now: () => number = () => performance.now()) {
    this.#now = now
    this.callbacks = {
      onStart: (header) => {
        this.header = header
        this.#start = now()
        changed()
      },
      onTrialStart: (event) => {
        this.#run(event, 0, null)
        changed()
      },
      onTrialProgress: (event: TrialProgressEvent) => {
        this.#run(event, event.share, event.entry)
        changed()
      },
      onTrialEnd: (event) => {
        this.#end(event)
        changed(event)
      },
    }
  }

  get secondsElapsed(): number {
    return (this.#now() - this.#start) / 1000
  }

  /** From the work done so far; NaN before there is any. */
  get secondsLeft(): number {
    let done = this.#done
    for (const { weight, share } of this.running.values()) done += weight * share
    return done === 0 ? Number.NaN : (this.secondsElapsed / done) * Math.max(0, 1 - done)
  }

  #run({ trial, params, weight }: TrialStartEvent, share: number, entry: HistoryEntry | null): void {
    this.running.set(trial, { trial, params, weight, share, entry })
  }

  #end({ result, isBest }: TrialEndEvent): void {
    this.#done += this.running.get(result.trial)?.weight ?? 0
    this.running.delete(result.trial)
    this.finished.push(result)
    this.counts[result.state]++
    if (isBest) this.best = result
  }
}
