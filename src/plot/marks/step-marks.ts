import type { RenderFunction } from '@observablehq/plot'
import type { StepMark } from '../data/history.js'
import { round } from '../page/page.js'
import { halo, svgElement } from '../page/svg.js'
import { textWidth } from '../page/text.js'
import { FONT_SIZE, PAGE } from '../page/theme.js'

const MARK_LINE = FONT_SIZE.note + 5

/** Height in pixels that the labels of vertical marks need above the frame. */
export function stepMarksHeight(marks: readonly StepMark[]): number {
  return marks.length * MARK_LINE
}

/** A dashed vertical line per mark, its label above the frame, clear of the curves. */
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
