import type { Markish } from '@observablehq/plot'
import type { Crossings } from '../data/crossings.js'
import type { PlotModule } from '../page/libraries.js'
import { cleanText, fitText } from '../page/text.js'
import { FONT_SIZE, FRAME, INK, MUTED, PAGE } from '../page/theme.js'
import { BEST, lineColour, type Parallel } from './parallel-lines.js'

/** Margins and distances of the plot, in pixels. */
export interface ParallelLayout {
  readonly left: number
  readonly right: number
  /** between axes */
  readonly gap: number
  /** widest label of a parameter's value, first axis and others */
  readonly labelWidth: { readonly first: number; readonly other: number }
  /** lines of the axis titles */
  readonly headings: readonly (readonly string[])[]
  readonly header: number
}

/** Between an axis and its labels, in pixels. */
export const LABEL_GAP = 8
export const RAMP_WIDTH = 12
const RAMP_CELLS = 48
const AXIS = '#777777'
/** Pixels from one label to the next, at least. */
const LABEL_DISTANCE = 14

interface Label {
  /** index of the axis */
  readonly x: number
  readonly y: number
  readonly text: string
}

/** Lines, ticks, bands and labels of the axes; the metric's is the colour ramp itself, with its labels to the right. */
export function axisMarks(
  Plot: PlotModule,
  parallel: Parallel,
  crossed: readonly Crossings[],
  { labelWidth }: ParallelLayout,
): Markish[] {
  const { axes, best, height, hasRamp } = parallel
  const last = axes.length - 1
  const lines = axes.map((_, x) => ({ x })).filter(({ x }) => x < last || !hasRamp)
  const ticks = axes.slice(0, last).flatMap(({ ticks }, x) => ticks.map(({ at }) => ({ x, y: at })))
  const bands = crossed.flatMap(({ bands }, x) =>
    bands.map(({ at, half }) => ({ x, low: at - half - 1.5, high: at + half + 1.5 })),
  )
  const bestLabels = axes.map(({ heightOf, textOf }, x) => best && { x, y: heightOf(best), text: textOf(best) })
  const labels = axes.flatMap(({ ticks }, x) => {
    const all = ticks.filter(({ label }) => label !== '').map(({ at, label }) => ({ x, y: at, text: label }))
    return withoutOverlap(all, bestLabels[x] ? [bestLabels[x].y] : [], LABEL_DISTANCE)
  })
  const fit = (bold: boolean) => (label: Label) =>
    label.x === last
      ? label.text
      : fitText(cleanText(label.text), labelWidth[label.x === 0 ? 'first' : 'other'], FONT_SIZE.tick, bold)
  const text = (shown: readonly Label[], isBest: boolean) =>
    [shown.filter(({ x }) => x < last), shown.filter(({ x }) => x === last)].map((some, side) =>
      Plot.text(some, {
        x: 'x',
        y: 'y',
        text: fit(isBest),
        textAnchor: side === 0 ? 'end' : 'start',
        dx: side === 0 ? -LABEL_GAP : LABEL_GAP + (hasRamp ? RAMP_WIDTH : 0),
        fontSize: FONT_SIZE.tick,
        fontWeight: isBest ? 'bold' : undefined,
        fill: isBest ? BEST : ({ y }: Label) => (side === 1 && y < 0 ? MUTED : INK),
        stroke: PAGE.background,
        strokeWidth: 5,
      }),
    )
  return [
    Plot.ruleX(lines, { x: 'x', y1: 0, y2: height, stroke: AXIS }),
    ...(hasRamp ? rampMarks(Plot, last, height) : []),
    Plot.ruleY(ticks, { x1: 'x', x2: 'x', y: 'y', insetLeft: -4, stroke: AXIS }),
    Plot.ruleX(bands, { x: 'x', y1: 'low', y2: 'high', stroke: AXIS, strokeWidth: 3, strokeLinecap: 'round' }),
    ...text(labels, false),
    ...text(
      bestLabels.filter((label) => label !== null),
      true,
    ),
  ]
}

/** Cells of the colour ramp from the foot up, each overlapping the next to avoid seams. */
function rampMarks(Plot: PlotModule, x: number, height: number): Markish[] {
  const cells = Array.from({ length: RAMP_CELLS }, (_, i) => ({
    low: (i * height) / RAMP_CELLS,
    high: Math.min(height, ((i + 1.5) * height) / RAMP_CELLS),
    colour: lineColour(i / (RAMP_CELLS - 1)),
  }))
  const ramp = { x, dx: RAMP_WIDTH / 2, strokeWidth: RAMP_WIDTH }
  return [
    Plot.ruleX([0], {
      ...ramp,
      y1: 0,
      y2: height,
      insetTop: -1,
      insetBottom: -1,
      strokeWidth: RAMP_WIDTH + 2,
      stroke: FRAME,
    }),
    Plot.ruleX(cells, { ...ramp, y1: 'low', y2: 'high', stroke: 'colour' }),
  ]
}

/** The titles above the axes, their last lines at the same height. */
export function headingMarks(
  Plot: PlotModule,
  { headings }: ParallelLayout,
  { top, gap, line }: { readonly top: number; readonly gap: number; readonly line: number },
): Markish[] {
  const most = Math.max(...headings.map((lines) => lines.length))
  return Array.from({ length: most }, (_, fromLast) => {
    const labels = headings.map((lines, x) => ({ x, text: lines[lines.length - 1 - fromLast] }))
    return Plot.text(
      labels.filter(({ text }) => text !== undefined),
      {
        x: 'x',
        y: () => top,
        dy: -gap - fromLast * line,
        text: 'text',
        lineAnchor: 'bottom',
        fontSize: FONT_SIZE.label,
        fontWeight: 'bold',
        fill: INK,
      },
    )
  })
}

/** Labels in their order, without those nearer than `distance` to an earlier one or to one of `taken`. */
export function withoutOverlap<T extends { readonly y: number }>(
  labels: readonly T[],
  taken: readonly number[],
  distance: number,
): T[] {
  const ys = [...taken]
  return labels.filter(({ y }) => {
    if (ys.some((other) => Math.abs(other - y) < distance)) return false
    ys.push(y)
    return true
  })
}
