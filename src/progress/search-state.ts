import { displayedShare } from '../core/checks.js'
import type { HistoryEntry } from '../core/results.js'
import { nowMs } from '../core/timers.js'
import type { SearchCallbacks, StudyHeader, TrialEndEvent, TrialStartEvent } from '../search/study/study.js'
import type { TrialResult } from '../search/trial/result.js'
import { SearchWork } from './search-work.js'

export interface SearchProgress {
  /** for the option `callbacks` of `search` and `gridSearch` */
  readonly callbacks: SearchCallbacks
  /** prints a line above the table, or between the other lines */
  log(line: string): void
  /** stops updating and leaves the last state on the terminal */
  stop(): void
}

export interface RunningTrial extends Pick<TrialStartEvent, 'trial' | 'params' | 'worker' | 'fold'> {
  /** share of its steps done, 0..1 */
  readonly share: number
  /** its last evaluation */
  readonly entry: HistoryEntry | null
}

/** The start of a trial, which may continue from a checkpoint at this share of its steps. */
type TrialStart = TrialStartEvent & { readonly share?: number }

/** The state of a search, updated by its callbacks. */
export class SearchState {
  header: StudyHeader | null = null
  best: TrialResult | null = null
  /** by trial number */
  readonly running = new Map<number, RunningTrial>()
  /** trials that reached a rung of successive halving before the others */
  readonly waiting = new Set<number>()
  /** in order of completion */
  readonly finished: TrialResult[] = []
  readonly counts = { completed: 0, collapsed: 0, failed: 0, pruned: 0 }
  /** number of trials finished before the study was resumed */
  earlier = 0
  /** names of the parameters of all trials, in order of first appearance */
  readonly names = new Set<string>()
  readonly callbacks: SearchCallbacks
  readonly #work = new SearchWork()
  readonly #now: () => number
  #start = 0

  /**
   * @param changed called after each event
   * @param now returns milliseconds
   */
  constructor(changed: (ended?: TrialEndEvent) => void, now: () => number = nowMs) {
    this.#now = now
    this.callbacks = {
      onStart: (header) => {
        this.header = header
        this.#work.begin(header)
        this.#start = now()
        changed()
      },
      onTrialStart: (event: TrialStart) => {
        this.#work.start(event.trial, event.weight, event.share && displayedShare(event.share))
        this.#run(event, this.running.get(event.trial)?.entry ?? null)
        changed()
      },
      onTrialProgress: (event) => {
        this.#work.progress(event.trial, event.weight, displayedShare(event.share))
        this.#run(event, event.entry)
        changed()
      },
      onTrialPause: ({ trial, rung }) => {
        this.#work.pause(trial, rung)
        this.running.delete(trial)
        this.waiting.add(trial)
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

  /** Remaining time at the average speed of this process; NaN before any progress. */
  get secondsLeft(): number {
    const { done, left } = this.#work
    return done === 0 ? Number.NaN : (this.secondsElapsed / done) * left
  }

  #run({ trial, params, worker, fold }: TrialStartEvent, entry: HistoryEntry | null): void {
    this.waiting.delete(trial)
    this.#addNames(params)
    this.running.set(trial, { trial, params, worker, fold, entry, share: this.#work.shareOf(trial) })
  }

  #end({ result, isBest, isEarlier, weight }: TrialEndEvent): void {
    const { trial, state } = result
    this.#work.end(trial, weight, { isCompleted: state === 'completed', isEarlier })
    this.#addNames(result.params)
    this.running.delete(trial)
    this.waiting.delete(trial)
    this.finished.push(result)
    this.counts[state]++
    if (isEarlier) this.earlier++
    if (isBest) this.best = result
  }

  #addNames(params: TrialResult['params']): void {
    for (const name of Object.keys(params)) this.names.add(name)
  }
}
