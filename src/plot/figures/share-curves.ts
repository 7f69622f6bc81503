import type { Markish } from '@observablehq/plot'
import { knownOptions, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { clipLine, type PlanePoint, thinLine } from '../data/clip.js'
import type { Figure } from '../page/figure.js'
import { loadDrawing, type PlotModule } from '../page/libraries.js'
import { composePage, placePlot, textAt } from '../page/page.js'
import { cleanText, fitText, formatShare, textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, GREY, GRID, INK, MUTED, OKABE_ITO } from '../page/theme.js'

/** Options of ROC and precision-recall curves. */
export interface ShareCurvesOptions {
  readonly title?: string
  readonly subtitle?: string
  /**
   * 'auto' (the default) shows the smallest corner, of a side of 0.02, 0.05, 0.1, 0.2, 0.5 or 1, in which every curve bends;
   * 'full' is 0 to 1
   */
  readonly range?: 'auto' | 'full'
}

/** A curve of shares 0..1, and the number that sums it up. */
export interface ShareCurve {
  readonly name: string
  readonly points: readonly PlanePoint[]
  /** 0..1, higher is better */
  readonly score: number
}

export interface ShareCurves {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** the corner of the best decisions, at y = 1 */
  readonly corner: 'left' | 'right'
  /** what the scores are called: 'AUC' */
  readonly scoreName: string
  /** whether a dashed diagonal shows what a score without information gives */
  readonly diagonal: boolean
}

const COLOURS = [
  ...[OKABE_ITO.vermillion, OKABE_ITO.blue, OKABE_ITO.green, OKABE_ITO.orange, OKABE_ITO.purple],
  ...[OKABE_ITO.skyBlue, INK],
]
const SIDE = 430
const MARGIN = { left: 58, top: 12, right: 14, bottom: 46 } as const
const LEGEND = { gap: 12, swatch: 20, line: 19, name: 150 } as const
const WINDOWS = [0.02, 0.05, 0.1, 0.2, 0.5]

/** Draws up to seven curves, of more the seven with the lowest scores and the others in grey, with a legend beside them. */
export async function drawShareCurves(
  given: readonly ShareCurve[],
  what: ShareCurves,
  options: ShareCurvesOptions,
): Promise<Figure> {
  knownOptions('options', options, ['title', 'subtitle', 'range'])
  const range = oneOf('options.range', options.range ?? 'auto', ['auto', 'full'])
  const side = range === 'full' ? 1 : windowOf(given, what.corner)
  const xDomain = what.corner === 'left' ? ([0, side] as const) : ([1 - side, 1] as const)
  const yDomain = [1 - side, 1] as const
  const { coloured, grey } = choose(given)
  const { Plot, document } = await loadDrawing()
  const lines = (curve: ShareCurve) => clipLine(thinLine(curve.points, side / 2000, side / 2000), xDomain, yDomain)
  const diagonal = what.diagonal
    ? clipLine(
        [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
        xDomain,
        yDomain,
      )
    : []
  const line = (points: readonly PlanePoint[], stroke: string, strokeWidth: number) =>
    Plot.line(points, { x: 'x', y: 'y', stroke, strokeWidth, strokeLinejoin: 'round' })
  const width = MARGIN.left + SIDE + MARGIN.right
  const height = MARGIN.top + SIDE + MARGIN.bottom
  const plot = Plot.plot({
    document,
    ...{ width, height, marginLeft: MARGIN.left, marginRight: MARGIN.right },
    ...{ marginTop: MARGIN.top, marginBottom: MARGIN.bottom },
    x: { domain: [...xDomain], label: null },
    y: { domain: [...yDomain], label: null },
    marks: [
      ...axes(Plot, what),
      diagonal.length > 0 ? Plot.line(diagonal, { x: 'x', y: 'y', stroke: GREY, strokeDasharray: '4,4' }) : null,
      ...grey.map((curve) => line(lines(curve), FRAME, 1)),
      // the lowest score on top
      ...coloured.map(({ curve, colour }) => line(lines(curve), colour, 2)).reverse(),
    ],
  })
  const legend = legendOf(coloured, grey, what, width + LEGEND.gap)
  return composePage({
    title: options.title ?? what.title,
    subtitle: options.subtitle,
    notes: [
      ...(diagonal.length > 0 ? ['Dashed: a score without information.'] : []),
      ...(side < 1 ? [`The axes show the corner of the best decisions, ${side} wide.`] : []),
    ],
    body: placePlot(plot, 0, 0) + legend.body,
    bodyWidth: width + LEGEND.gap + legend.width,
    bodyHeight: Math.max(height, legend.height),
  })
}

/** @param kind what the curves are called in messages */
export function checkCurves<T extends { readonly name: string }>(
  curves: readonly T[],
  keys: readonly (keyof T)[],
): void {
  if (!Array.isArray(curves) || curves.length === 0) throw invalidArgument('curves', 'at least one curve', curves)
  curves.forEach((curve, i) => {
    for (const key of keys) {
      const values: unknown = curve?.[key]
      const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1
      if (Array.isArray(values) && values.length > 1 && values.every(isShare)) continue
      throw invalidArgument(`curves[${i}].${String(key)}`, 'at least two numbers from 0 to 1', values)
    }
  })
}

function windowOf(curves: readonly ShareCurve[], corner: 'left' | 'right'): number {
  const distance = ({ x, y }: PlanePoint) => Math.max(1 - y, corner === 'left' ? x : 1 - x)
  const bends = curves.map(({ points }) => points.reduce((least, point) => Math.min(least, distance(point)), 1))
  const farthest = Math.max(...bends)
  return WINDOWS.find((side) => farthest <= side / 2) ?? 1
}

function choose(curves: readonly ShareCurve[]) {
  const order = curves.map((_, i) => i).sort((a, b) => curves[a].score - curves[b].score || a - b)
  const isColoured = new Set(order.slice(0, COLOURS.length))
  const coloured = curves.filter((_, i) => isColoured.has(i)).map((curve, i) => ({ curve, colour: COLOURS[i] }))
  return { coloured, grey: curves.filter((_, i) => !isColoured.has(i)) }
}

function axes(Plot: PlotModule, { xLabel, yLabel }: ShareCurves): Markish[] {
  const text = {
    ...{ fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, labelAnchor: 'center' as const },
    ...{ ticks: 6, tickSize: 4 },
  }
  return [
    Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks: 6 }),
    Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: 6 }),
    Plot.frame({ stroke: FRAME }),
    Plot.axisX({ ...text, label: xLabel, labelOffset: 40 }),
    Plot.axisY({ ...text, label: yLabel, labelOffset: 54 }),
  ]
}

