import { bestFirst, type Selection } from '../trial/ranking.js'
import { isPromotable, type Rung, type RungResult } from './halving.js'

/** Whether a trial continues after a rung. */
export interface RungDecision {
  readonly trial: number
  readonly rung: number
  readonly continues: boolean
}

/** Selects the trials that continue at the end of each rung. */
export interface Pruner {
  /** in order; the remaining trials train through the last one to their ends */
  readonly rungs: readonly Rung[]
  /**
   * @param result of a trial that has trained through the rung, or ended before; each once, in any order
   * @returns what follows from it: of this trial, of others, or nothing yet
   */
  tell(rung: number, result: RungResult): readonly RungDecision[]
}

/**
 * Decides at the end of each rung which trials continue, whatever the order in which they get there. Synchronous: when all
 * trials of a rung have reached its end, the best of them continue. Asynchronous (after ASHA: Li et al., "A system for massively
 * parallel hyperparameter tuning", 2020): the trials of a rung stand in a fixed order, in the first rung that of their numbers,
 * in the others that of their promotion; as soon as the first k x factor of them have reached its end, k of these have continued,
 * each time the best that has not. So a decision depends on these results alone, not on which trials were faster. The last
 * promotion of a rung waits for all its trials, so that each of them competes.
 */
export class RungPruner implements Pruner {
  readonly rungs: readonly Rung[]
  readonly #stages: readonly Stage[]

  /** @param cohort `factor` of asynchronous rungs; null: synchronous */
  constructor(rungs: readonly Rung[], selection: Selection, cohort: number | null) {
    this.rungs = rungs
    this.#stages = rungs.map(({ keep }) => new Stage(keep, selection, cohort))
    const [{ trials }] = rungs
    this.#stages[0].join(Array.from({ length: trials }, (_, trial) => trial))
    this.#stages[0].isFull = true
  }

  tell(rung: number, result: RungResult): RungDecision[] {
    const decisions: RungDecision[] = []
    this.#stages[rung].tell(result)
    for (let r = rung; r < this.rungs.length - 1; r++) {
      const [stage, next] = [this.#stages[r], this.#stages[r + 1]]
      const promoted = stage.promote()
      next.join(promoted)
      decisions.push(...promoted.map((trial) => ({ trial, rung: r, continues: true })))
      if (!stage.isOver || next.isFull) break
      decisions.push(...stage.remaining().map((trial) => ({ trial, rung: r, continues: false })))
      next.isFull = true
    }
    return decisions
  }
}

/** The trials of one rung. */
class Stage {
  /** whether no trial joins any more */
  isFull = false
  readonly #keep: number
  readonly #selection: Selection
  readonly #cohort: number | null
  /** in the order of joining */
  readonly #members: number[] = []
  readonly #results = new Map<number, RungResult>()
  readonly #promoted = new Set<number>()
  /** the first members, all of which have a result */
  #reached = 0
  /** of these, those that may still continue */
  #candidates: RungResult[] = []

  constructor(keep: number, selection: Selection, cohort: number | null) {
    this.#keep = keep
    this.#selection = selection
    this.#cohort = cohort
  }

  get isOver(): boolean {
    return this.isFull && this.#reached === this.#members.length
  }

  join(trials: readonly number[]): void {
    for (const trial of trials) this.#members.push(trial)
  }

  tell(result: RungResult): void {
    this.#results.set(result.trial, result)
  }

  /** @returns the trials that continue by now and did not before */
  promote(): number[] {
    const promoted: number[] = []
    for (;;) {
      const result = this.#results.get(this.#members[this.#reached])
      if (result === undefined) break
      this.#reached++
      if (isPromotable(result)) this.#candidates.push(result)
      const due = this.#cohort === null ? 0 : Math.floor(this.#reached / this.#cohort)
      promoted.push(...this.#promoteUntil(Math.min(due, this.#keep - 1)))
    }
    return this.isOver ? [...promoted, ...this.#promoteUntil(this.#keep)] : promoted
  }

  /** The members that do not continue. */
  remaining(): number[] {
    return this.#members.filter((trial) => !this.#promoted.has(trial))
  }

  #promoteUntil(count: number): number[] {
    const missing = count - this.#promoted.size
    if (missing <= 0) return []
    this.#candidates = bestFirst(this.#candidates, this.#selection)
    const best = this.#candidates.splice(0, missing).map(({ trial }) => trial)
    for (const trial of best) this.#promoted.add(trial)
    return best.sort((a, b) => a - b)
  }
}
