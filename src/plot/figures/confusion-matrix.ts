import type { Markish } from '@observablehq/plot'
import { checkingAsync, integerInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { colourBar, colourBarWidth } from '../marks/colour-bar.js'
import { readableOn, sequential } from '../page/colour.js'
import type { Figure } from '../page/figure.js'
import { loadDrawing, type PlotModule } from '../page/libraries.js'
import { composePage, placePlot } from '../page/page.js'
import { cleanText, fitText, formatCount, formatShare, textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, MUTED, PAGE } from '../page/theme.js'

export interface ConfusionMatrixOptions {
  readonly title?: string
  readonly subtitle?: string
  /** one name for each class, in the order of the matrix (default the class numbers) */
  readonly classNames?: readonly string[]
}

interface Cell {
  readonly actual: number
  readonly predicted: number
  readonly count: number
  readonly fill: string
}

const MAX_NAME_WIDTH = 110
const RECALL_WIDTH = 62
const BAR_GAP = 22

/** Counts of confusion[actual][predicted], shaded by their share of the row, with the recall of each class. */
export async function confusionMatrixFigure(
  confusion: readonly (readonly number[])[],
  options: ConfusionMatrixOptions = {},
): Promise<Figure> {
  return await checkingAsync('confusionMatrixFigure', () => draw(confusion, options))
}

async function draw(confusion: readonly (readonly number[])[], options: ConfusionMatrixOptions): Promise<Figure> {
  knownOptions('options', options, ['title', 'subtitle', 'classNames'])
  checkConfusion(confusion)
  const names = checkNames(options.classNames, confusion.length)
  const classes = confusion.length
  const cellSize = Math.round(Math.min(46, Math.max(8, 520 / classes)))
  const marginLeft = Math.ceil(34 + Math.max(...names.map((name) => textWidth(name, FONT_SIZE.tick))))
  const turned = names.some((name) => textWidth(name, FONT_SIZE.tick) > cellSize - 4)
  const marginBottom = turned ? marginLeft : 44
  const side = cellSize * classes
  const { Plot, document } = await loadDrawing()
  const width = marginLeft + side + RECALL_WIDTH
  const height = 20 + side + marginBottom
  const plot = Plot.plot({
    document,
    width,
    height,
    marginLeft,
    marginRight: RECALL_WIDTH,
    marginTop: 20,
    marginBottom,
    x: { type: 'band', domain: names.map((_, i) => i), padding: 0, label: null },
    y: { type: 'band', domain: names.map((_, i) => i), padding: 0, label: null },
    marks: [
      ...cellMarks(Plot, confusion, cellSize),
      ...axisMarks(Plot, names, { cellSize, marginLeft, marginBottom, turned }),
      ...recallMarks(Plot, confusion),
    ],
  })
  const bar = shareBar(side)
  return composePage({
    title: options.title ?? 'Confusion matrix',
    subtitle: options.subtitle ?? summary(confusion),
    notes: [
      'Cells: number of rows. Shade: share of the actual class, on a square-root scale that makes rare errors visible.',
    ],
    body: placePlot(plot, 0, 0) + colourBar(bar, width + BAR_GAP, 20),
    bodyWidth: width + BAR_GAP + colourBarWidth(bar),
    bodyHeight: height,
  })
}

function checkConfusion(confusion: readonly (readonly number[])[]): void {
  if (!Array.isArray(confusion) || confusion.length === 0) {
    throw invalidArgument('confusion', 'a square matrix of counts with at least one class', confusion)
  }
  confusion.forEach((row, actual) => {
    if (!Array.isArray(row) || row.length !== confusion.length) {
      throw invalidArgument(`confusion[${actual}]`, `a row of ${confusion.length} counts`, row)
    }
    row.forEach((count, predicted) => {
      integerInRange(`confusion[${actual}][${predicted}]`, count, 0)
    })
  })
}

/** Names as printed, shortened to fit the margin. */
function checkNames(names: readonly string[] | undefined, classes: number): string[] {
  if (names === undefined) return Array.from({ length: classes }, (_, i) => String(i))
  if (!Array.isArray(names) || names.length !== classes) {
    throw invalidArgument('options.classNames', `${classes} names`, names)
  }
  return Array.from(names, (name, i) => {
    if (typeof name !== 'string') throw invalidArgument(`options.classNames[${i}]`, 'a string', name)
    return fitText(cleanText(name), MAX_NAME_WIDTH, FONT_SIZE.tick)
  })
}

function cellMarks(Plot: PlotModule, confusion: readonly (readonly number[])[], cellSize: number): Markish[] {
  const cells = confusion.flatMap((row, actual): Cell[] => {
    const total = sum(row)
    return row.map((count, predicted) => {
      const fill = count === 0 ? PAGE.background : sequential(shade(count / total))
      return { actual, predicted, count, fill }
    })
  })
  const at = { x: 'predicted', y: 'actual' }
  const widest = Math.max(...cells.map(({ count }) => textWidth(String(count), FONT_SIZE.cell)))
  const fontSize = Math.min(FONT_SIZE.cell, Math.floor(((cellSize - 4) * FONT_SIZE.cell) / widest))
  const readable = cellSize >= 14 && fontSize >= 6
  return [
    Plot.cell(cells, { ...at, fill: 'fill', stroke: FRAME, strokeWidth: 0.5 }),
    readable
      ? Plot.text(cells, {
          ...at,
          text: (cell: Cell) => String(cell.count),
          fill: (cell: Cell) => (cell.count === 0 ? FRAME : readableOn(cell.fill)),
          fontSize,
        })
      : null,
  ]
}

/** Position on the colour ramp; the smallest share above zero is visible. */
function shade(share: number): number {
  return 0.04 + 0.96 * Math.sqrt(share)
}

interface AxisPlace {
  readonly cellSize: number
  readonly marginLeft: number
  readonly marginBottom: number
  readonly turned: boolean
}

function axisMarks(Plot: PlotModule, names: readonly string[], place: AxisPlace): Markish[] {
  const every = Math.ceil((FONT_SIZE.tick + 1) / place.cellSize)
  const ticks = names.map((_, i) => i).filter((i) => i % every === 0)
  const common = {
    ticks,
    tickSize: 0,
    fontSize: FONT_SIZE.tick,
    labelArrow: 'none' as const,
    labelAnchor: 'center' as const,
    tickFormat: (i: number) => names[i],
  }
  const turn = place.turned ? { tickRotate: -90 } : {}
  return [
    Plot.axisX({ ...common, ...turn, label: 'predicted class', labelOffset: place.marginBottom - 6 }),
    Plot.axisY({ ...common, label: 'actual class', labelOffset: place.marginLeft - 4 }),
  ]
}

function recallMarks(Plot: PlotModule, confusion: readonly (readonly number[])[]): Markish[] {
  if (confusion.length > 40) return []
  const last = confusion.length - 1
  const recalls = confusion.map((row, actual) => ({ actual, x: last, text: recallText(row, actual) }))
  const text = { fontSize: FONT_SIZE.tick, textAnchor: 'end' as const, frameAnchor: 'right' as const, dx: 52 }
  return [
    Plot.text(recalls, { ...text, y: 'actual', text: 'text' }),
    Plot.text(['recall'], { ...text, frameAnchor: 'top-right', dy: -16, fill: MUTED, text: (d: string) => d }),
  ]
}

function recallText(row: readonly number[], actual: number): string {
  const total = sum(row)
  return total === 0 ? '–' : formatShare(row[actual] / total)
}

function summary(confusion: readonly (readonly number[])[]): string {
  const right = sum(confusion.map((row, i) => row[i]))
  const total = sum(confusion.map(sum))
  const share = total === 0 ? '' : ` (accuracy ${formatShare(right / total)})`
  return `${formatCount(right)} of ${formatCount(total)} rows correct${share}`
}

function shareBar(side: number) {
  const shares = side >= 160 ? [0.01, 0.1, 0.25, 0.5, 1] : [0.1, 1]
  return {
    height: Math.min(260, Math.max(60, side)),
    colour: (t: number) => sequential(0.04 + 0.96 * t),
    ticks: shares.map((share) => ({ at: Math.sqrt(share), label: `${share * 100} %` })),
    title: 'share of row',
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
