import { type DrawnTrial, valueText } from '../data/drawn-trial.js'
import type { ParameterAxis } from '../data/parameter-axis.js'
import { metricName } from '../data/trial-metric.js'
import { round, textAt } from '../page/page.js'
import { cleanText, fitText, textWidth, wrapText } from '../page/text.js'
import { FONT_SIZE, INK, PAGE } from '../page/theme.js'
import { type AxisHeights, crossings, placeY, withoutOverlap } from './parallel-layout.js'
import { trialLines } from './parallel-lines.js'
import {
  AXIS,
  axisLine,
  BEST,
  band,
  type DrawnAxis,
  GAP,
  LABEL_DISTANCE,
  LABEL_GAP,
  type Parallel,
} from './parallel-marks.js'
import { metricAxis, metricLabelsWidth, metricPlace, stateSlots } from './parallel-metric-axis.js'

export interface DrawnParallel {
  readonly body: string
  readonly width: number
  /** pixels above the axes */
  readonly header: number
  /** most slots below an axis */
  readonly slots: number
}

const HEADER_LINE = 15
/** Bands reach above the axes. */
const HEADER_GAP = 19

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
    trialLines(worstFirst, drawn, parallel),
    ...axes.map((axis, i) =>
      axisMarkup(axis, drawn[i], heights, { best: parallel.best, room: i === 0 ? GAP.least - 26 : gap - 26 }),
    ),
    metricAxis(parallel, states, drawn[axes.length], heights),
    ...headings.map((heading, i) => headingAt(heading, drawn[i].x, header)),
  ]
  return { body: body.join(''), width: Math.ceil(left + axes.length * gap + right), header, slots: states.length }
}

/** Lines of a title above an axis, the last of them next to it. */
function headingAt(lines: readonly string[], x: number, header: number): string {
  const style = { size: FONT_SIZE.label, bold: true, anchor: 'middle' } as const
  const y = (line: number) => header - HEADER_GAP - (lines.length - 1 - line) * HEADER_LINE
  return lines.map((text, line) => textAt(x, y(line), text, style)).join('')
}

/** The labels of the first axis stand outside; so may be the best trial's value, which has no tick. */
function firstLabelsWidth({ axes: [first], best }: Parallel): number {
  const value = best?.params[first.key]
  const labels = [...first.ticks.map(({ label }) => label), ...(value === undefined ? [] : [valueText(value)])]
  return Math.min(GAP.least - 26, Math.max(...labels.map((label) => textWidth(label, FONT_SIZE.tick, true))))
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
