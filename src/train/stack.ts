import { nextMacrotask } from '../core/event-loop.js'
import { nowMs } from '../core/timers.js'
import type { Samples } from '../data/samples.js'
import type { MLP } from '../model/mlp.js'
import { prepareTraining, whileInTraining } from './fit.js'
import { type FitOptions, planFit } from './fit-options.js'
import type { FitResult } from './fit-result.js'
import { SharedPrograms } from './shared-programs.js'
import { Training } from './training.js'

/** Steps that a run takes in its turn while it is behind another one. */
const CATCH_UP = 4

interface Member {
  readonly training: Training
  readonly resolve: (result: FitResult) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Runs of `fit` in lock-step. Those on networks of the same shape whose seed, sampling and training rows agree take the same
 * mini-batches, so each is gathered once for all of them. Every run gives exactly the bits, errors and callbacks it has
 * alone, whichever runs join or leave the stack; its timing is that of its own steps.
 *
 * The callbacks of one hold up all: they must not wait for another run of the same stack.
 */
export class TrainingStack {
  readonly #joining: Member[] = []
  /** in the order of their turns */
  readonly #running: Member[] = []
  #programs = new SharedPrograms()
  /** steps that the first of `#running` has taken in its turn */
  #taken = 0
  #isActive = false
  #lastPause = 0

  /** Like `fit`; what is called in one turn of the event loop begins together. */
  async fit(model: MLP, train: Samples, options: FitOptions = {}): Promise<FitResult> {
    const plan = planFit(model, train, options)
    return await whileInTraining(model, plan, async () => {
      await prepareTraining(model, train)
      const training = new Training(model, plan, this.#programs)
      return await new Promise<FitResult>((resolve, reject) => {
        this.#joining.push({ training, resolve, reject })
        if (!this.#isActive) void this.#run()
      })
    })
  }

  async #run(): Promise<void> {
    this.#isActive = true
    this.#lastPause = nowMs()
    await Promise.resolve() // lets the others join that are called in the same turn
    for (;;) {
      const member = this.#joining.shift()
      if (member) await this.#begin(member)
      else if (this.#running.length > 0) await this.#advanceUntilPause()
      else break
    }
    this.#programs = new SharedPrograms()
    this.#isActive = false
  }

  async #begin(member: Member): Promise<void> {
    try {
      await member.training.begin()
      this.#running.push(member)
      if (member.training.isOver) await this.#finish(member)
    } catch (error) {
      this.#leave(member)
      member.reject(error)
    }
  }

  async #advanceUntilPause(): Promise<void> {
    while (this.#running.length > 0) {
      const member = this.#next()
      const { training } = member
      try {
        const pending = training.advance()
        // awaiting what is no promise would still cost a turn of the queue
        if (pending) await pending
        if (training.isOver) await this.#finish(member)
      } catch (error) {
        this.#leave(member)
        member.reject(error)
      }
      if (nowMs() - this.#lastPause < training.yieldEveryMs) continue
      await nextMacrotask()
      this.#lastPause = nowMs()
      return
    }
  }

  /** Each takes a step in turn, or some where it is behind: so all come to take the same batches, and none stands still. */
  #next(): Member {
    const running = this.#running
    const { steps } = running[0].training
    const isBehind = running.some(({ training }) => training.steps > steps)
    if (this.#taken >= (isBehind ? CATCH_UP : 1)) {
      running.push(running.shift()!)
      this.#taken = 0
    }
    this.#taken++
    return running[0]
  }

  async #finish(member: Member): Promise<void> {
    const result = await member.training.finish()
    this.#leave(member)
    member.resolve(result)
  }

  #leave(member: Member): void {
    const at = this.#running.indexOf(member)
    if (at === 0) this.#taken = 0
    if (at >= 0) this.#running.splice(at, 1)
  }
}
