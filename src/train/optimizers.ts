import type { UpdateRule } from '../backend/backend.js'
import { finiteInRange, knownOptions, MAX_FLOAT32 } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'

/** An optimiser as `fit` takes it: plain data, and the rule of each step. */
export interface Optimizer {
  readonly name: 'sgd'
  readonly learningRate: number
  readonly l2: number
  readonly l2Biases: boolean
  /** the rule of 0-based step `step`; may be one object for all steps */
  rule(step: number): UpdateRule
}

export interface SgdOptions {
  /** >= 0 */
  readonly learningRate: number
  /** coefficient of the coupled L2 term, without factor 1/2: g += l2 p; >= 0, default 0 */
  readonly l2?: number
  /** whether biases get the L2 term too; default false */
  readonly l2Biases?: boolean
}

/**
 * Stochastic gradient descent with a constant learning rate: g = mean gradient of the batch + l2 p; p -= learningRate g.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong
 */
export function sgd(options: SgdOptions): Optimizer {
  knownOptions('sgd', options ?? null, ['learningRate', 'l2', 'l2Biases'])
  const learningRate = finiteInRange('sgd.learningRate', options.learningRate, 0, MAX_FLOAT32)
  const l2 = finiteInRange('sgd.l2', options.l2 ?? 0, 0, MAX_FLOAT32)
  const l2Biases = options.l2Biases ?? false
  if (typeof l2Biases !== 'boolean') throw invalidArgument('sgd.l2Biases', 'true or false', l2Biases)
  const rule: UpdateRule = Object.freeze({ kind: 'sgd', learningRate, l2, l2Biases: l2Biases ? l2 : 0 })
  return Object.freeze({ name: 'sgd', learningRate, l2, l2Biases, rule: () => rule })
}

/** @throws NativeMlpError INVALID_ARGUMENT for what an optimizer of one's own made wrong */
export function checkRule(rule: UpdateRule, step: number): UpdateRule {
  const name = `optimizer.rule(${step})`
  if (typeof rule !== 'object' || rule === null || rule.kind !== 'sgd') {
    throw invalidArgument(name, "a rule such as { kind: 'sgd', learningRate: 0.1, l2: 0, l2Biases: 0 }", rule)
  }
  for (const key of ['learningRate', 'l2', 'l2Biases'] as const) {
    finiteInRange(`${name}.${key}`, rule[key], 0, MAX_FLOAT32)
  }
  return rule
}
