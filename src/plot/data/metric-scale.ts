import { formatMetric, isLoss, type SearchMetric } from './trial-metric.js'

/** Values of a metric as shares from the worst, 0, to the best, 1. A few bad trials must not make all good ones look alike. */
export interface MetricScale {
  /** the values at 0 and 1 */
  readonly worst: number
  readonly best: number
  /** whether values beyond `worst` are held there */
  readonly held: boolean
  /** 0..1; 1 where all values are equal */
  readonly share: (value: number) => number
  readonly format: (value: number) => string
}

/** Holds the worse end at Tukey's fence. Null when no value is a number. */
export function metricScale(values: readonly number[], metric: SearchMetric): MetricScale | null {
  const loss = isLoss(metric)
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => (loss ? b - a : a - b))
  if (sorted.length === 0) return null
  const best = sorted[sorted.length - 1]
  const quartile = (share: number) => sorted[Math.round(share * (sorted.length - 1))]
  const fence = quartile(0.25) - 1.5 * (quartile(0.75) - quartile(0.25))
  const worst = sorted.find((value) => (loss ? value <= fence : value >= fence)) ?? sorted[0]
  return {
    worst,
    best,
    held: worst !== sorted[0],
    share: (value) => (worst === best ? 1 : Math.min(1, Math.max(0, (value - worst) / (best - worst)))),
    format: formatMetric(metric),
  }
}

/** A value at an end of the scale that stands for all beyond it: '≤ 0.9012'. */
export function heldWords({ held, worst, best, format }: MetricScale): string {
  return `${held ? (worst < best ? '≤ ' : '≥ ') : ''}${format(worst)}`
}
