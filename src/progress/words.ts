import { isOnRequest, type MetricName, metricLabel, metricRow, type StandardMetric } from '../core/metrics.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'

/** 0.97214 -> '97.21 %' */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

/** 45.2 -> '45 s', 75 -> '1:15', 3700 -> '1:01:40' */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const two = (n: number) => String(n).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** 41237.8 -> '41,238' */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** 0.9312 for a share, else four significant digits. */
export function metricText(name: MetricName | StandardMetric, value: number): string {
  return metricRow(name).isShare ? value.toFixed(4) : value.toPrecision(4)
}

/** ['macro F1 0.9312']: the metrics beside loss and accuracy. */
export function moreMetrics(set: SetMetrics): string[] {
  const names = Object.keys(set).filter(isOnRequest)
  return names.map((name) => `${metricLabel(name)} ${metricText(name, set[name]!)}`)
}

/** Accuracy, loss and other metrics of one set; no accuracy for regression. */
export function setWords(name: string, set: SetMetrics): string {
  const { accuracy, loss } = set
  const rest = [`loss ${loss.toFixed(4)}`, ...moreMetrics(set)].join(', ')
  return Number.isNaN(accuracy) ? `${name} ${rest}` : `${name} ${percent(accuracy)} (${rest})`
}

/** 'train 97.80 % (loss 0.0783), valid ...' */
export function entryWords(entry: HistoryEntry): string {
  const names = (['train', 'valid', 'test'] as const).filter((name) => entry[name] !== undefined)
  return names.map((name) => setWords(name, entry[name]!)).join(', ')
}

/** '███░░░', of so many characters. @param share 0..1 */
export function barWords(share: number, size: number): string {
  const full = Math.round(size * share)
  return '█'.repeat(full) + '░'.repeat(size - full)
}
