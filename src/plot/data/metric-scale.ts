import { formatMetric, isLowerBetter, type SearchMetric } from './trial-metric.js'

/** Maps a metric from the worst value, 0, to the best, 1; outliers at the worse end are clamped. */
export interface MetricScale {
  /** the values at 0 and 1 */
  readonly worst: number
  readonly best: number
  /** whether values beyond `worst` are clamped to it */
  readonly isClamped: boolean
  /** 0..1; 1 where all values are equal */
  readonly share: (value: number) => number
  readonly format: (value: number) => string
}

/** Clamps at Tukey's fence, so that a few bad trials do not compress the range of the others. Null when no value is finite. */
export function metricScale(values: readonly number[], metric: SearchMetric): MetricScale | null {
  const isLower = isLowerBetter(metric)
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => (isLower ? b - a : a - b))
  if (sorted.length === 0) return null
  const best = sorted[sorted.length - 1]
  const quartile = (share: number) => sorted[Math.round(share * (sorted.length - 1))]
  const fence = quartile(0.25) - 1.5 * (quartile(0.75) - quartile(0.25))
  const worst = sorted.find((value) => (isLower ? value <= fence : value >= fence)) ?? sorted[0]
  return {
    worst,
    best,
    isClamped: worst !== sorted[0],
    share: (value) => (worst === best ? 1 : Math.min(1, Math.max(0, (value - worst) / (best - worst)))),
    format: formatMetric(metric),
  }
}

/** The label of the worst value: '≤ 0.9012' if worse ones are clamped to it. */
export function worstLabel({ isClamped, worst, best, format }: MetricScale): string {
  return `${isClamped ? (worst < best ? '≤ ' : '≥ ') : ''}${format(worst)}`
}
