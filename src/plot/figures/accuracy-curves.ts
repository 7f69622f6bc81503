import { checkingAsync, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { HistoryEntry } from '../../core/results.js'
import { cutBelow } from '../data/cut.js'
import { historySeries, type Series, trainingMarks } from '../data/history.js'
import type { Figure } from '../page/figure.js'
import { formatCount, formatShare } from '../page/text.js'
import { type CurveOptions, checkCurveOptions, drawCurves } from './curves.js'

export interface AccuracyCurvesOptions extends CurveOptions {
  /**
   * 'auto' (the default) starts the axis at the highest of 0, 0.5, 0.8, 0.9, 0.95, 0.98 that at least nine tenths
   * of the values reach, and counts the values below in a note; 'full' is 0 to 1
   */
  readonly yRange?: 'auto' | 'full'
}

const FLOORS = [0.98, 0.95, 0.9, 0.8, 0.5, 0]
const SHARE_SHOWN = 0.9

/**
 * Accuracy over steps, one curve for each set that was evaluated. A NaN leaves a gap.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when no entry has a finite accuracy or one lies outside 0..1
 */
export async function accuracyCurvesFigure(
  history: readonly HistoryEntry[],
  options: AccuracyCurvesOptions = {},
): Promise<Figure> {
  return await checkingAsync('accuracyCurvesFigure', () => draw(history, options))
}

async function draw(history: readonly HistoryEntry[], options: AccuracyCurvesOptions): Promise<Figure> {
  checkCurveOptions(options, ['yRange'])
  const yRange = oneOf('options.yRange', options.yRange ?? 'auto', ['auto', 'full'])
  const series = historySeries(history, 'accuracy')
  const values = series.flatMap(({ points }) => points.map((p) => p.value)).filter((v) => !Number.isNaN(v))
  const outside = values.find((value) => value < 0 || value > 1)
  if (outside !== undefined) throw invalidArgument('history', 'accuracies from 0 to 1', outside)
  const floor = yRange === 'full' ? 0 : chooseFloor(values, series)
  const below = values.filter((value) => value < floor).length
  const curves = {
    title: 'Accuracy',
    yLabel: `accuracy (fraction correct)${floor > 0 ? `, from ${floor}` : ''}`,
    yType: 'linear' as const,
    yDomain: [floor, 1] as const,
    series: series.map((one) => ({ ...one, points: cutBelow(one.points, floor) })),
    marks: trainingMarks(options.best, options.collapse),
    notes: below > 0 ? [belowNote(below, values.length, floor)] : [],
    format: formatShare,
  }
  return drawCurves(curves, options)
}

/** The final values are always inside, whatever the first ones are. */
function chooseFloor(values: readonly number[], series: readonly Series[]): number {
  const needed = SHARE_SHOWN * values.length
  const ends = Math.min(...series.map(({ last }) => last.value))
  return FLOORS.find((floor) => ends >= floor && values.filter((value) => value >= floor).length >= needed) ?? 0
}

function belowNote(below: number, total: number, floor: number): string {
  return `The axis starts at ${floor}; values below it, not shown: ${formatCount(below)} of ${formatCount(total)}.`
}
