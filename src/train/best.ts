import { invalidArgument } from '../core/errors.js'
import { checkMetricName, type MetricName, metricRow, type StandardMetric } from '../core/metrics.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { LOSS_INFO } from '../model/losses.js'
import type { Kind } from './hyper-parameter.js'
import { checkMetricOfModel } from './metrics/measure.js'
import type { ScoredModel } from './metrics/scored.js'

/**
 * What the best evaluation has on the validation set; the earlier one on remaining ties:
 * - `'accuracy'`, `'loss'` or another metric: the best value of it, of equal ones the lowest loss
 * - `'firstAccuracy'`: the highest accuracy, the earlier on ties whatever the loss
 * - `'last'`: nothing, the last evaluation is the best
 */
export type BestRule = StandardMetric | MetricName | 'firstAccuracy' | 'last'

/** A rule that compares two evaluations. */
type ScoredRule = Exclude<BestRule, 'last'>

export const bestRule: Kind<BestRule> = {
  check: (name, value, or) =>
    value === 'firstAccuracy' || value === 'last' ? value : checkMetricName(name, value, or),
  argument: '<name>',
  read: (text) => text,
  write: String,
}

/**
 * The rule of a run.
 *
 * @param rule null: by accuracy if the loss has one
 * @throws NativeMlpError INVALID_ARGUMENT for a metric that is not defined for the model
 */
export function bestRuleFor(model: ScoredModel, rule: BestRule | null): BestRule {
  const { hasAccuracy } = LOSS_INFO[model.loss]
  if (rule === null) return hasAccuracy ? 'accuracy' : 'loss'
  if (!hasAccuracy && (rule === 'accuracy' || rule === 'firstAccuracy')) {
    throw invalidArgument('selectBy', `'loss' with loss '${model.loss}', which has no accuracy`, rule)
  }
  return rule === 'firstAccuracy' || rule === 'last' ? rule : checkMetricOfModel('selectBy', rule, model)
}

/** Whether an evaluation is better than the best so far; null: there is none yet. */
export function isBetterEvaluation(entry: HistoryEntry, best: HistoryEntry | null, rule: BestRule): boolean {
  return best === null || rule === 'last' || compareMetrics(entry.valid!, best.valid!, rule) < 0
}

/** Negative if `a` is better, 0 if they are equally good. */
export function compareMetrics(a: SetMetrics, b: SetMetrics, rule: ScoredRule): number {
  const by = scoreOfSet(b, rule) - scoreOfSet(a, rule)
  return by || (rule === 'firstAccuracy' ? 0 : a.loss - b.loss)
}

/**
 * What early stopping watches, larger is better: the metric, or minus one of which less is better; with `'last'` the accuracy,
 * or the loss of a regression.
 */
export function score({ valid }: HistoryEntry, rule: BestRule): number {
  if (rule === 'last') return scoreOfSet(valid!, Number.isNaN(valid!.accuracy) ? 'loss' : 'accuracy')
  return scoreOfSet(valid!, rule)
}

function scoreOfSet(set: SetMetrics, rule: ScoredRule): number {
  if (rule === 'firstAccuracy') return set.accuracy
  return metricRow(rule).better === 'higher' ? set[rule]! : -set[rule]!
}
