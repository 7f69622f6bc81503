import { checkingAsync, knownOptions, textOrNone } from '../../core/checks.js'
import { type DrawnTrial, stateNotes } from '../data/drawn-trial.js'
import { metricScale, worstLabel } from '../data/metric-scale.js'
import { layOutTrials, type TrialGrid } from '../data/trial-grid.js'
import { checkMetric, formatMetric, metricName, type SearchMetric } from '../data/trial-metric.js'
import { type ColourBar, colourBar, colourBarWidth } from '../marks/colour-bar.js'
import { type HeatmapLabels, type HeatmapScale, layOutPanels, PANEL_HEADER, tickText } from '../marks/heatmap-panels.js'
import { sequential } from '../page/colour.js'
import type { Figure } from '../page/figure.js'
import { loadDrawing } from '../page/libraries.js'
import { composePage } from '../page/page.js'
import { capitalise, formatCount, labelOf } from '../page/text.js'
import { FRAME } from '../page/theme.js'

export interface SearchHeatmapOptions {
  readonly title?: string
  readonly subtitle?: string
  /** parameter along x (default 'learningRate') */
  readonly x?: string
  /** parameter along y (default 'l2') */
  readonly y?: string
  /** parameter with one panel for each of its values, null for a single panel (default 'hidden') */
  readonly facet?: string | null
  /** default 'valid.accuracy' */
  readonly metric?: SearchMetric
  readonly xLabel?: string
  readonly yLabel?: string
  readonly facetLabel?: string
}

const OPTIONS = ['title', 'subtitle', 'x', 'y', 'facet', 'metric', 'xLabel', 'yLabel', 'facetLabel']
const BAR_GAP = 24

/**
 * Trials of a search as a heat map over two parameters, a panel for each value of a third. Cells carry their values; the
 * best completed trial is outlined, collapsed trials are hatched, failed ones crossed out, pruned ones struck out. A cell that
 * several trials share shows the best of them.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when there is no trial or a trial lacks one of the parameters
 */
export async function searchHeatmapFigure(
  trials: readonly DrawnTrial[],
  options: SearchHeatmapOptions = {},
): Promise<Figure> {
  return await checkingAsync('searchHeatmapFigure', () => draw(trials, options))
}

async function draw(trials: readonly DrawnTrial[], options: SearchHeatmapOptions): Promise<Figure> {
  knownOptions('options', options, OPTIONS)
  const metric = checkMetric(options.metric ?? 'valid.accuracy')
  for (const key of ['x', 'y', 'xLabel', 'yLabel', 'facetLabel'] as const) textOrNone(`options.${key}`, options[key])
  if (options.facet !== null) textOrNone('options.facet', options.facet)
  const keys = { x: options.x ?? 'learningRate', y: options.y ?? 'l2', facet: facetKey(options) }
  const grid = layOutTrials(trials, keys, metric)
  const labels = {
    x: options.xLabel ?? labelOf(keys.x),
    y: options.yLabel ?? labelOf(keys.y),
    facet: options.facetLabel ?? labelOf(keys.facet ?? ''),
  }
  const scale = colourScale(grid, metric)
  const drawing = await loadDrawing()
  const panels = layOutPanels(grid, labels, scale, drawing)
  const bar = scale.bar && { ...scale.bar, height: Math.min(160, Math.max(60, panels.height - 90)) }
  const barX = panels.width + BAR_GAP
  return composePage({
    title: options.title ?? `${capitalise(metricName(metric))} by ${labels.x} and ${labels.y}`,
    subtitle: options.subtitle ?? bestLine(grid, labels, keys.facet, scale.format, metric),
    notes: notes(grid),
    body: panels.body + (bar ? colourBar(bar, barX, PANEL_HEADER + 20) : ''),
    bodyWidth: bar ? barX + colourBarWidth(bar) : panels.width,
    bodyHeight: Math.max(panels.height, bar ? PANEL_HEADER + 30 + bar.height : 0),
  })
}

function facetKey({ facet }: SearchHeatmapOptions): string | null {
  return facet === undefined ? 'hidden' : facet
}

interface ColourScale extends HeatmapScale {
  /** undefined when all values are equal */
  readonly bar?: Omit<ColourBar, 'height'>
}

/** Dark is better. */
function colourScale({ cells }: TrialGrid, metric: SearchMetric): ColourScale {
  const scale = metricScale(
    cells.map((cell) => cell.value),
    metric,
  )
  const format = formatMetric(metric)
  if (scale === null) return { fill: () => FRAME, format }
  const { worst, best, share } = scale
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({
    at,
    label: at === 0 ? worstLabel(scale) : format(worst + at * (best - worst)),
  }))
  const colour = (t: number) => sequential(0.08 + 0.82 * Math.min(1, Math.max(0, t)))
  return {
    fill: (value) => colour(share(value)),
    format,
    bar: worst === best ? undefined : { colour, ticks, title: metricName(metric) },
  }
}

function bestLine(
  { best }: TrialGrid,
  labels: HeatmapLabels,
  facet: string | null,
  format: (value: number) => string,
  metric: SearchMetric,
): string {
  if (!best) return 'no trial completed'
  const place = [`${labels.x} ${tickText(best.x)}`, `${labels.y} ${tickText(best.y)}`]
  if (facet !== null) place.push(`${labels.facet} ${tickText(best.facet!)}`)
  return `best ${metricName(metric)} ${format(best.value)}: ${place.join(', ')}`
}

/** Explains only what the figure contains. */
function notes({ cells, best, perCell }: TrialGrid): string[] {
  const notes: string[] = []
  const shown = cells.map(({ trial }) => trial)
  if (best) notes.push('outlined: the best')
  notes.push(
    ...stateNotes(shown, [
      ['pruned', 'struck out'],
      ['collapsed', 'hatched'],
      ['failed', 'crossed out'],
    ]),
  )
  if (perCell > 1) notes.push(`each cell shows the best of up to ${formatCount(perCell)} trials`)
  return notes.length > 0 ? [`${capitalise(notes.join('; '))}.`] : []
}
