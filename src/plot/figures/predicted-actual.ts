import { checkingAsync, knownOptions } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { Figure } from '../page/figure.js'
import { type Drawing, loadDrawing } from '../page/libraries.js'
import { composePage, placePlot, textAt } from '../page/page.js'
import { cleanText, fitText, formatCount, formatShort, textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, GREY, GRID, MUTED, OKABE_ITO } from '../page/theme.js'

/** One output of a regression over the rows of a set. */
export interface PredictedColumn {
  readonly name: string
  /** [n] targets */
  readonly actual: ArrayLike<number>
  /** [n] outputs of the model */
  readonly predicted: ArrayLike<number>
  /** one line under the name, e.g. 'R² 0.93' */
  readonly note?: string
}

export interface PredictedActualOptions {
  readonly title?: string
  readonly subtitle?: string
}

const MAX_PANELS = 6
const MAX_POINTS = 2000
const SIDE = 290
const PANEL = { header: 40, right: 14, bottom: 46, gap: 12 } as const

/**
 * Predicted values against the actual ones, a panel for each output; of an exact model all points lie on the dashed diagonal.
 * Of more than 2,000 rows every second, third, ... is shown, of more than six outputs the first six.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` without a row, for lengths that differ and for values that are not finite
 */
export async function predictedActualFigure(
  columns: readonly PredictedColumn[],
  options: PredictedActualOptions = {},
): Promise<Figure> {
  return await checkingAsync('predictedActualFigure', () => draw(columns, options))
}

async function draw(columns: readonly PredictedColumn[], options: PredictedActualOptions): Promise<Figure> {
  knownOptions('options', options, ['title', 'subtitle'])
  checkColumns(columns)
  const drawing = await loadDrawing()
  const panels = columns.slice(0, MAX_PANELS).map((column) => panelOf(column, drawing))
  const left = Math.max(...panels.map((panel) => panel.marginLeft))
  const [width, height] = [left + SIDE + PANEL.right, PANEL.header + SIDE + PANEL.bottom]
  const perRow = Math.min(2, panels.length)
  const body = panels.map((panel, i) => {
    const [x, y] = [(i % perRow) * (width + PANEL.gap), Math.floor(i / perRow) * (height + PANEL.gap)]
    return panel.draw(x, y, left)
  })
  return composePage({
    title: options.title ?? 'Predicted against actual',
    subtitle: options.subtitle,
    notes: notesOf(columns),
    body: body.join(''),
    bodyWidth: perRow * (width + PANEL.gap) - PANEL.gap,
    bodyHeight: Math.ceil(panels.length / perRow) * (height + PANEL.gap) - PANEL.gap,
  })
}

function checkColumns(columns: readonly PredictedColumn[]): void {
  if (!Array.isArray(columns) || columns.length === 0) throw invalidArgument('columns', 'at least one column', columns)
  columns.forEach((column, c) => {
    const { actual, predicted } = Object(column) as PredictedColumn
    if (!(actual?.length > 0)) throw invalidArgument(`columns[${c}].actual`, 'at least one value', actual)
    if (predicted?.length !== actual.length) {
      throw invalidArgument(`columns[${c}].predicted`, `${actual.length} values`, predicted?.length)
    }
    for (const [key, values] of Object.entries({ actual, predicted })) {
      const bad = Array.prototype.findIndex.call(values, (value) => !Number.isFinite(value))
      if (bad >= 0) throw invalidArgument(`columns[${c}].${key}[${bad}]`, 'a finite number', values[bad])
    }
  })
}

function everyNth({ actual }: PredictedColumn): number {
  return Math.ceil(actual.length / MAX_POINTS)
}

function panelOf(column: PredictedColumn, { Plot, d3, document }: Drawing) {
  const { name, note = '', actual, predicted } = column
  const nth = everyNth(column)
  const points = Array.from({ length: Math.ceil(actual.length / nth) }, (_, i) => {
    return { actual: actual[i * nth], predicted: predicted[i * nth] }
  })
  const [low, high] = domainOf(points.flatMap((point) => [point.actual, point.predicted]))
  const widest = Math.max(...d3.ticks(low, high, 6).map((tick) => textWidth(formatShort(tick), FONT_SIZE.tick)))
  const marginLeft = Math.ceil(32 + widest)
  // labels side by side below the drawing
  const ticks = d3.ticks(low, high, Math.max(2, Math.min(6, Math.floor(SIDE / (widest + 20)))))
  const text = {
    ...{ fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, labelAnchor: 'center' as const },
    ...{ ticks, tickSize: 4, tickFormat: formatShort },
  }
  const draw = (x: number, y: number, left: number): string => {
    const plot = Plot.plot({
      document,
      ...{ width: left + SIDE + PANEL.right, height: SIDE + PANEL.bottom },
      ...{ marginLeft: left, marginRight: PANEL.right, marginTop: 0, marginBottom: PANEL.bottom },
      x: { domain: [low, high], label: null },
      y: { domain: [low, high], label: null },
      marks: [
        Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks }),
        Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks }),
        Plot.frame({ stroke: FRAME }),
        Plot.dot(points, {
          x: 'actual',
          y: 'predicted',
          fill: OKABE_ITO.blue,
          fillOpacity: opacity(points.length),
          r: 2,
        }),
        Plot.line([low, high], { x: (d: number) => d, y: (d: number) => d, stroke: GREY, strokeDasharray: '4,4' }),
        Plot.axisX({ ...text, label: 'actual', labelOffset: 40 }),
        Plot.axisY({ ...text, label: 'predicted', labelOffset: left - 4 }),
      ],
    })
    const heading = { size: FONT_SIZE.panel, bold: true }
    return (
      textAt(x + left, y + 12, fitText(cleanText(name), SIDE, FONT_SIZE.panel, true), heading) +
      textAt(x + left, y + 28, fitText(cleanText(note), SIDE, FONT_SIZE.note), { size: FONT_SIZE.note, fill: MUTED }) +
      placePlot(plot, x, y + PANEL.header)
    )
  }
  return { marginLeft, draw }
}

/** Denser points are more transparent. */
function opacity(points: number): number {
  return points > 500 ? 0.3 : 0.6
}

function domainOf(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b))
  const high = values.reduce((a, b) => Math.max(a, b))
  const margin = low === high ? Math.max(0.5, Math.abs(low) / 10) : 0.03 * (high - low)
  return [low - margin, high + margin]
}

function notesOf(columns: readonly PredictedColumn[]): string[] {
  const nth = everyNth(columns[0])
  const rows = formatCount(columns[0].actual.length)
  return [
    ...(nth > 1 ? [`${formatCount(Math.ceil(columns[0].actual.length / nth))} of ${rows} rows.`] : []),
    ...(columns.length > MAX_PANELS ? [`The first ${MAX_PANELS} of ${formatCount(columns.length)} outputs.`] : []),
  ]
}
