import { oneOf } from '../../core/checks.js'
import type { TrialSummary } from '../../core/results.js'
import { formatShare, formatValue } from '../page/text.js'

const METRICS = ['train.accuracy', 'train.loss', 'valid.accuracy', 'valid.loss', 'test.accuracy', 'test.loss'] as const

/** The metric that ranks trials: higher accuracy or lower loss is better. */
export type SearchMetric = (typeof METRICS)[number]

export function checkMetric(metric: unknown): SearchMetric {
  return oneOf('options.metric', metric, METRICS)
}

/** The metric of a trial or of one of its evaluations; NaN if missing or not finite. */
export function metricOf(of: Pick<TrialSummary, 'train' | 'valid' | 'test'>, metric: SearchMetric): number {
  const [set, name] = metric.split('.') as ['train' | 'valid' | 'test', 'accuracy' | 'loss']
  const value = of[set]?.[name] ?? Number.NaN
  return Number.isFinite(value) ? value : Number.NaN
}

/** Any value is better than NaN. */
export function isBetter(metric: SearchMetric): (a: number, b: number) => boolean {
  const sign = isLoss(metric) ? -1 : 1
  return (a, b) => !Number.isNaN(a) && (Number.isNaN(b) || sign * a > sign * b)
}

export function isLoss(metric: SearchMetric): boolean {
  return metric.endsWith('loss')
}

/** 'validation accuracy' */
export function metricName(metric: SearchMetric): string {
  return metric.replace('valid', 'validation').replace('.', ' ')
}

export function formatMetric(metric: SearchMetric): (value: number) => string {
  return isLoss(metric) ? (value) => formatValue(value) : formatShare
}
