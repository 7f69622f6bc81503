import type { Markish } from '@observablehq/plot'
import { finiteInRange, knownOptions } from '../../core/checks.js'
import type { Collapse } from '../../core/results.js'
import { type BackgroundLine, dottedPoints, type Series, type StepMark } from '../data/history.js'
import { backgroundLines } from '../marks/background-lines.js'
import { type EndLabel, endLabels, endLabelsWidth } from '../marks/end-labels.js'
import { stepMarks, stepMarksHeight } from '../marks/step-marks.js'
import type { Figure } from '../page/figure.js'
import { loadDrawing, type PlotModule } from '../page/libraries.js'
import { composePage, placePlot, textAt } from '../page/page.js'
import { cleanText, formatShort, wrapText } from '../page/text.js'
import { FONT_SIZE, FRAME, GRID, MUTED, PAGE } from '../page/theme.js'

/** Options of loss and accuracy curves. */
export interface CurveOptions {
  readonly title?: string
  readonly subtitle?: string
  /** step of the best evaluation, marked by a vertical line */
  readonly best?: number
  /** marked by a vertical line when the run collapsed */
  readonly collapse?: Collapse
  /** CSS pixels of the drawing without the page margin, 320 to 4,000 (default 688) */
  readonly width?: number
  /** CSS pixels of the drawing, 160 to 4,000 (default 360) */
  readonly height?: number
}

export const CURVE_OPTIONS = ['title', 'subtitle', 'best', 'collapse', 'width', 'height'] as const

export interface Curves {
  readonly title: string
  readonly yLabel: string
  readonly yType: 'linear' | 'log'
  readonly yDomain: readonly [number, number]
  readonly series: readonly Series[]
  readonly background?: readonly BackgroundLine[]
  /** an explanation of each label, in rows below the drawing */
  readonly legend?: readonly { readonly colour: string; readonly text: string }[]
  readonly marks: readonly StepMark[]
  readonly notes: readonly string[]
  readonly format: (value: number) => string
}

const LEGEND_LINE = 17
const Y_TICKS = 7
const MARGIN = { left: 58, top: 12, bottom: 46 } as const

/** Draws the curves of one metric over the steps of a run, each labelled at its end with its last value. */
export async function drawCurves(curves: Curves, options: CurveOptions): Promise<Figure> {
  const width = finiteInRange('options.width', options.width ?? PAGE.width - 2 * PAGE.padding, 320, 4000)
  const height = finiteInRange('options.height', options.height ?? 360, 160, 4000)
  const { Plot, document } = await loadDrawing()
  // the last series is drawn on top; its label comes first among equal values
  const labels = curves.series.map((series) => endLabel(series, curves)).reverse()
  const marginTop = MARGIN.top + stepMarksHeight(curves.marks)
  const steps = stepDomain(curves)
  const drawn = height + stepMarksHeight(curves.marks)
  const plot = Plot.plot({
    document,
    width,
    height: drawn,
    marginLeft: MARGIN.left,
    marginRight: Math.ceil(endLabelsWidth(labels)),
    marginTop,
    marginBottom: MARGIN.bottom,
    x: { domain: steps, label: null },
    y: { type: curves.yType, domain: [...curves.yDomain], label: null },
    marks: [
      ...axes(Plot, curves, steps[1] - steps[0]),
      ...backgroundLines(Plot, curves.background ?? []),
      ...lines(Plot, curves),
      stepMarks(curves.marks),
      endLabels(labels),
    ],
  })
  const legend = drawLegend(curves, width, drawn)
  return composePage({
    title: options.title ?? curves.title,
    subtitle: options.subtitle,
    notes: curves.notes,
    body: placePlot(plot, 0, 0) + legend.body,
    bodyWidth: width,
    bodyHeight: drawn + legend.height,
  })
}

/** A line that ends outside the frame is labelled at the edge. */
function endLabel({ last, label, colour, endText }: Series, { yDomain, format }: Curves): EndLabel {
  const y = Math.min(yDomain[1], Math.max(yDomain[0], last.value))
  return { x: last.step, y, text: endText ?? `${label} ${format(last.value)}`, colour }
}

/** The rows of the legend, long ones wrapped, and their height in pixels. */
function drawLegend({ legend = [] }: Curves, width: number, top: number) {
  const left = MARGIN.left
  let y = top + 16
  const rows = legend.map(({ colour, text }) => {
    const swatch = `<path d="M${left},${y - 4}h18" stroke="${colour}" stroke-width="2.5"/>`
    const lines = wrapText(cleanText(text), width - left - 26, FONT_SIZE.note).map((line) => {
      const at = textAt(left + 26, y, line, { fill: MUTED })
      y += LEGEND_LINE
      return at
    })
    return swatch + lines.join('')
  })
  return { body: rows.join(''), height: legend.length === 0 ? 0 : y - top - 8 }
}

function stepDomain({ series, background = [], marks }: Curves): [number, number] {
  const ends = [...series, ...background].flatMap(({ points }) => [points[0].step, points[points.length - 1].step])
  const steps = [...ends, ...marks.map((mark) => mark.x)]
  const [low, high] = [Math.min(...steps), Math.max(...steps)]
  return low === high ? [Math.max(0, low - 1), high + 1] : [low, high]
}

function axes(Plot: PlotModule, { yLabel, yType, yDomain }: Curves, steps: number): Markish[] {
  const text = { fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, labelAnchor: 'center' as const }
  const isLog = yType === 'log'
  const decades = isLog ? Math.floor(Math.log10(yDomain[1] / yDomain[0])) : 0
  return [
    // over several decades a line at each power of ten; minor lines would be too dense
    Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: decades >= 2 ? decades : Y_TICKS }),
    Plot.frame({ stroke: FRAME }),
    Plot.axisX({ ...text, label: 'step (optimiser updates)', labelOffset: 40, ticks: Math.min(8, steps), tickSize: 4 }),
    Plot.axisY({
      ...text,
      label: yLabel,
      labelOffset: 54,
      ticks: Y_TICKS,
      tickSize: 4,
      tickFormat: isLog ? formatShort : undefined,
    }),
  ]
}

function lines(Plot: PlotModule, { series }: Curves): Markish[] {
  const at = { x: 'step', y: 'value' }
  return series.flatMap((one) => [
    Plot.line(one.points, { ...at, stroke: one.colour, strokeWidth: lineWidth(one), strokeLinejoin: 'round' }),
    Plot.dot(dottedPoints(one), { ...at, fill: one.colour, r: one.dots ? lineWidth(one) + 1 : 2.2 }),
  ])
}

/** Lines with an evaluation at every step are noisy and thinner, so that three remain distinguishable. */
function lineWidth({ points, width }: Series): number {
  return width ?? (points.length > 500 ? 1 : 1.6)
}

export function checkCurveOptions(options: CurveOptions, more: readonly string[]): void {
  knownOptions('options', options, [...CURVE_OPTIONS, ...more])
}
