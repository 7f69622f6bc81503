import type { RenderFunction } from '@observablehq/plot'
import type { StepMark } from '../data/history.js'
import { round } from '../page/page.js'
import { cleanText, textWidth } from '../page/text.js'
import { FONT_SIZE, PAGE } from '../page/theme.js'

/** Marks that Plot lacks, as render functions: they see the pixel scales, so labels can avoid each other. */

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

/** A label at the end of each line, moved apart where they would overlap, with a leader to its line (dotted where it is long: no data). */
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
 * Positions as near to `wanted` as keeps them `distance` apart and between `low` and `high` (more room is taken
 * below when there are too many).
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

const MARK_LINE = FONT_SIZE.note + 5

/** Height in pixels that the labels of vertical marks need above the frame. */
export function stepMarksHeight(marks: readonly StepMark[]): number {
  return marks.length * MARK_LINE
}

/** A dashed vertical line per mark, its label above the frame where no curve can run through it. */
export function stepMarks(marks: readonly StepMark[]): RenderFunction {
  return (_index, scales, _values, dimensions, context) => {
    const group = svgElement(context.document, 'g', { 'aria-label': 'step marks' })
    const bottom = dimensions.height - dimensions.marginBottom
    const right = dimensions.width - dimensions.marginRight
    const labels: SVGElement[] = []
    const rows = [...marks].sort((a, b) => a.x - b.x)
    rows.forEach(({ x, text, colour }, row) => {
      const at = round(Number(scales.x!(x)))
      const baseline = dimensions.marginTop - 6 - (rows.length - 1 - row) * MARK_LINE
      const top = baseline - FONT_SIZE.note + 2
      const line = { d: `M${at},${bottom}V${top}`, stroke: colour, 'stroke-dasharray': '4,3', fill: 'none' }
      group.append(svgElement(context.document, 'path', line))
      const fits = at + 5 + textWidth(text, FONT_SIZE.note) <= right
      const place = { x: fits ? at + 5 : at - 5, y: baseline, 'text-anchor': fits ? 'start' : 'end' }
      const style = { fill: colour, 'font-size': FONT_SIZE.note, ...halo(PAGE.background) }
      labels.push(svgElement(context.document, 'text', { ...place, ...style }, text))
    })
    group.append(...labels)
    return group
  }
}

/** Attributes that keep text readable across lines. */
export function halo(colour: string) {
  return { stroke: colour, 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' }
}

/** Path of 45 degree lines that fill a rectangle, cut at its edges (a pattern would need an id). */
export function hatchPath(x: number, y: number, width: number, height: number, spacing = 7): string {
  let path = ''
  for (let c = spacing; c < width + height; c += spacing) {
    const startX = Math.max(0, c - height)
    const endX = Math.min(c, width)
    path += `M${round(x + startX)},${round(y + c - startX)}L${round(x + endX)},${round(y + c - endX)}`
  }
  return path
}

/** Path of the two diagonals of a rectangle. */
export function crossPath(x: number, y: number, width: number, height: number): string {
  const [left, top, right, bottom] = [x, y, x + width, y + height].map(round)
  return `M${left},${top}L${right},${bottom}M${left},${bottom}L${right},${top}`
}

/** Path of the diagonal of a rectangle that rises. */
export function slashPath(x: number, y: number, width: number, height: number): string {
  return `M${round(x)},${round(y + height)}L${round(x + width)},${round(y)}`
}

export function svgElement(
  document: Document,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name) as SVGElement
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  if (text !== undefined) element.textContent = cleanText(text)
  return element
}
