import { competingValue, type DrawnTrial } from '../data/drawn-trial.js'
import { round } from '../page/page.js'
import { GREY, PAGE } from '../page/theme.js'
import { BEST, type DrawnAxis, lineColour, type Parallel } from './parallel-marks.js'

/** Grey lines first, then from the worst to the best. */
export function trialLines(worstFirst: readonly DrawnTrial[], axes: readonly DrawnAxis[], parallel: Parallel): string {
  const { metric, scale, best } = parallel
  const opacity = round(Math.min(0.9, Math.max(0.25, 0.9 * Math.sqrt(40 / worstFirst.length))))
  const width = worstFirst.length > 150 ? 1 : worstFirst.length > 40 ? 1.4 : 1.8
  const paths = worstFirst.map((trial, t) => {
    const d = path(axes.map(({ x, ys }) => [x, ys[t]] as const))
    const value = competingValue(trial, metric)
    if (trial === best) {
      const edge = `<path d="${d}" stroke="${PAGE.background}" stroke-width="6"/>`
      return `${edge}<path d="${d}" stroke="${BEST}" stroke-width="3"/>`
    }
    if (!Number.isNaN(value)) {
      const stroke = `stroke="${lineColour(scale!.share(value))}" stroke-opacity="${opacity}"`
      return `<path d="${d}" ${stroke} stroke-width="${width}"/>`
    }
    const dashes = {
      pruned: '',
      completed: '',
      collapsed: ' stroke-dasharray="6,3"',
      failed: ' stroke-dasharray="1.5,3"',
    }
    return `<path d="${d}" stroke="${GREY}" stroke-opacity="${round(0.75 * opacity)}" stroke-width="1"${dashes[trial.state]}/>`
  })
  return `<g aria-label="trials" fill="none">${paths.join('')}</g>`
}

/** Leaves and meets each axis at a right angle, which keeps lines apart that cross. */
function path(points: readonly (readonly [number, number])[]): string {
  return points
    .map(([x, y], i) => {
      if (i === 0) return `M${round(x)},${round(y)}`
      const [fromX, fromY] = points[i - 1]
      const [a, b] = [fromX + 0.45 * (x - fromX), fromX + 0.55 * (x - fromX)]
      return `C${round(a)},${round(fromY)},${round(b)},${round(y)},${round(x)},${round(y)}`
    })
    .join('')
}
