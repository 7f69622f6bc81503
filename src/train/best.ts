import { invalidArgument } from '../core/errors.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import type { Loss } from '../core/types.js'
import { LOSS_INFO } from '../model/losses.js'

/**
 * What the best evaluation has on the validation set; the earlier one on remaining ties:
 * - `'accuracy'`: the highest accuracy, of equal ones the lowest loss
 * - `'loss'`: the lowest loss
 * - `'firstAccuracy'`: the highest accuracy, the earlier on ties whatever the loss
 */
export const BEST_RULES = ['accuracy', 'loss', 'firstAccuracy'] as const
export type BestRule = (typeof BEST_RULES)[number]

/** The rule of a run. @param rule null: by accuracy if the loss has one @throws NativeMlpError INVALID_ARGUMENT */
export function bestRuleFor(loss: Loss, rule: BestRule | null): BestRule {
  const { hasAccuracy } = LOSS_INFO[loss]
  if (rule === null) return hasAccuracy ? 'accuracy' : 'loss'
  if (!hasAccuracy && rule !== 'loss') {
    throw invalidArgument('selectBy', `'loss' with loss '${loss}', which has no accuracy`, rule)
  }
  return rule
}

/** Whether an evaluation is better than the best so far; null: there is none yet. */
export function isBetterEvaluation(entry: HistoryEntry, best: HistoryEntry | null, rule: BestRule): boolean {
  return best === null || compareMetrics(entry.valid!, best.valid!, rule) < 0
}

/** Negative if `a` is better, 0 if they are equally good. */
export function compareMetrics(a: SetMetrics, b: SetMetrics, rule: BestRule): number {
  if (rule === 'loss') return a.loss - b.loss
  return b.accuracy - a.accuracy || (rule === 'accuracy' ? a.loss - b.loss : 0)
}

/** What early stopping watches, larger is better: the accuracy, or minus the loss. */
export function score({ valid }: HistoryEntry, rule: BestRule): number {
  return rule === 'loss' ? -valid!.loss : valid!.accuracy
}
