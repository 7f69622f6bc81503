import type { Markish } from '@observablehq/plot'
import { type BackgroundLine, isolatedPoints, type Point } from '../data/history.js'
import type { PlotModule } from '../page/libraries.js'

/** More points than this are finer than the pixels. */
const MAX_POINTS = 400

/** Unlabelled lines behind the labelled ones, with a mark at the ends of pruned and failed trials. */
export function backgroundLines(Plot: PlotModule, lines: readonly BackgroundLine[]): Markish[] {
  const styles = new Map<string, BackgroundLine[]>()
  for (const line of lines) {
    const key = JSON.stringify([line.colour, line.opacity, line.width, line.dashes])
    styles.set(key, [...(styles.get(key) ?? []), line])
  }
  const at = { x: 'step', y: 'value' }
  const ends = (kind: BackgroundLine['end']) =>
    lines.filter(({ end }) => end === kind).map(({ points, colour }) => ({ ...points[points.length - 1], colour }))
  return [
    ...[...styles.values()].map((group) => {
      const [{ colour, opacity, width, dashes }] = group
      const points = group.flatMap(({ points }, line) => thinned(points).map((point) => ({ ...point, line })))
      const style = { stroke: colour, strokeOpacity: opacity, strokeWidth: width, strokeDasharray: dashes }
      return Plot.line(points, { ...at, z: 'line', strokeLinecap: 'butt', ...style })
    }),
    Plot.dot(
      lines.flatMap(({ points, colour }) => isolatedPoints(points).map((point) => ({ ...point, colour }))),
      { ...at, fill: 'colour', r: 1.3 },
    ),
    Plot.dot(ends('dot'), { ...at, fill: 'colour', r: 2.4 }),
    Plot.dot(ends('cross'), { ...at, stroke: 'colour', symbol: 'times', r: 4 }),
  ]
}

function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MAX_POINTS)
  return every === 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1)
}
