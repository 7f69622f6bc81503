import { type Ramp, sequential } from './colour.js'
import { competingValue, type DrawnTrial, valueText } from './drawn-trial.js'
import { heldWords, type MetricScale } from './metric-scale.js'
import { linearTicks } from './nice-ticks.js'
import { round, textAt } from './page.js'
import { type AxisHeights, crossings, placeY, SLOT, withoutOverlap } from './parallel-layout.js'
import type { AxisPlace, ParameterAxis } from './parameter-axis.js'
import { cleanText, fitText, textWidth, wrapText } from './text.js'
import { FONT_SIZE, FRAME, GREY, INK, MUTED, OKABE_ITO, PAGE } from './theme.js'
import { metricName, type SearchMetric } from './trial-metric.js'

export interface Parallel {
  readonly axes: readonly ParameterAxis[]
  /** the best first, those that do not compete last */
  readonly ranked: readonly DrawnTrial[]
  readonly best: DrawnTrial | null
  readonly metric: SearchMetric
  /** null when no trial competes */
  readonly scale: MetricScale | null
  /** of an axis, in pixels */
  readonly height: number
}

export interface DrawnParallel {
  readonly body: string
  readonly width: number
  /** pixels above the axes */
  readonly header: number
  /** most slots below an axis */
  readonly slots: number
}

const GAP = { least: 104, most: 230 } as const
const LABEL_GAP = 8
const LABEL_DISTANCE = 14
const HEADER_LINE = 15
/** Bands reach above the axes. */
const HEADER_GAP = 19
const BAR = { width: 12, cells: 48 } as const
const BEST = OKABE_ITO.vermillion
const AXIS = '#777777'

/** Light enough to lie behind, dark enough to be seen on white. */
const lineColour: Ramp = (t) => sequential(0.28 + 0.67 * t)

/** An axis as it is drawn, with where each trial crosses it. */
interface DrawnAxis {
  readonly x: number
  readonly ys: readonly number[]
  readonly bands: ReadonlyMap<number, number>
}

/** The axes with the lines of the trials, in the units of the page's body. */
export function drawParallel(parallel: Parallel): DrawnParallel {
  const { axes, ranked, height } = parallel
  const labelWidth = firstLabelsWidth(parallel)
  const count = axes.length + 1
  const titles = [...axes.map(({ label }) => label), metricName(parallel.metric)]
  const states = stateSlots(parallel)
  const right = metricLabelsWidth(parallel, states)
  const room = PAGE.width - 2 * PAGE.padding
  const firstTitle = Math.min(GAP.least, textWidth(titles[0], FONT_SIZE.label, true)) / 2
  const left = Math.ceil(Math.max(labelWidth + LABEL_GAP + 4, firstTitle))
  const gap = Math.floor(Math.min(GAP.most, Math.max(GAP.least, (room - left - right) / (count - 1))))
  const headings = titles.map((title) => wrapText(cleanText(title), gap - 14, FONT_SIZE.label, true))
  const header = HEADER_GAP + HEADER_LINE * Math.max(...headings.map((lines) => lines.length))
  const heights = { top: header, bottom: header + height }
  const worstFirst = [...ranked].reverse()
  const drawn = [
    ...axes.map((axis, i): DrawnAxis => {
      const place = ({ params }: DrawnTrial) => axis.place(params[axis.key])
      return { x: left + i * gap, ...crossings(worstFirst, { discrete: axis.discrete, place }, heights) }
    }),
    {
      x: left + axes.length * gap,
      ...crossings(worstFirst, { discrete: false, place: metricPlace(parallel, states) }, heights),
    },
  ]
  const body = [
    lines(worstFirst, drawn, parallel),
    ...axes.map((axis, i) =>
      axisMarkup(axis, drawn[i], heights, { best: parallel.best, room: i === 0 ? GAP.least - 26 : gap - 26 }),
    ),
    metricAxis(parallel, states, drawn[axes.length], heights),
    ...headings.flatMap((heading, i) =>
      heading.map((line, l) =>
        textAt(drawn[i].x, header - HEADER_GAP - (heading.length - 1 - l) * HEADER_LINE, line, {
          ...{ size: FONT_SIZE.label, bold: true, anchor: 'middle' },
        }),
      ),
    ),
  ]
  return { body: body.join(''), width: Math.ceil(left + axes.length * gap + right), header, slots: states.length }
}

/** The labels of the first axis stand outside; so may be the best trial's value, which has no tick. */
function firstLabelsWidth({ axes: [first], best }: Parallel): number {
  const value = best?.params[first.key]
  const labels = [...first.ticks.map(({ label }) => label), ...(value === undefined ? [] : [valueText(value)])]
  return Math.min(GAP.least - 26, Math.max(...labels.map((label) => textWidth(label, FONT_SIZE.tick, true))))
}

/** Below the last axis stand the states of what does not compete. */
function stateSlots({ ranked, metric }: Parallel): string[] {
  const unranked = ranked.filter((trial) => Number.isNaN(competingValue(trial, metric)))
  return ['pruned', 'collapsed', 'failed', 'no value'].filter((slot) =>
    unranked.some((trial) => slotOf(trial) === slot),
  )
}

function slotOf({ state }: DrawnTrial): string {
  return state === 'completed' ? 'no value' : state
}

function metricPlace({ metric, scale }: Parallel, states: readonly string[]): (trial: DrawnTrial) => AxisPlace {
  return (trial) => {
    const value = competingValue(trial, metric)
    return Number.isNaN(value) ? { slot: states.indexOf(slotOf(trial)) } : { share: barShare(scale!, value) }
  }
}

