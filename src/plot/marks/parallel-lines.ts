import type { Markish } from '@observablehq/plot'
import type { Crossings } from '../data/crossings.js'
import type { DrawnTrial } from '../data/drawn-trial.js'
import type { ParallelAxis } from '../data/parameter-axis.js'
import { type Ramp, sequential } from '../page/colour.js'
import type { PlotModule } from '../page/libraries.js'
import { round } from '../page/page.js'
import { GREY, OKABE_ITO, PAGE } from '../page/theme.js'

/** What parallel coordinates show. */
export interface Parallel {
  /** those of the parameters, then that of the metric */
  readonly axes: readonly ParallelAxis[]
  /** trials without a score first, then from the worst to the best */
  readonly worstFirst: readonly DrawnTrial[]
  readonly best: DrawnTrial | null
  /** of the metric, from the worst, 0, to the best, 1; NaN without a score */
  readonly shareOf: (trial: DrawnTrial) => number
  /** whether the metric differs among trials, so that its axis is a colour ramp */
  readonly hasRamp: boolean
  /** of an axis, in pixels */
  readonly height: number
}

/** Where a trial's line crosses an axis. */
interface Crossing {
  /** index of the trial and of the axis */
  readonly line: number
  readonly x: number
  readonly y: number
  readonly trial: DrawnTrial
}

export const BEST = OKABE_ITO.vermillion

/** Without the lightest colours, which are invisible on white, and the darkest. */
export const lineColour: Ramp = (t) => sequential(0.28 + 0.67 * t)

const DASHES: Partial<Record<DrawnTrial['state'], string>> = { collapsed: '6,3', failed: '1.5,3' }

/** Grey lines for trials without a score, coloured ones from the worst to the best above them, the best on top. */
export function lineMarks(Plot: PlotModule, parallel: Parallel, crossed: readonly Crossings[]): Markish[] {
  const { worstFirst, best, shareOf } = parallel
  const crossings = worstFirst.flatMap((trial, line) =>
    crossed.map(({ heights }, x): Crossing => ({ line, x, y: heights[line], trial })),
  )
  const opacity = round(Math.min(0.9, Math.max(0.25, 0.9 * Math.sqrt(40 / worstFirst.length))))
  const lines = (which: (trial: DrawnTrial) => boolean, style: object) => {
    const shown = crossings.filter(({ trial }) => which(trial))
    // bump-x crosses each axis at a right angle, which keeps crossing lines distinguishable
    return shown.length > 0 ? Plot.line(shown, { x: 'x', y: 'y', z: 'line', curve: 'bump-x', ...style }) : null
  }
  const hasScore = (trial: DrawnTrial) => !Number.isNaN(shareOf(trial))
  const states = ['completed', 'pruned', 'collapsed', 'failed'] as const
  return [
    ...states.map((state) =>
      lines((trial) => trial.state === state && !hasScore(trial), {
        stroke: GREY,
        strokeOpacity: round(0.75 * opacity),
        strokeWidth: 1,
        strokeDasharray: DASHES[state],
        strokeLinecap: 'butt',
      }),
    ),
    lines((trial) => hasScore(trial) && trial !== best, {
      stroke: ({ trial }: Crossing) => lineColour(shareOf(trial)),
      strokeOpacity: opacity,
      strokeWidth: worstFirst.length > 150 ? 1 : worstFirst.length > 40 ? 1.4 : 1.8,
    }),
    lines((trial) => trial === best, { stroke: PAGE.background, strokeWidth: 6 }),
    lines((trial) => trial === best, { stroke: BEST, strokeWidth: 3 }),
  ]
}
