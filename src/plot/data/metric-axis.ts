import type { D3 } from '../page/libraries.js'
import { type DrawnTrial, scoreOf } from './drawn-trial.js'
import { type MetricScale, worstLabel } from './metric-scale.js'
import { type ParallelAxis, slotHeight } from './parameter-axis.js'
import { metricName, type SearchMetric } from './trial-metric.js'

const TICKS = 6

/**
 * The last axis of parallel coordinates, from the worst value at its foot to the best. Trials without a score have a slot for
 * each state.
 *
 * @param scale null when no trial has a score
 * @param height of the axis in pixels
 */
export function metricAxis(
  trials: readonly DrawnTrial[],
  metric: SearchMetric,
  scale: MetricScale | null,
  height: number,
  d3: D3,
): ParallelAxis {
  const others = trials.filter((trial) => Number.isNaN(scoreOf(trial, metric))).map(slotOf)
  const slots = ['pruned', 'collapsed', 'failed', 'no value'].filter((slot) => others.includes(slot))
  const counts = slots.map((slot) => others.filter((other) => other === slot).length)
  return {
    title: metricName(metric),
    heightOf: (trial) => {
      const value = scoreOf(trial, metric)
      return Number.isNaN(value) ? slotHeight(slots.indexOf(slotOf(trial))) : heightOf(value, scale!, height)
    },
    textOf: (trial) => `${scale?.format(scoreOf(trial, metric))} (trial ${trial.trial})`,
    ticks: [
      ...(scale ? valueTicks(scale, height, d3) : []),
      ...slots.map((slot, s) => ({ at: slotHeight(s), label: counts[s] > 1 ? `${slot} (${counts[s]})` : slot })),
    ],
    slots,
    isDiscrete: false,
  }
}

function slotOf({ state }: DrawnTrial): string {
  return state === 'completed' ? 'no value' : state
}

/** The middle of the axis where all values are equal. */
function heightOf(value: number, { worst, best, share }: MetricScale, height: number): number {
  return height * (worst === best ? 0.5 : share(value))
}

/** The label of the worst value has priority, as it shows whether the scale is clamped. */
function valueTicks(scale: MetricScale, height: number, d3: D3) {
  const { worst, best, format } = scale
  if (worst === best) return []
  const nice = d3.ticks(Math.min(worst, best), Math.max(worst, best), TICKS)
  return [
    { at: 0, label: worstLabel(scale) },
    ...nice.map((value) => ({ at: heightOf(value, scale, height), label: format(value) })),
  ]
}
