import type { Figure } from '../page/figure.js'
import { type Drawing, loadDrawing } from '../page/libraries.js'
import { composePage, placePlot, textAt } from '../page/page.js'
import { fitText, formatCount } from '../page/text.js'
import { FONT_SIZE, FRAME, GRID, MUTED, OKABE_ITO, PAGE } from '../page/theme.js'

/** What a column of a table holds: bins of numbers, or the most frequent texts. */
export interface ColumnPanel {
  readonly name: string
  /** one line under the name */
  readonly note: string
  readonly bins: readonly { readonly x0: number; readonly x1: number; readonly count: number }[]
  readonly levels: readonly { readonly level: string; readonly count: number }[]
}

const PANELS_A_ROW = 3
const PANEL = { height: 130, header: 38, gap: 18 } as const
const LABEL_WIDTH = 86

/** A small histogram for each column, numbers in bins, texts by their frequency. */
export async function columnHistogramsFigure(
  panels: readonly ColumnPanel[],
  { title, subtitle, notes }: { readonly title: string; readonly subtitle: string; readonly notes: readonly string[] },
): Promise<Figure> {
  const drawing = await loadDrawing()
  const inner = PAGE.width - 2 * PAGE.padding
  const width = (inner - (PANELS_A_ROW - 1) * PANEL.gap) / PANELS_A_ROW
  const rowHeight = PANEL.header + PANEL.height + PANEL.gap
  const body = panels.map((panel, i) => {
    const x = (i % PANELS_A_ROW) * (width + PANEL.gap)
    const y = Math.floor(i / PANELS_A_ROW) * rowHeight
    const plot = panel.bins.length > 0 ? numbers(panel, width, drawing) : texts(panel, width, drawing)
    return heading(panel, x, y, width) + placePlot(plot, x, y + PANEL.header)
  })
  const rows = Math.ceil(panels.length / PANELS_A_ROW)
  return composePage({
    ...{ title, subtitle, notes, body: body.join('') },
    bodyWidth: inner,
    bodyHeight: rows * rowHeight - PANEL.gap,
  })
}

const TEXT = { fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, tickSize: 3 }

function numbers({ bins }: ColumnPanel, width: number, { Plot, document }: Drawing): Element {
  return Plot.plot({
    ...{ document, width, height: PANEL.height, marginLeft: 40, marginRight: 8, marginTop: 6, marginBottom: 24 },
    x: { domain: [bins[0].x0, bins[bins.length - 1].x1], label: null },
    y: { label: null },
    marks: [
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: 3 }),
      Plot.rectY(bins, { x1: 'x0', x2: 'x1', y: 'count', fill: OKABE_ITO.blue, insetLeft: 0.5, insetRight: 0 }),
      Plot.ruleY([0], { stroke: FRAME }),
      Plot.axisX({ ...TEXT, ticks: 4 }),
      Plot.axisY({ ...TEXT, ticks: 3, tickFormat: formatCount }),
    ],
  })
}

function texts({ levels }: ColumnPanel, width: number, { Plot, document }: Drawing): Element {
  return Plot.plot({
    ...{
      document,
      width,
      height: PANEL.height,
      marginLeft: LABEL_WIDTH,
      marginRight: 8,
      marginTop: 6,
      marginBottom: 24,
    },
    x: { label: null },
    y: { label: null, domain: levels.map((_, i) => i) },
    marks: [
      Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks: 3 }),
      Plot.barX(levels, { x: 'count', y: (_: unknown, i: number) => i, fill: OKABE_ITO.green }),
      Plot.axisX({ ...TEXT, ticks: 3, tickFormat: formatCount }),
      Plot.axisY({
        ...TEXT,
        tickFormat: (i: number) => fitText(levels[i].level, LABEL_WIDTH - 10, FONT_SIZE.tick),
      }),
    ],
  })
}

function heading({ name, note }: ColumnPanel, x: number, y: number, width: number): string {
  return (
    textAt(x, y + 12, fitText(name, width, FONT_SIZE.panel, true), { size: FONT_SIZE.panel, bold: true }) +
    textAt(x, y + 27, fitText(note, width, FONT_SIZE.note), { size: FONT_SIZE.note, fill: MUTED })
  )
}
