import { checkingAsync, oneOf, textOrNone } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { HistoryEntry } from '../../core/results.js'
import { historySeries, type Series, trainingMarks } from '../data/history.js'
import type { Figure } from '../page/figure.js'
import { formatValue } from '../page/text.js'
import { type CurveOptions, checkCurveOptions, drawCurves } from './curves.js'

export interface LossCurvesOptions extends CurveOptions {
  /** 'auto' (the default) is 'log' when the losses are positive and span more than two decades */
  readonly yScale?: 'auto' | 'linear' | 'log'
  /** default "loss (mean cross-entropy, nats)"; name the loss of a regression */
  readonly yLabel?: string
}

/** Ratio of the largest to the smallest loss above which a linear axis hides the end of training. */
const LOG_RATIO = 100

/**
 * Loss over steps, one curve for each set that was evaluated. A value that is not finite leaves a gap.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when no entry has a finite loss, or for a log axis with a loss <= 0
 */
export async function lossCurvesFigure(
  history: readonly HistoryEntry[],
  options: LossCurvesOptions = {},
): Promise<Figure> {
  return await checkingAsync('lossCurvesFigure', () => draw(history, options))
}

async function draw(history: readonly HistoryEntry[], options: LossCurvesOptions): Promise<Figure> {
  checkCurveOptions(options, ['yScale', 'yLabel'])
  const wanted = oneOf('options.yScale', options.yScale ?? 'auto', ['auto', 'linear', 'log'])
  textOrNone('options.yLabel', options.yLabel)
  const series = historySeries(history, 'loss')
  const [low, high] = range(series)
  if (wanted === 'log' && low <= 0) throw invalidArgument('options.yScale', "'linear' for a loss <= 0", wanted)
  const log = wanted === 'log' || (wanted === 'auto' && low > 0 && high / low > LOG_RATIO)
  const curves = {
    title: 'Loss',
    yLabel: `${options.yLabel ?? 'loss (mean cross-entropy, nats)'}${log ? ', log scale' : ''}`,
    yType: log ? ('log' as const) : ('linear' as const),
    yDomain: log ? ([low * 0.85, high * 1.15] as const) : linearDomain(low, high),
    series,
    marks: trainingMarks(options.best, options.collapse),
    notes: [],
    format: (value: number) => formatValue(value),
  }
  return drawCurves(curves, options)
}

/** Starts at zero, so that heights are comparable, or below a negative loss. */
function linearDomain(low: number, high: number): readonly [number, number] {
  const bottom = Math.min(0, low * 1.05)
  return [bottom, high > bottom ? high + 0.03 * (high - bottom) : bottom + 1]
}

function range(series: readonly Series[]): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { points } of series) {
    for (const { value } of points) {
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  return [low, high]
}
