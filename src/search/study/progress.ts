import { addTimings, type TaskRecord } from '../trial/result.js'

/** What has come of the tasks of a study: by trial, rung and fold. */
export class TaskLedger {
  readonly #folds: number
  /** trial -> fold -> in the order of rungs */
  readonly #records = new Map<number, TaskRecord[][]>()
  readonly #checkpoints = new Map<string, Uint8Array>()
  readonly #shares = new Map<number, number[]>()

  constructor(folds: number) {
    this.#folds = folds
  }

  add(record: TaskRecord): void {
    const { trial, fold, outcome, rung } = record
    const folds = this.#records.get(trial) ?? Array.from({ length: this.#folds }, () => [])
    this.#records.set(trial, folds)
    folds[fold] = [...folds[fold].filter((other) => other.rung < rung), record]
    if (outcome.state !== 'paused') this.#checkpoints.delete(`${trial} ${fold}`)
  }

  /** All tasks that are done for good. */
  ended(): TaskRecord[] {
    return [...this.#records.values()].flat(2).filter(({ outcome }) => outcome.state !== 'paused')
  }

  /** A fold that has ended is at the rung before again. */
  forgetEnd(trial: number, fold: number): void {
    const folds = this.#records.get(trial)
    if (folds) folds[fold] = folds[fold].filter(({ outcome }) => outcome.state === 'paused')
  }

  /** The record with the seconds of all the rungs before. */
  withAllSeconds(record: TaskRecord): TaskRecord {
    const { trial, fold, outcome } = record
    const before = this.#records
      .get(trial)
      ?.[fold].filter(({ rung }) => rung < record.rung)
      .at(-1)
    if (!before || outcome.timing === null) return record
    return { ...record, outcome: { ...outcome, timing: addTimings([before.outcome.timing, outcome.timing]) } }
  }

  /** Whether a task needs not be run: it has reached the rung, or its end before. */
  isDone(trial: number, fold: number, rung: number): boolean {
    return this.#at(trial, fold, rung) !== undefined
  }

  /** Whether all folds have reached the rung, or their end before. */
  has(trial: number, rung: number): boolean {
    return this.records(trial, rung).length === this.#folds
  }

  /** One for each fold that has reached the rung, or its end before. */
  records(trial: number, rung: number): TaskRecord[] {
    return Array.from({ length: this.#folds }, (_, fold) => this.#at(trial, fold, rung)).filter((found) => !!found)
  }

  /** Where a paused task goes on, in a study that is kept nowhere else. */
  keepCheckpoint(trial: number, fold: number, bytes: Uint8Array): void {
    this.#checkpoints.set(`${trial} ${fold}`, bytes)
  }

  checkpoint(trial: number, fold: number): Uint8Array | null {
    return this.#checkpoints.get(`${trial} ${fold}`) ?? null
  }

  /** @returns the share of the trial that is done, all its folds together */
  progress(trial: number, fold: number, share: number): number {
    const shares = this.#shares.get(trial) ?? Array.from({ length: this.#folds }, () => 0)
    this.#shares.set(trial, shares)
    shares[fold] = share
    return shares.reduce((sum, each) => sum + each, 0) / this.#folds
  }

  #at(trial: number, fold: number, rung: number): TaskRecord | undefined {
    const records = this.#records.get(trial)?.[fold] ?? []
    const last = records.filter((record) => record.rung <= rung).at(-1)
    return last && (last.rung === rung || last.outcome.state !== 'paused') ? last : undefined
  }
}
