import { invalidArgument } from '../../core/errors.js'
import { isMetric, type MetricName, metricLabel, metricRow, type StandardMetric } from '../../core/metrics.js'
import type { TrialSummary } from '../../core/results.js'
import { formatShare, formatValue } from '../page/text.js'

const SETS = ['train', 'valid', 'test'] as const
type SetName = (typeof SETS)[number]
type AnyMetric = StandardMetric | MetricName

/** The metric that ranks trials, e.g. 'valid.accuracy' or 'test.f1Macro'; docs/metrics.md says which is better. */
export type SearchMetric = `${SetName}.${AnyMetric}`

export function checkMetric(metric: unknown): SearchMetric {
  const [set, name, ...more] = typeof metric === 'string' ? metric.split('.') : []
  if ((SETS as readonly unknown[]).includes(set) && isMetric(name) && more.length === 0) return metric as SearchMetric
  throw invalidArgument(
    'options.metric',
    "a metric of a set, e.g. 'valid.accuracy', 'test.loss', 'train.f1Macro'",
    metric,
  )
}

function partsOf(metric: SearchMetric): [SetName, AnyMetric] {
  return metric.split('.') as [SetName, AnyMetric]
}

/** The metric of a trial or of one of its evaluations; NaN if missing or not finite. */
export function metricOf(of: Pick<TrialSummary, 'train' | 'valid' | 'test'>, metric: SearchMetric): number {
  const [set, name] = partsOf(metric)
  const value = of[set]?.[name] ?? Number.NaN
  return Number.isFinite(value) ? value : Number.NaN
}

/** Any value is better than NaN. */
export function isBetter(metric: SearchMetric): (a: number, b: number) => boolean {
  const sign = isLowerBetter(metric) ? -1 : 1
  return (a, b) => !Number.isNaN(a) && (Number.isNaN(b) || sign * a > sign * b)
}

/** Whether a lower value is better, as of a loss. */
export function isLowerBetter(metric: SearchMetric): boolean {
  return metricRow(partsOf(metric)[1]).better === 'lower'
}

/** Whether it is a share from 0 to 1. */
export function isShare(metric: SearchMetric): boolean {
  return metricRow(partsOf(metric)[1]).isShare
}

/** 'validation accuracy' */
export function metricName(metric: SearchMetric): string {
  const [set, name] = partsOf(metric)
  return `${set === 'valid' ? 'validation' : set} ${metricLabel(name)}`
}

export function formatMetric(metric: SearchMetric): (value: number) => string {
  return isShare(metric) ? formatShare : (value) => formatValue(value)
}
