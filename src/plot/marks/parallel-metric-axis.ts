import { competingValue, type DrawnTrial } from '../data/drawn-trial.js'
import { heldWords, type MetricScale } from '../data/metric-scale.js'
import { linearTicks } from '../data/nice-ticks.js'
import type { AxisPlace } from '../data/parameter-axis.js'
import { metricName } from '../data/trial-metric.js'
import { textAt } from '../page/page.js'
import { textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, MUTED } from '../page/theme.js'
import { type AxisHeights, placeY, SLOT, withoutOverlap } from './parallel-layout.js'
import {
  axisLine,
  BEST,
  band,
  type DrawnAxis,
  GAP,
  LABEL_DISTANCE,
  LABEL_GAP,
  lineColour,
  type Parallel,
} from './parallel-marks.js'

const BAR = { width: 12, cells: 48 } as const

/** Below the last axis stand the states of what does not compete. */
export function stateSlots({ ranked, metric }: Parallel): string[] {
  const unranked = ranked.filter((trial) => Number.isNaN(competingValue(trial, metric)))
  return ['pruned', 'collapsed', 'failed', 'no value'].filter((slot) =>
    unranked.some((trial) => slotOf(trial) === slot),
  )
}

function slotOf({ state }: DrawnTrial): string {
  return state === 'completed' ? 'no value' : state
}

export function metricPlace({ metric, scale }: Parallel, states: readonly string[]): (trial: DrawnTrial) => AxisPlace {
  return (trial) => {
    const value = competingValue(trial, metric)
    return Number.isNaN(value) ? { slot: states.indexOf(slotOf(trial)) } : { share: barShare(scale!, value) }
  }
}

/** Where there is nothing to compare, the middle. */
function barShare({ worst, best, share }: MetricScale, value: number): number {
  return worst === best ? 0.5 : share(value)
}

function bestMetricLabel({ best, metric, scale }: Parallel): string {
  return best ? `${scale!.format(competingValue(best, metric))} (trial ${best.trial})` : ''
}

export function metricLabelsWidth(parallel: Parallel, states: readonly string[]): number {
  const { scale, ranked } = parallel
  const plain = [...(scale ? [heldWords(scale)] : []), ...states.map((state) => slotLabel(state, ranked))]
  const widths = plain.map((text) => textWidth(text, FONT_SIZE.tick))
  const widest = Math.max(...widths, textWidth(bestMetricLabel(parallel), FONT_SIZE.tick, true))
  const title = Math.min(GAP.least, textWidth(metricName(parallel.metric), FONT_SIZE.label, true)) / 2
  return Math.max(BAR.width + LABEL_GAP + widest, title) + 2
}

function slotLabel(slot: string, trials: readonly DrawnTrial[]): string {
  const count = trials.filter((trial) => slotOf(trial) === slot).length
  return count > 1 ? `${slot} (${count})` : slot
}

/** The last axis is the colour ramp itself; below it what does not compete. */
export function metricAxis(
  parallel: Parallel,
  states: readonly string[],
  { x, bands }: DrawnAxis,
  heights: AxisHeights,
) {
  const { scale, ranked } = parallel
  const text = (y: number, label: string, style: { readonly fill?: string; readonly bold?: boolean } = {}) =>
    textAt(x + BAR.width + LABEL_GAP, y + FONT_SIZE.tick * 0.36, label, style)
  const parts = ['<g aria-label="metric axis">']
  if (scale) parts.push(...ramp(x, heights, scale), ...metricTicks(parallel, scale, heights, text))
  states.forEach((slot, s) => {
    const y = heights.bottom + SLOT * (s + 1)
    parts.push(band(x, y, bands.get(y) ?? 0), text(y, slotLabel(slot, ranked), { fill: MUTED }))
  })
  return [...parts, '</g>'].join('')
}

function ramp(x: number, { top, bottom }: AxisHeights, { worst, best }: MetricScale): string[] {
  if (worst === best) return [axisLine(x, { top, bottom })]
  const step = (bottom - top) / BAR.cells
  const cells = Array.from({ length: BAR.cells }, (_, i) => {
    const from = Math.round(top + i * step)
    const to = Math.round(top + (i + 1) * step)
    const fill = lineColour((BAR.cells - 1 - i) / (BAR.cells - 1))
    return `<rect x="${x}" y="${from}" width="${BAR.width}" height="${to - from + (i < BAR.cells - 1 ? 1 : 0)}" fill="${fill}"/>`
  })
  const size = `width="${BAR.width}" height="${Math.round(bottom) - Math.round(top)}"`
  return [...cells, `<rect x="${x}" y="${Math.round(top)}" ${size} fill="none" stroke="${FRAME}"/>`]
}

function metricTicks(
  parallel: Parallel,
  scale: MetricScale,
  heights: AxisHeights,
  text: (y: number, label: string, style?: { readonly fill?: string; readonly bold?: boolean }) => string,
): string[] {
  const { worst, best, format } = scale
  const y = (value: number) => placeY({ share: barShare(scale, value) }, heights)
  const [low, high] = [Math.min(worst, best), Math.max(worst, best)]
  const nice = linearTicks(low, high, 6).map((value) => ({ y: y(value), label: format(value) }))
  const ends = worst === best ? [] : [{ y: y(worst), label: heldWords(scale) }]
  const ticks = withoutOverlap([...ends, ...nice], [y(best)], LABEL_DISTANCE)
  return [
    ...ticks.map((tick) => text(tick.y, tick.label)),
    text(y(best), bestMetricLabel(parallel), { fill: BEST, bold: true }),
  ]
}
