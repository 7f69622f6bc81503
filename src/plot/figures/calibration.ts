import { checkingAsync, finiteInRange, integerInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { ReliabilityBin } from '../../core/results.js'
import type { Figure } from '../page/figure.js'
import { type Drawing, loadDrawing } from '../page/libraries.js'
import { composePage, placePlot } from '../page/page.js'
import { formatCount, formatShare, textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, GREY, GRID, OKABE_ITO } from '../page/theme.js'

export interface CalibrationOptions {
  readonly title?: string
  readonly subtitle?: string
}

type FilledBin = ReliabilityBin & { readonly confidence: number; readonly accuracy: number }

const SIDE = 400
const COUNTS = 110
const MARGIN = { top: 12, right: 14, bottom: 46 } as const
const AXIS = {
  ...{ fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, labelAnchor: 'center' as const },
  tickSize: 4,
}

/**
 * Reliability diagram: the accuracy of the predictions of each bin against their mean confidence, and below it the rows of each
 * bin. Of a calibrated classifier the points lie on the diagonal, of an overconfident one below it.
 *
 * @param bins as `reliabilityBins` computes them
 * @throws NativeMlpError `INVALID_ARGUMENT` if no bin has a row, or shares lie outside 0..1
 */
export async function calibrationFigure(
  bins: readonly ReliabilityBin[],
  options: CalibrationOptions = {},
): Promise<Figure> {
  return await checkingAsync('calibrationFigure', () => draw(bins, options))
}

async function draw(bins: readonly ReliabilityBin[], options: CalibrationOptions): Promise<Figure> {
  knownOptions('options', options, ['title', 'subtitle'])
  const filled = checkBins(bins)
  const drawing = await loadDrawing()
  const most = Math.max(...filled.map(({ count }) => count))
  const left = Math.max(58, Math.ceil(34 + textWidth(formatCount(most), FONT_SIZE.tick)))
  const upper = MARGIN.top + SIDE + 24
  const width = left + SIDE + MARGIN.right
  return composePage({
    title: options.title ?? 'Calibration',
    subtitle: options.subtitle,
    notes: [
      summary(filled, bins.length),
      'Red: accuracy minus confidence. Dashed: a calibrated classifier. Rows on a square-root scale.',
    ],
    body:
      placePlot(accuracies(filled, left, width, upper, drawing), 0, 0) +
      placePlot(counts(filled, most, left, width, drawing), 0, upper),
    bodyWidth: width,
    bodyHeight: upper + COUNTS + MARGIN.bottom,
  })
}

function checkBins(bins: readonly ReliabilityBin[]): FilledBin[] {
  if (!Array.isArray(bins)) throw invalidArgument('bins', 'an array of bins', bins)
  bins.forEach((bin, b) => {
    const { count, from, to, confidence, accuracy } = Object(bin) as ReliabilityBin
    integerInRange(`bins[${b}].count`, count, 0)
    const shares = { from, to, ...(count > 0 && { confidence, accuracy }) }
    for (const [key, share] of Object.entries(shares)) finiteInRange(`bins[${b}].${key}`, share, 0, 1)
  })
  const filled = bins.filter(({ count }) => count > 0) as FilledBin[]
  if (filled.length === 0) throw invalidArgument('bins', 'at least one with a row', bins)
  return filled
}

function accuracies(bins: readonly FilledBin[], marginLeft: number, width: number, height: number, drawing: Drawing) {
  const { Plot, document } = drawing
  const diagonal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ]
  return Plot.plot({
    document,
    ...{ width, height, marginLeft, marginRight: MARGIN.right, marginTop: MARGIN.top, marginBottom: 24 },
    x: { domain: [0, 1], label: null },
    y: { domain: [0, 1], label: null },
    marks: [
      Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks: 6 }),
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: 6 }),
      Plot.rect(bins, {
        x1: 'from',
        x2: 'to',
        y1: 0,
        y2: 'accuracy',
        fill: OKABE_ITO.skyBlue,
        fillOpacity: 0.35,
        inset: 0.5,
      }),
      Plot.frame({ stroke: FRAME }),
      Plot.line(diagonal, { x: 'x', y: 'y', stroke: GREY, strokeDasharray: '4,4' }),
      Plot.link(bins, {
        ...{ x1: 'confidence', x2: 'confidence', y1: 'confidence', y2: 'accuracy' },
        ...{ stroke: OKABE_ITO.vermillion, strokeWidth: 2 },
      }),
      Plot.dot(bins, { x: 'confidence', y: 'accuracy', fill: OKABE_ITO.blue, r: 3.5 }),
      Plot.axisX({ ...AXIS, ticks: 6, label: null, tickFormat: () => '' }),
      Plot.axisY({ ...AXIS, ticks: 6, label: 'accuracy', labelOffset: marginLeft - 4 }),
    ],
  })
}

function counts(bins: readonly FilledBin[], most: number, marginLeft: number, width: number, drawing: Drawing) {
  const { Plot, document } = drawing
  const ticks = [0, ...[0.1, 0.4, 1].map((share) => Math.round(share * most))]
  return Plot.plot({
    document,
    ...{ width, height: COUNTS + MARGIN.bottom, marginLeft, marginRight: MARGIN.right },
    ...{ marginTop: 4, marginBottom: MARGIN.bottom },
    x: { domain: [0, 1], label: null },
    y: { type: 'sqrt', domain: [0, most], label: null },
    marks: [
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: [...new Set(ticks)] }),
      Plot.rect(bins, { x1: 'from', x2: 'to', y1: 0, y2: 'count', fill: OKABE_ITO.blue, inset: 0.5 }),
      Plot.ruleY([0], { stroke: FRAME }),
      Plot.axisX({ ...AXIS, ticks: 6, label: 'confidence (probability of the predicted class)', labelOffset: 40 }),
      Plot.axisY({
        ...AXIS,
        ...{ ticks: [...new Set(ticks)], label: 'rows', labelOffset: marginLeft - 4, tickFormat: formatCount },
      }),
    ],
  })
}

function summary(bins: readonly FilledBin[], all: number): string {
  const rows = bins.reduce((sum, { count }) => sum + count, 0)
  const error = bins.reduce((sum, { count, accuracy, confidence }) => sum + count * Math.abs(accuracy - confidence), 0)
  const of = `${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'} in ${all} ${all === 1 ? 'bin' : 'bins'}`
  return `Expected calibration error ${formatShare(error / rows)}: the mean distance from the diagonal over ${of}.`
}
