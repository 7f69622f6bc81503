import { type Crossings, crossings } from '../data/crossings.js'
import type { DrawnTrial } from '../data/drawn-trial.js'
import { type ParallelAxis, slotHeight } from '../data/parameter-axis.js'
import type { Drawing } from '../page/libraries.js'
import { placePlot } from '../page/page.js'
import { cleanText, textWidth, wrapText } from '../page/text.js'
import { FONT_SIZE, PAGE } from '../page/theme.js'
import { axisMarks, headingMarks, LABEL_GAP, type ParallelLayout, RAMP_WIDTH } from './parallel-axes.js'
import { lineMarks, type Parallel } from './parallel-lines.js'

const GAP = { least: 104, most: 230 } as const
const HEADING_LINE = 15
/** Pixels between an axis and its title, so that bands, which extend above the axes, do not touch it. */
const HEADING_GAP = 19
const MARGIN_BOTTOM = 12

/** The axes with the lines of the trials, in the units of the page's body. */
export function drawParallel(parallel: Parallel, { Plot, document }: Drawing) {
  const { axes, worstFirst, height } = parallel
  const layout = layOut(parallel)
  const { left, right, gap, header } = layout
  const crossed: Crossings[] = axes.map((axis) => crossings(worstFirst, axis))
  const slots = Math.max(...axes.map((axis) => axis.slots.length))
  const lowest = slots > 0 ? slotHeight(slots - 1) : 0
  const width = left + (axes.length - 1) * gap + right
  const plot = Plot.plot({
    document,
    width,
    height: header + height - lowest + MARGIN_BOTTOM,
    marginLeft: left,
    marginRight: right,
    marginTop: header,
    marginBottom: MARGIN_BOTTOM,
    axis: null,
    x: { type: 'linear', domain: [0, axes.length - 1] },
    y: { type: 'linear', domain: [lowest, height] },
    marks: [
      ...lineMarks(Plot, parallel, crossed),
      ...axisMarks(Plot, parallel, crossed, layout),
      ...headingMarks(Plot, layout, { top: height, gap: HEADING_GAP, line: HEADING_LINE }),
    ],
  })
  return { body: placePlot(plot, 0, 0), width, height: header + height - lowest + MARGIN_BOTTOM }
}

function layOut({ axes, best, hasRamp }: Parallel): ParallelLayout {
  const [first, last] = [axes[0], axes[axes.length - 1]]
  const firstWidth = Math.min(GAP.least - 26, widestLabel(first, best))
  const left = Math.ceil(Math.max(firstWidth + LABEL_GAP + 4, halfTitle(first)))
  const right = Math.ceil(
    Math.max((hasRamp ? RAMP_WIDTH : 0) + LABEL_GAP + widestLabel(last, best), halfTitle(last)) + 2,
  )
  const room = PAGE.width - 2 * PAGE.padding - left - right
  const gap = Math.floor(Math.min(GAP.most, Math.max(GAP.least, room / (axes.length - 1))))
  const headings = axes.map(({ title }) => wrapText(cleanText(title), gap - 14, FONT_SIZE.label, true))
  const header = HEADING_GAP + HEADING_LINE * Math.max(...headings.map((lines) => lines.length))
  return { left, right, gap, labelWidth: { first: firstWidth, other: gap - 26 }, headings, header }
}

/** The best trial's value may be longer than the ticks, and is bold. */
function widestLabel({ ticks, textOf }: ParallelAxis, best: DrawnTrial | null): number {
  const widths = ticks.map(({ label }) => textWidth(label, FONT_SIZE.tick))
  return Math.max(0, ...widths, best ? textWidth(textOf(best), FONT_SIZE.tick, true) : 0)
}

/** Pixels by which a title reaches beyond its axis; a long one is wrapped. */
function halfTitle({ title }: ParallelAxis): number {
  return Math.min(GAP.least, textWidth(title, FONT_SIZE.label, true)) / 2
}
