import { finiteInRange, integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { Collapse, HistoryEntry, SetMetrics } from '../../core/results.js'
import { formatCount } from '../page/text.js'
import { COLLAPSED, INK, SETS } from '../page/theme.js'

export interface Point {
  readonly step: number
  /** NaN where the curve has a gap */
  readonly value: number
}

export interface Series {
  readonly label: string
  readonly colour: string
  /** by step, ascending */
  readonly points: readonly Point[]
  /** the last point that is finite */
  readonly last: Point
  /** label at its end (default: label and last value) */
  readonly endText?: string
  /** points to mark (default: those of `dottedPoints`) */
  readonly dots?: readonly Point[]
  /** width of the line in pixels */
  readonly width?: number
}

/** An unlabelled line, below the labelled ones. */
export interface BackgroundLine {
  /** by step, ascending */
  readonly points: readonly Point[]
  readonly colour: string
  readonly opacity: number
  readonly width: number
  /** as for stroke-dasharray (default: solid) */
  readonly dashes?: string
  /** mark at its last point: a dot for a pruned, a cross for a failed trial */
  readonly end?: 'dot' | 'cross'
}

/** A step to mark by a vertical line. */
export interface StepMark {
  readonly x: number
  readonly text: string
  readonly colour: string
}

/** The curves of one metric, one for each set with a finite value. */
export function historySeries(history: readonly HistoryEntry[], metric: keyof SetMetrics): Series[] {
  if (!Array.isArray(history)) throw invalidArgument('history', 'an array of history entries', history)
  history.forEach((entry, i) => {
    integerInRange(`history[${i}].step`, entry?.step, 0)
  })
  const sorted = [...history].sort((a, b) => a.step - b.step)
  const series: Series[] = []
  for (const { key, label, colour } of SETS) {
    const evaluated = sorted.filter((entry) => entry[key] !== undefined)
    const points = evaluated.map((entry) => ({ step: entry.step, value: finiteOrNaN(entry[key]![metric]) }))
    const last = points.filter(({ value }) => !Number.isNaN(value)).at(-1)
    if (last) series.push({ label, colour, points, last })
  }
  if (series.length === 0) {
    throw invalidArgument('history', `at least one entry with a finite ${metric} of train, valid or test`, history)
  }
  return series
}

function finiteOrNaN(value = Number.NaN): number {
  return Number.isFinite(value) ? value : Number.NaN
}

/** Longer curves have no dots. */
const MAX_DOTS = 60

/** The points to show as dots: all of a short curve, else the isolated ones. */
export function dottedPoints({ points, dots }: Series): Point[] {
  if (dots) return [...dots]
  return points.length > MAX_DOTS ? isolatedPoints(points) : points.filter(({ value }) => !Number.isNaN(value))
}

/** Points with gaps on both sides, which a line does not show. */
export function isolatedPoints(points: readonly Point[]): Point[] {
  const isDrawn = (i: number) => points[i] !== undefined && !Number.isNaN(points[i].value)
  return points.filter((_, i) => isDrawn(i) && !isDrawn(i - 1) && !isDrawn(i + 1))
}

/** The vertical marks of a training curve. */
export function trainingMarks(best: number | undefined, collapse: Collapse | undefined): StepMark[] {
  const marks: StepMark[] = []
  if (best !== undefined) {
    integerInRange('options.best', best, 0)
    marks.push({ x: best, text: `best on validation: step ${formatCount(best)}`, colour: INK })
  }
  if (collapse !== undefined) {
    integerInRange('options.collapse.step', collapse.step, 0)
    const share = finiteInRange('options.collapse.deadShare', collapse.deadShare, 0, 1)
    const text = `collapsed at step ${formatCount(collapse.step)}: ${Math.round(share * 100)} % of hidden units dead`
    marks.push({ x: collapse.step, text, colour: COLLAPSED })
  }
  return marks
}
