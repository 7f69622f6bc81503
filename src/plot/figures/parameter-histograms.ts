import { checkingAsync, integerInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { LayerParameters } from '../../core/results.js'
import { type Histogram, histogram } from '../data/histogram.js'
import { checkLayer } from '../data/layer.js'
import type { Figure } from '../page/figure.js'
import { type D3, type Drawing, loadDrawing } from '../page/libraries.js'
import { composePage, placePlot, textAt } from '../page/page.js'
import { fitText, formatCount, formatValue, textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, GRID, MUTED, OKABE_ITO, PAGE } from '../page/theme.js'

export interface ParameterHistogramsOptions {
  readonly title?: string
  readonly subtitle?: string
  /** bins of each histogram, 1 to 1,000 (default 50) */
  readonly bins?: number
}

interface Panel {
  readonly title: string
  readonly kind: 'weight' | 'bias'
  readonly histogram: Histogram
  readonly size: number
}

const COLUMN_GAP = 24
const PANEL = { height: 176, header: 40, gap: 16 } as const

/**
 * A histogram of the weights and one of the biases for each layer, a layer to a row, each on its own axes. Values that
 * are not finite are left out and counted in the panel's heading.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when there is no layer or an array does not have the length of its shape
 */
export async function parameterHistogramsFigure(
  layers: readonly LayerParameters[],
  options: ParameterHistogramsOptions = {},
): Promise<Figure> {
  return await checkingAsync('parameterHistogramsFigure', () => draw(layers, options))
}

async function draw(layers: readonly LayerParameters[], options: ParameterHistogramsOptions): Promise<Figure> {
  knownOptions('options', options, ['title', 'subtitle', 'bins'])
  const count = integerInRange('options.bins', options.bins ?? 50, 1, 1000)
  if (!Array.isArray(layers) || layers.length === 0) throw invalidArgument('layers', 'at least one layer', layers)
  const checked = layers.map((layer, i) => checkLayer(layer, `layers[${i}]`))
  const drawing = await loadDrawing()
  const rows = checked.map((layer) => panels(layer, count, drawing.d3))
  const inner = PAGE.width - 2 * PAGE.padding
  const panelWidth = (inner - COLUMN_GAP) / 2
  const rowHeight = PANEL.header + PANEL.height
  const body = rows.flatMap((row, r) =>
    row.map((panel, c) =>
      drawPanel(panel, c * (panelWidth + COLUMN_GAP), r * (rowHeight + PANEL.gap), panelWidth, drawing),
    ),
  )
  return composePage({
    title: options.title ?? 'Weights and biases',
    subtitle: options.subtitle ?? `${count} equal bins each`,
    body: body.join(''),
    bodyWidth: inner,
    bodyHeight: rows.length * (rowHeight + PANEL.gap) - PANEL.gap,
  })
}

function panels({ name, weights, biases, inputs, outputs }: LayerParameters, count: number, d3: D3): Panel[] {
  return [
    {
      title: `${name}: weights (${inputs} × ${outputs})`,
      kind: 'weight',
      histogram: histogram(weights, count, d3),
      size: weights.length,
    },
    {
      title: `${name}: biases (${outputs})`,
      kind: 'bias',
      histogram: histogram(biases, count, d3),
      size: biases.length,
    },
  ]
}

function drawPanel(panel: Panel, x: number, y: number, width: number, { Plot, document }: Drawing): string {
  const { kind } = panel
  const { low, high, bins } = panel.histogram
  const highest = Math.max(1, ...bins.map((bin) => bin.length))
  const counts = Math.min(5, highest)
  const marginLeft = Math.ceil(34 + textWidth(formatCount(highest), FONT_SIZE.tick))
  const text = { fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, labelAnchor: 'center' as const }
  const plot = Plot.plot({
    document,
    width,
    height: PANEL.height,
    marginLeft,
    marginRight: 14,
    marginTop: 6,
    marginBottom: 42,
    x: { domain: [low, high], nice: true, label: null },
    y: { domain: [0, highest], nice: counts, label: null },
    marks: [
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: counts }),
      Plot.rectY(
        bins.filter((bin) => bin.length > 0),
        {
          x1: 'x0',
          x2: 'x1',
          y: 'length',
          fill: kind === 'weight' ? OKABE_ITO.blue : OKABE_ITO.green,
          stroke: PAGE.background,
          strokeWidth: 0.5,
          insetLeft: 0,
          insetRight: 0,
        },
      ),
      Plot.ruleY([0], { stroke: FRAME }),
      Plot.axisX({ ...text, label: kind, labelOffset: 36, ticks: 5, tickSize: 4 }),
      Plot.axisY({
        ...text,
        label: 'count',
        labelOffset: marginLeft - 4,
        ticks: counts,
        tickSize: 4,
        tickFormat: formatCount,
      }),
    ],
  })
  return heading(panel, x, y, width) + placePlot(plot, x, y + PANEL.header)
}

function heading(
  { title, histogram: { skipped, mean, deviation }, size }: Panel,
  x: number,
  y: number,
  width: number,
): string {
  const left = skipped > 0 ? `, ${formatCount(skipped)} of ${formatCount(size)} not finite` : ''
  const moments = `mean ${formatValue(mean)}, standard deviation ${formatValue(deviation)}`
  const statistics = skipped === size ? 'no finite value' : `${moments}${left}`
  return (
    textAt(x, y + 12, fitText(title, width, FONT_SIZE.panel, true), { size: FONT_SIZE.panel, bold: true }) +
    textAt(x, y + 28, fitText(statistics, width, FONT_SIZE.note), { size: FONT_SIZE.note, fill: MUTED })
  )
}
