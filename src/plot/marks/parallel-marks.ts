import type { DrawnTrial } from '../data/drawn-trial.js'
import type { MetricScale } from '../data/metric-scale.js'
import type { ParameterAxis } from '../data/parameter-axis.js'
import type { SearchMetric } from '../data/trial-metric.js'
import { type Ramp, sequential } from '../page/colour.js'
import { round } from '../page/page.js'
import { OKABE_ITO } from '../page/theme.js'
import type { AxisHeights } from './parallel-layout.js'

/** What the parts of a drawing of parallel coordinates have in common. */

export interface Parallel {
  readonly axes: readonly ParameterAxis[]
  /** the best first, those that do not compete last */
  readonly ranked: readonly DrawnTrial[]
  readonly best: DrawnTrial | null
  readonly metric: SearchMetric
  /** null when no trial competes */
  readonly scale: MetricScale | null
  /** of an axis, in pixels */
  readonly height: number
}

/** An axis as it is drawn, with where each trial crosses it. */
export interface DrawnAxis {
  readonly x: number
  readonly ys: readonly number[]
  readonly bands: ReadonlyMap<number, number>
}

/** Pixels between axes. */
export const GAP = { least: 104, most: 230 } as const
export const LABEL_GAP = 8
export const LABEL_DISTANCE = 14
export const BEST = OKABE_ITO.vermillion
export const AXIS = '#777777'

/** Light enough to lie behind, dark enough to be seen on white. */
export const lineColour: Ramp = (t) => sequential(0.28 + 0.67 * t)

export function axisLine(x: number, { top, bottom }: AxisHeights): string {
  return `<path d="M${x},${top}V${bottom}" stroke="${AXIS}"/>`
}

/** Says that what crosses here has one value. */
export function band(x: number, y: number, half: number): string {
  return `<path d="M${x},${round(y - half - 1.5)}V${round(y + half + 1.5)}" stroke="${AXIS}" stroke-width="3" stroke-linecap="round"/>`
}
