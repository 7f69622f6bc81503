import type { Point } from './history.js'

/** Cuts a curve where it crosses the floor: an SVG clip path would need an id. */
export function cutBelow(points: readonly Point[], floor: number): Point[] {
  const cut: Point[] = []
  points.forEach((point, i) => {
    const previous = points[i - 1]
    if (previous && previous.value < floor !== point.value < floor) {
      const share = (floor - previous.value) / (point.value - previous.value)
      if (Number.isFinite(share)) cut.push({ step: previous.step + share * (point.step - previous.step), value: floor })
    }
    cut.push(point.value < floor ? { step: point.step, value: Number.NaN } : point)
  })
  return cut
}

/** Cuts a curve where it leaves the range. */
export function cutOutside(points: readonly Point[], [low, high]: readonly [number, number]): Point[] {
  const negated = (list: readonly Point[]) => list.map(({ step, value }) => ({ step, value: -value }))
  return negated(cutBelow(negated(cutBelow(points, low)), -high))
}
