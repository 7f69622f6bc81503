import type { Markish, RenderFunction } from '@observablehq/plot'
import type { ParameterValue } from '../data/drawn-trial.js'
import type { TrialCell, TrialGrid } from '../data/trial-grid.js'
import { readableOn } from '../page/colour.js'
import type { Drawing, PlotModule } from '../page/libraries.js'
import { placePlot, textAt } from '../page/page.js'
import { halo, svgElement } from '../page/svg.js'
import { cleanText, fitText, textWidth } from '../page/text.js'
import { COLLAPSED, FONT_SIZE, FRAME, GREY, MUTED, OKABE_ITO, PAGE } from '../page/theme.js'
import { crossPath, hatchPath, slashPath } from './cell-paths.js'

export interface HeatmapLabels {
  readonly x: string
  readonly y: string
  readonly facet: string
}

export interface HeatmapScale {
  readonly fill: (value: number) => string
  readonly format: (value: number) => string
}

interface PanelSize {
  /** 0 in panels that share the y axis of the panel to their left */
  readonly marginLeft: number
  readonly cellsWidth: number
  readonly height: number
}

export const PANEL_HEADER = 24

const CELL = { width: 50, height: 36 } as const
const MARGIN = { right: 2, top: 2, bottom: 46 } as const
const MAX_COLUMNS = 3
const PANEL_GAP = 14
const MAX_TICK_WIDTH = 110
const MAX_HEADING_WIDTH = 200
const NO_VALUE = '#eeeeee'

/** A panel for each facet in rows of up to three that share their y axis, in the units of the page's body. */
export function layOutPanels(grid: TrialGrid, labels: HeatmapLabels, scale: HeatmapScale, drawing: Drawing) {
  const marginLeft = Math.ceil(38 + widestTick(grid.ys))
  const headings = grid.facets.map((facet) => (facet === undefined ? '' : `${labels.facet} ${tickText(facet)}`))
  const widestHeading = Math.min(
    MAX_HEADING_WIDTH,
    Math.max(...headings.map((h) => textWidth(h, FONT_SIZE.panel, true))),
  )
  const cellWidth = Math.max(CELL.width, widestTick(grid.xs) + 10, widestHeading / grid.xs.length)
  const cellsWidth = Math.ceil(cellWidth) * grid.xs.length
  const height = MARGIN.top + CELL.height * grid.ys.length + MARGIN.bottom
  const columns = Math.min(grid.facets.length, grid.xs.length > 8 ? 1 : MAX_COLUMNS)
  const header = grid.facets[0] === undefined ? 0 : PANEL_HEADER
  const stepX = cellsWidth + MARGIN.right + PANEL_GAP
  const stepY = header + height + PANEL_GAP
  const body = grid.facets.map((facet, i) => {
    const column = i % columns
    const size = { marginLeft: column === 0 ? marginLeft : 0, cellsWidth, height }
    const left = marginLeft + column * stepX
    const y = Math.floor(i / columns) * stepY
    const heading = facet === undefined ? '' : panelHeading(headings[i], left, y, cellsWidth)
    return heading + placePlot(drawPanel(grid, facet, size, labels, scale, drawing), left - size.marginLeft, y + header)
  })
  const rows = Math.ceil(grid.facets.length / columns)
  return { body: body.join(''), width: marginLeft + columns * stepX - PANEL_GAP, height: rows * stepY - PANEL_GAP }
}

/** Parameter values in JavaScript's notation, shortened to fit. */
export function tickText(value: ParameterValue): string {
  return fitText(cleanText(String(value)), MAX_TICK_WIDTH, FONT_SIZE.tick)
}

function widestTick(values: readonly ParameterValue[]): number {
  return Math.max(...values.map((value) => textWidth(tickText(value), FONT_SIZE.tick)))
}

function panelHeading(text: string, x: number, y: number, width: number): string {
  const fitted = fitText(cleanText(text), width, FONT_SIZE.panel, true)
  return textAt(x, y + 14, fitted, { size: FONT_SIZE.panel, bold: true })
}

