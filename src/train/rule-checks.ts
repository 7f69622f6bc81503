import { type AdamRule, SLOTS, type UpdateRule } from '../backend/rules.js'
import { finiteInRange, integerInRange, MAX_FLOAT32, oneOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'

/** Smaller values divide by zero for parameters whose gradients have long been zero. */
export const SMALLEST_EPSILON = 1e-12
const BELOW_ONE = 1 - Number.EPSILON / 2

/** @throws NativeMlpError INVALID_ARGUMENT for an invalid rule of a custom optimizer */
export function checkRule(rule: UpdateRule, step: number): UpdateRule {
  const name = `optimizer.rule(${step})`
  if (typeof rule !== 'object' || rule === null || typeof rule.kind !== 'string' || !Object.hasOwn(SLOTS, rule.kind)) {
    throw invalidArgument(name, "a rule such as { kind: 'sgd', learningRate: 0.1, l2: 0, l2Biases: 0 }", rule)
  }
  const rates = [
    'learningRate',
    'l2',
    'l2Biases',
    ...(rule.kind === 'adam' ? ['weightDecay', 'weightDecayBiases'] : []),
  ]
  const values = rule as unknown as Record<string, unknown>
  for (const key of rates) finiteInRange(`${name}.${key}`, values[key], 0, MAX_FLOAT32)
  for (const key of ['biasLearningRate', 'firstLayerLearningRate', 'l1']) {
    if (values[key] !== undefined) finiteInRange(`${name}.${key}`, values[key], 0, MAX_FLOAT32)
  }
  if (rule.kind === 'momentum') {
    finiteInRange(`${name}.momentum`, rule.momentum, 0, BELOW_ONE)
    trueOrFalse(`${name}.nesterov`, rule.nesterov)
  }
  if (rule.kind === 'rmsProp') {
    finiteInRange(`${name}.alpha`, rule.alpha, 0, BELOW_ONE)
    finiteInRange(`${name}.epsilon`, rule.epsilon, SMALLEST_EPSILON, MAX_FLOAT32)
  }
  if (rule.kind === 'adam') {
    finiteInRange(`${name}.beta1`, rule.beta1, 0, BELOW_ONE)
    finiteInRange(`${name}.beta2`, rule.beta2, 0, BELOW_ONE)
    finiteInRange(`${name}.epsilon`, rule.epsilon, SMALLEST_EPSILON, MAX_FLOAT32)
    integerInRange(`${name}.t`, rule.t, 1)
    checkDecay(name, rule)
  }
  return rule
}

/** @throws NativeMlpError INVALID_ARGUMENT if an optimizer changes its kind of rule */
export function checkSameKind(rule: UpdateRule, first: UpdateRule, step: number): void {
  oneOf(`optimizer.rule(${step}).kind`, rule.kind, [first.kind])
}

/** What a step at learning rate 1 takes of the parameters that decay most. */
export function steepestDecay(
  rule: Pick<AdamRule, 'biasLearningRate' | 'firstLayerLearningRate' | 'weightDecay' | 'weightDecayBiases'>,
): number {
  const { biasLearningRate = 1, firstLayerLearningRate = 1, weightDecay, weightDecayBiases } = rule
  return Math.max(1, firstLayerLearningRate) * Math.max(weightDecay, biasLearningRate * weightDecayBiases)
}

/** At 1 or more, the decay of a single step reverses the sign of every parameter. */
export function checkDecay(
  name: string,
  rule: Pick<
    AdamRule,
    'learningRate' | 'biasLearningRate' | 'firstLayerLearningRate' | 'weightDecay' | 'weightDecayBiases'
  >,
): void {
  const { learningRate, biasLearningRate = 1, firstLayerLearningRate = 1, weightDecay, weightDecayBiases } = rule
  const largest = learningRate * Math.max(1, firstLayerLearningRate)
  const isBelow = (rate: number, decay: number) => rate * decay < 1
  if (isBelow(largest, weightDecay) && isBelow(largest * biasLearningRate, weightDecayBiases)) return
  const wrong = isBelow(largest, weightDecay) ? largest * biasLearningRate : largest
  const limit = `less than 1 / learningRate (${1 / wrong})`
  throw invalidArgument(`${name}.weightDecay`, limit, isBelow(largest, weightDecay) ? weightDecayBiases : weightDecay)
}
