import type { RenderFunction } from '@observablehq/plot'
import type { BackgroundLine, Point } from '../data/history.js'
import { round } from '../page/page.js'
import { svgElement } from '../page/svg.js'

/** More points than this are finer than the pixels. */
const MAX_POINTS = 400
const CROSS = 3

/** Unlabelled lines behind the labelled ones, each a single path. */
export function backgroundLines(lines: readonly BackgroundLine[]): RenderFunction {
  return (_index, scales, _values, _dimensions, context) => {
    const group = svgElement(context.document, 'g', { 'aria-label': 'other lines', fill: 'none' })
    const at = ({ step, value }: Point) => [round(Number(scales.x!(step))), round(Number(scales.y!(value)))] as const
    for (const { points, colour, opacity, width, dashes, end } of lines) {
      const style: Record<string, string | number> = {
        stroke: colour,
        'stroke-opacity': opacity,
        'stroke-width': width,
      }
      if (dashes !== undefined) style['stroke-dasharray'] = dashes
      group.append(svgElement(context.document, 'path', { d: linePath(thinned(points).map(at)), ...style }))
      const last = points[points.length - 1]
      if (Number.isNaN(last.value)) continue
      const [x, y] = at(last)
      if (end === 'dot') {
        group.append(svgElement(context.document, 'circle', { cx: x, cy: y, r: 2.4, fill: colour }))
      } else if (end === 'cross') {
        const d = `M${x - CROSS},${y - CROSS}l${2 * CROSS},${2 * CROSS}m0,${-2 * CROSS}l${-2 * CROSS},${2 * CROSS}`
        group.append(svgElement(context.document, 'path', { d, stroke: colour, 'stroke-width': 1.5 }))
      }
    }
    return group
  }
}

function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MAX_POINTS)
  return every === 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1)
}

/** A NaN leaves a gap; an isolated point becomes a short stroke, as a path of one point is invisible. */
function linePath(points: readonly (readonly [number, number])[]): string {
  const drawn = (i: number) => points[i] !== undefined && !Number.isNaN(points[i][1])
  return points
    .map(([x, y], i) => {
      if (!drawn(i)) return ''
      if (drawn(i - 1)) return `L${x},${y}`
      return drawn(i + 1) ? `M${x},${y}` : `M${x - 1},${y}h2`
    })
    .join('')
}
