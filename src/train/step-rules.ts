import type { UpdateRule } from '../backend/rules.js'
import type { HistoryEntry } from '../core/results.js'
import { score } from './best.js'
import type { FitPlan } from './fit-plan.js'
import { checkRule, checkSameKind } from './rule-checks.js'
import { dependsOnLength, plateauDecays, regularisationFactor, scheduleFactor } from './schedules.js'

/** The update rule of each step of a run: that of its optimizer, with the learning rate and the weight decay of the schedules. */
export class StepRules {
  readonly #plan: FitPlan
  readonly #totalSteps: number
  readonly #isScheduled: boolean
  /** of schedule 'plateau' */
  #decays = 0
  /** determines the state of the optimizer */
  readonly first: UpdateRule
  #last: UpdateRule

  /** @param step the first one of the run, or of its resumption */
  constructor(plan: FitPlan, step: number) {
    this.#plan = plan
    this.#totalSteps = plan.epochs * plan.stepsPerEpoch
    this.#isScheduled = plan.schedule !== 'constant' || dependsOnLength(plan)
    this.first = checkRule(plan.optimizer.rule(step), step)
    this.#last = this.first
  }

  /** @throws NativeMlpError INVALID_ARGUMENT for an invalid rule of a custom optimizer */
  at(step: number): UpdateRule {
    const rule = this.#plan.optimizer.rule(step)
    // usually one frozen object for all steps
    if (rule !== this.#last || !Object.isFrozen(rule)) {
      this.#last = checkRule(rule, step)
      checkSameKind(rule, this.first, step)
    }
    return this.#isScheduled ? this.#scheduled(rule, step) : rule
  }

  /** Counts the decays of schedule 'plateau' after the evaluations so far. */
  observe(history: readonly HistoryEntry[]): void {
    const { schedule, decayEvery, selectBy } = this.#plan
    if (schedule !== 'plateau') return
    const scores = history.map((entry) => score(entry, selectBy))
    this.#decays = plateauDecays(scores, decayEvery)
  }

  #scheduled(rule: UpdateRule, step: number): UpdateRule {
    const { stepsPerEpoch } = this.#plan
    const position = { step, totalSteps: this.#totalSteps, stepsPerEpoch, decays: this.#decays }
    const learningRate = rule.learningRate * scheduleFactor(this.#plan, position)
    if (rule.kind !== 'adam') return { ...rule, learningRate }
    const decay = regularisationFactor(this.#plan.weightDecaySchedule, step / this.#totalSteps)
    const { weightDecay, weightDecayBiases } = rule
    return { ...rule, learningRate, weightDecay: weightDecay * decay, weightDecayBiases: weightDecayBiases * decay }
  }
}
