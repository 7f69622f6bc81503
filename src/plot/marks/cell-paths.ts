import { round } from '../page/page.js'

/** Path of 45 degree lines that fill a rectangle, clipped to it (an SVG pattern would need an id). */
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

/** Path of the rising diagonal of a rectangle. */
export function slashPath(x: number, y: number, width: number, height: number): string {
  return `M${round(x)},${round(y + height)}L${round(x + width)},${round(y)}`
}