function drawPanel(
  grid: TrialGrid,
  facet: ParameterValue | undefined,
  size: PanelSize,
  labels: HeatmapLabels,
  scale: HeatmapScale,
  { Plot, document }: Drawing,
): Element {
  const cells = grid.cells.filter((cell) => cell.facet === facet)
  return Plot.plot({
    document,
    width: size.marginLeft + size.cellsWidth + MARGIN.right,
    height: size.height,
    marginLeft: size.marginLeft,
    marginRight: MARGIN.right,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    axis: null,
    x: { type: 'band', domain: [...grid.xs], padding: 0, label: null },
    y: { type: 'band', domain: [...grid.ys].reverse(), padding: 0, label: null },
    marks: [
      Plot.frame({ stroke: FRAME }),
      ...cellMarks(Plot, cells, scale),
      stateMarks(cells, scale),
      ...axisMarks(Plot, labels, size),
      grid.best && cells.includes(grid.best) ? bestOutline(Plot, grid.best) : null,
    ],
  })
}

function cellMarks(Plot: PlotModule, cells: readonly TrialCell[], scale: HeatmapScale): Markish[] {
  const fill = ({ value }: TrialCell) => (Number.isNaN(value) ? NO_VALUE : scale.fill(value))
  const at = { x: 'x', y: 'y' }
  return [
    Plot.cell([...cells], { ...at, fill, stroke: PAGE.background }),
    Plot.text(
      cells.filter(({ trial }) => trial.state === 'completed'),
      {
        ...at,
        text: ({ value }: TrialCell) => (Number.isNaN(value) ? 'no value' : scale.format(value)),
        fill: (cell: TrialCell) => readableOn(fill(cell)),
        fontSize: FONT_SIZE.cell,
      },
    ),
  ]
}

const STATE_MARKS = {
  collapsed: { path: hatchPath, stroke: COLLAPSED },
  failed: { path: crossPath, stroke: OKABE_ITO.vermillion },
  pruned: { path: slashPath, stroke: GREY },
} as const

/** Hatches cells of collapsed trials, crosses out failed and strikes out pruned ones, with the value they reached. */
function stateMarks(cells: readonly TrialCell[], scale: HeatmapScale): RenderFunction {
  return (_index, scales, _values, _dimensions, context) => {
    const group = svgElement(context.document, 'g', { 'aria-label': 'trials without a value', 'text-anchor': 'middle' })
    const { x: scaleX, y: scaleY } = scales as unknown as Record<'x' | 'y', BandScale>
    const [width, height] = [scaleX.bandwidth(), scaleY.bandwidth()]
    for (const { x, y, trial, reached } of cells) {
      if (trial.state === 'completed') continue
      const [left, top] = [scaleX(x) + 1, scaleY(y) + 1]
      const { path, stroke } = STATE_MARKS[trial.state]
      const d = path(left, top, width - 2, height - 2)
      group.append(svgElement(context.document, 'path', { d, stroke, 'stroke-opacity': 0.7, fill: 'none' }))
      const [middle, baseline] = [left + width / 2 - 1, top + height / 2 + 2]
      const label = { x: middle, y: baseline, fill: MUTED, 'font-size': 9, ...halo(NO_VALUE) }
      group.append(
        svgElement(context.document, 'text', label, Number.isNaN(reached) ? trial.state : scale.format(reached)),
      )
    }
    return group
  }
}

type BandScale = ((value: ParameterValue) => number) & { bandwidth(): number }

function bestOutline(Plot: PlotModule, best: TrialCell): Markish {
  const style = { fill: 'none', stroke: OKABE_ITO.vermillion, strokeWidth: 3, inset: 1 }
  return Plot.cell([best], { x: 'x', y: 'y', ...style })
}

function axisMarks(Plot: PlotModule, labels: HeatmapLabels, size: PanelSize): Markish[] {
  const common = {
    tickSize: 0,
    tickFormat: tickText,
    fontSize: FONT_SIZE.tick,
    labelArrow: 'none' as const,
    labelAnchor: 'center' as const,
  }
  return [
    Plot.axisX({ ...common, label: cleanText(labels.x), labelOffset: 40 }),
    size.marginLeft > 0
      ? Plot.axisY({ ...common, label: cleanText(labels.y), labelOffset: size.marginLeft - 4 })
      : null,
  ]
}
