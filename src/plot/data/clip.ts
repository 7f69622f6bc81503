/** A point in data coordinates; NaN where a line has a gap. */
export interface PlanePoint {
  readonly x: number
  readonly y: number
}

type Range = readonly [low: number, high: number]

const GAP: PlanePoint = { x: Number.NaN, y: Number.NaN }

/** The parts of a line inside a rectangle, with gaps between them: an SVG clip path would need an id. */
export function clipLine(points: readonly PlanePoint[], xs: Range, ys: Range): PlanePoint[] {
  const clipped: PlanePoint[] = []
  for (let i = 1; i < points.length; i++) {
    const part = clipSegment(points[i - 1], points[i], xs, ys)
    if (part === null) continue
    const last = clipped.at(-1)
    const [from, to] = part
    if (last?.x !== from.x || last.y !== from.y) clipped.push(...(last ? [GAP] : []), from)
    clipped.push(to)
  }
  return clipped
}

/** Liang and Barsky's: the part of a segment inside the rectangle, null if there is none. */
function clipSegment(a: PlanePoint, b: PlanePoint, xs: Range, ys: Range): [PlanePoint, PlanePoint] | null {
  let [enter, leave] = [0, 1]
  for (const [start, end, [low, high]] of [[a.x, b.x, xs] as const, [a.y, b.y, ys] as const]) {
    const length = end - start
    if (length === 0) {
      if (start < low || start > high) return null
      continue
    }
    const [near, far] = length > 0 ? [low, high] : [high, low]
    enter = Math.max(enter, (near - start) / length)
    leave = Math.min(leave, (far - start) / length)
  }
  if (enter > leave) return null
  const at = (t: number) => (t === 0 ? a : t === 1 ? b : { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) })
  return [at(enter), at(leave)]
}

/** Without points nearer than `dx` and `dy` to the one kept before them; the last one stays. */
export function thinLine(points: readonly PlanePoint[], dx: number, dy: number): PlanePoint[] {
  let kept = points[0]
  return points.filter((point, i) => {
    const isNear = Math.abs(point.x - kept?.x) < dx && Math.abs(point.y - kept.y) < dy
    if (i > 0 && i < points.length - 1 && isNear) return false
    kept = point
    return true
  })
}
