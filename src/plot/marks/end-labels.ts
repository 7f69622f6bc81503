import type { RenderFunction } from '@observablehq/plot'
import { round } from '../page/page.js'
import { svgElement } from '../page/svg.js'
import { textWidth } from '../page/text.js'
import { FONT_SIZE } from '../page/theme.js'

export interface EndLabel {
  /** data coordinates of the end of the line */
  readonly x: number
  readonly y: number
  readonly text: string
  readonly colour: string
}

const LABEL_LINE = FONT_SIZE.label + 4
const LEADER = 16

/** Width in pixels that end labels need to the right of the frame. */
export function endLabelsWidth(labels: readonly EndLabel[]): number {
  return LEADER + 6 + Math.max(0, ...labels.map(({ text }) => textWidth(text, FONT_SIZE.label)))
}

/** A label at the end of each line with a leader to it, dotted where it is long; labels that would overlap are moved apart. */
export function endLabels(labels: readonly EndLabel[]): RenderFunction {
  return (_index, scales, _values, dimensions, context) => {
    const group = svgElement(context.document, 'g', { 'aria-label': 'line labels', 'text-anchor': 'start' })
    const right = dimensions.width - dimensions.marginRight
    const wanted = labels.map((label) => Number(scales.y!(label.y)))
    const placed = spread(wanted, LABEL_LINE, dimensions.marginTop, dimensions.height - dimensions.marginBottom)
    labels.forEach(({ x, text, colour }, i) => {
      const from = round(Number(scales.x!(x)))
      const path = `M${from},${round(wanted[i])}L${right + 2},${round(wanted[i])}L${right + LEADER},${round(placed[i])}`
      const dashes = right - from > 4 ? '1,4' : 'none'
      const attributes = { d: path, fill: 'none', stroke: colour, 'stroke-opacity': 0.6, 'stroke-dasharray': dashes }
      group.append(svgElement(context.document, 'path', attributes))
      const at = { x: right + LEADER + 4, y: round(placed[i] + FONT_SIZE.label * 0.36), fill: colour }
      group.append(svgElement(context.document, 'text', { ...at, 'font-size': FONT_SIZE.label }, text))
    })
    return group
  }
}

/**
 * Positions near `wanted` that are at least `distance` apart and between `low` and `high`; beyond `high` when there are too
 * many.
 */
export function spread(wanted: readonly number[], distance: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b)
  const placed = [...wanted]
  const last = order.length - 1
  for (let pass = 0; pass < 20; pass++) {
    for (let i = 1; i <= last; i++) {
      const gap = placed[order[i]] - placed[order[i - 1]]
      if (gap >= distance) continue
      placed[order[i]] += (distance - gap) / 2
      placed[order[i - 1]] -= (distance - gap) / 2
    }
  }
  for (let i = last; i >= 0; i--) {
    placed[order[i]] = Math.min(placed[order[i]], i === last ? high : placed[order[i + 1]] - distance)
  }
  for (let i = 0; i <= last; i++) {
    placed[order[i]] = Math.max(placed[order[i]], i === 0 ? low : placed[order[i - 1]] + distance)
  }
  return placed
}
