import { formatCount, formatValue } from '../page/text.js'
import type { DrawnTrial } from './drawn-trial.js'
import type { Point } from './history.js'
import { isLowerBetter, isShare, metricName, type SearchMetric } from './trial-metric.js'

/** The vertical axis of overlaid curves. */
export interface CurveRange {
  readonly domain: readonly [number, number]
  readonly type: 'linear' | 'log'
  readonly label: string
  /** counts the values outside, if there are any */
  readonly note?: string
}

export interface TrialCurve {
  readonly trial: DrawnTrial
  /** at least one is finite */
  readonly points: readonly Point[]
}

const FLOORS = [0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0]
/** Share of the values of completed trials that the axis includes. */
const SHARE_SHOWN = 0.85
/** Share of the last values of pruned trials that the axis includes. */
const PRUNED_SHOWN = 0.5
const LOG_RATIO = 10

/** Includes the last values of the best trials and most values of completed ones; outliers do not compress the others. */
export function curveRange(
  curves: readonly TrialCurve[],
  best: readonly TrialCurve[],
  metric: SearchMetric,
): CurveRange {
  const good = curves.filter(({ trial }) => trial.state === 'completed')
  const values = finite(good.length > 0 ? good : curves)
  const all = finite(curves)
  if (isLowerBetter(metric)) return lossRange(values, all, best, metric)
  if (!isShare(metric)) return openRange(values, all, best, metric)
  const pruned = endsOf(curves.filter(({ trial }) => trial.state === 'pruned'))
  return accuracyRange({ values, all, pruned, ends: endsOf(best) }, metric)
}

interface Values {
  /** of the trials that completed */
  readonly values: readonly number[]
  readonly all: readonly number[]
  /** last values of pruned trials, and of the best */
  readonly pruned: readonly number[]
  readonly ends: readonly number[]
}

function accuracyRange({ values, all, pruned, ends }: Values, metric: SearchMetric): CurveRange {
  const reach = (list: readonly number[], low: number) => list.filter((value) => value >= low).length
  const inside = (low: number) =>
    reach(values, low) >= SHARE_SHOWN * values.length && reach(pruned, low) >= PRUNED_SHOWN * pruned.length
  const floor = FLOORS.find((low) => ends.every((value) => value >= low) && inside(low)) ?? 0
  const highest = all.reduce((a, b) => Math.max(a, b))
  const top = Math.min(1, highest + 0.06 * (highest - floor))
  const domain = [floor, top > floor ? top : 1] as const
  const note = outsideNote(all, domain, `The axis starts at ${floor}`, 'below')
  const from = floor > 0 ? `, from ${floor}` : ''
  const unit = metric.endsWith('.accuracy') ? ' (fraction correct)' : ''
  return { domain, type: 'linear', label: `${metricName(metric)}${unit}${from}`, note }
}

/** Of a metric without a lower bound, such as R². */
function openRange(
  values: readonly number[],
  all: readonly number[],
  best: readonly TrialCurve[],
  metric: SearchMetric,
): CurveRange {
  const sorted = [...values].sort((a, b) => a - b)
  const low = Math.min(sorted[Math.floor((1 - SHARE_SHOWN) * (sorted.length - 1))], ...endsOf(best))
  const high = all.reduce((a, b) => Math.max(a, b))
  const room = high > low ? 0.04 * (high - low) : 0.5
  const domain = [low - room, high + room] as const
  const note = outsideNote(all, domain, `The axis starts at ${formatValue(domain[0])}`, 'below')
  return { domain, type: 'linear', label: metricName(metric), note }
}

function lossRange(
  values: readonly number[],
  all: readonly number[],
  best: readonly TrialCurve[],
  metric: SearchMetric,
): CurveRange {
  const sorted = [...values].sort((a, b) => a - b)
  const most = sorted[Math.ceil(0.98 * (sorted.length - 1))]
  const high = Math.max(most, ...endsOf(best))
  const low = all.reduce((a, b) => Math.min(a, b))
  const log = low > 0 && high / low > LOG_RATIO
  const bottom = log ? low * 0.9 : Math.min(0, low * 1.05)
  const room = log ? high * 1.1 : high + 0.03 * (high - bottom)
  const domain = [bottom, room > bottom ? room : bottom + 1] as const
  const note = outsideNote(all, domain, `The axis ends at ${formatValue(domain[1])}`, 'above')
  return { domain, type: log ? 'log' : 'linear', label: `${metricName(metric)}${log ? ', log scale' : ''}`, note }
}

function outsideNote(
  all: readonly number[],
  [low, high]: readonly [number, number],
  start: string,
  side: 'below' | 'above',
): string | undefined {
  const outside = all.filter((value) => (side === 'below' ? value < low : value > high)).length
  if (outside === 0) return undefined
  return `${start}; values ${side} it, not shown: ${formatCount(outside)} of ${formatCount(all.length)}.`
}

function finite(curves: readonly TrialCurve[]): number[] {
  return curves.flatMap(({ points }) => points.map(({ value }) => value)).filter((value) => !Number.isNaN(value))
}

function endsOf(curves: readonly TrialCurve[]): number[] {
  return curves.flatMap((curve) => finite([curve]).slice(-1))
}