/** Where there is nothing to compare, the middle. */
function barShare({ worst, best, share }: MetricScale, value: number): number {
  return worst === best ? 0.5 : share(value)
}

/** Grey lines first, then from the worst to the best. */
function lines(worstFirst: readonly DrawnTrial[], axes: readonly DrawnAxis[], parallel: Parallel): string {
  const { metric, scale, best } = parallel
  const opacity = round(Math.min(0.9, Math.max(0.25, 0.9 * Math.sqrt(40 / worstFirst.length))))
  const width = worstFirst.length > 150 ? 1 : worstFirst.length > 40 ? 1.4 : 1.8
  const paths = worstFirst.map((trial, t) => {
    const d = path(axes.map(({ x, ys }) => [x, ys[t]] as const))
    const value = competingValue(trial, metric)
    if (trial === best) {
      const edge = `<path d="${d}" stroke="${PAGE.background}" stroke-width="6"/>`
      return `${edge}<path d="${d}" stroke="${BEST}" stroke-width="3"/>`
    }
    if (!Number.isNaN(value)) {
      const stroke = `stroke="${lineColour(scale!.share(value))}" stroke-opacity="${opacity}"`
      return `<path d="${d}" ${stroke} stroke-width="${width}"/>`
    }
    const dashes = {
      pruned: '',
      completed: '',
      collapsed: ' stroke-dasharray="6,3"',
      failed: ' stroke-dasharray="1.5,3"',
    }
    return `<path d="${d}" stroke="${GREY}" stroke-opacity="${round(0.75 * opacity)}" stroke-width="1"${dashes[trial.state]}/>`
  })
  return `<g aria-label="trials" fill="none">${paths.join('')}</g>`
}

/** Leaves and meets each axis at a right angle, which keeps lines apart that cross. */
function path(points: readonly (readonly [number, number])[]): string {
  return points
    .map(([x, y], i) => {
      if (i === 0) return `M${round(x)},${round(y)}`
      const [fromX, fromY] = points[i - 1]
      const [a, b] = [fromX + 0.45 * (x - fromX), fromX + 0.55 * (x - fromX)]
      return `C${round(a)},${round(fromY)},${round(b)},${round(y)},${round(x)},${round(y)}`
    })
    .join('')
}

interface AxisLabel {
  readonly y: number
  readonly text: string
}

/** Line, bands and labels of a parameter; the best trial's value is named in any case. */
function axisMarkup(
  axis: ParameterAxis,
  { x, bands }: DrawnAxis,
  heights: AxisHeights,
  { best, room }: { readonly best: DrawnTrial | null; readonly room: number },
): string {
  const bestValue = best?.params[axis.key]
  const bestY = best && placeY(axis.place(bestValue), heights)
  const all = axis.ticks.map(({ place, label }): AxisLabel => ({ y: placeY(place, heights), text: label }))
  const labels = withoutOverlap(
    all.filter(({ y }) => y !== bestY),
    bestY === null ? [] : [bestY],
    LABEL_DISTANCE,
  )
  const fit = (text: string, bold: boolean) => fitText(text, room, FONT_SIZE.tick, bold)
  const label = ({ y, text }: AxisLabel, fill: string, bold = false) =>
    chip(x - LABEL_GAP, y, fit(text, bold), { fill, bold })
  const marks = axis.discrete ? all : labels
  return [
    `<g aria-label="axis">`,
    axisLine(x, heights),
    ...marks.map(({ y }) => `<path d="M${x - 4},${round(y)}h4" stroke="${AXIS}"/>`),
    ...[...bands].map(([y, half]) => band(x, y, half)),
    ...labels.map((one) => label(one, INK)),
    bestY === null ? '' : label({ y: bestY, text: bestLabel(axis, bestValue, all, bestY) }, BEST, true),
    '</g>',
  ].join('')
}

/** Text to the left of x, on white that lines do not show through. */
function chip(x: number, y: number, text: string, style: { readonly fill: string; readonly bold: boolean }): string {
  const width = textWidth(text, FONT_SIZE.tick, style.bold) + 4
  const size = `width="${round(width)}" height="${LABEL_DISTANCE}"`
  const ground = `<rect x="${round(x - width + 2)}" y="${round(y - LABEL_DISTANCE / 2)}" ${size} rx="2"`
  return (
    `${ground} fill="${PAGE.background}" fill-opacity="0.85"/>` +
    textAt(x, y + FONT_SIZE.tick * 0.36, text, { ...style, anchor: 'end' })
  )
}

function bestLabel(axis: ParameterAxis, value: DrawnTrial['params'][string] | undefined, all: AxisLabel[], y: number) {
  return all.find((tick) => tick.y === y)?.text ?? (value === undefined ? axis.slots.at(-1)! : valueText(value))
}

function axisLine(x: number, { top, bottom }: AxisHeights): string {
  return `<path d="M${x},${top}V${bottom}" stroke="${AXIS}"/>`
}

/** Says that what crosses here has one value. */
function band(x: number, y: number, half: number): string {
  return `<path d="M${x},${round(y - half - 1.5)}V${round(y + half + 1.5)}" stroke="${AXIS}" stroke-width="3" stroke-linecap="round"/>`
}

function bestMetricLabel({ best, metric, scale }: Parallel): string {
  return best ? `${scale!.format(competingValue(best, metric))} (trial ${best.trial})` : ''
}

function metricLabelsWidth(parallel: Parallel, states: readonly string[]): number {
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
function metricAxis(parallel: Parallel, states: readonly string[], { x, bands }: DrawnAxis, heights: AxisHeights) {
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