/** Beside the drawing: the colour, name and score of each curve. */
function legendOf(
  coloured: readonly { readonly curve: ShareCurve; readonly colour: string }[],
  grey: readonly ShareCurve[],
  { scoreName }: ShareCurves,
  x: number,
) {
  const scores = grey.map(({ score }) => score)
  const rows = [
    ...coloured.map(({ curve: { name, score }, colour }) => ({
      ...{ colour, name: fitText(cleanText(name), LEGEND.name, FONT_SIZE.label) },
      score: formatShare(score),
    })),
    ...(grey.length > 0 ? [{ colour: FRAME, name: `${grey.length} others`, score: rangeWords(scores) }] : []),
  ]
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => textWidth(text, FONT_SIZE.label)))
  const scoreX = LEGEND.swatch + widest(rows.map(({ name }) => name)) + LEGEND.gap
  const heading = textAt(x, MARGIN.top + FONT_SIZE.label, scoreName, { size: FONT_SIZE.label, fill: MUTED })
  const body = rows.map(({ colour, name, score }, i) => {
    const y = MARGIN.top + FONT_SIZE.label + LEGEND.line * (i + 1)
    const swatch = `<path d="M${x},${y - 4}h${LEGEND.swatch - 6}" stroke="${colour}" stroke-width="2.5"/>`
    const size = { size: FONT_SIZE.label }
    return swatch + textAt(x + LEGEND.swatch, y, name, size) + textAt(x + scoreX, y, score, size)
  })
  return {
    body: heading + body.join(''),
    width: Math.max(scoreX + widest(rows.map(({ score }) => score)), widest([scoreName])),
    height: MARGIN.top + LEGEND.line * (rows.length + 2),
  }
}

function rangeWords(scores: readonly number[]): string {
  return `${formatShare(Math.min(...scores))} to ${formatShare(Math.max(...scores))}`
}
