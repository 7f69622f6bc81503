import { checkingAsync, integerInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { cutOutside } from '../data/cut.js'
import {
  checkTrials,
  type DrawnTrial,
  parameterWords,
  rankedTrials,
  scoreOf,
  stateNotes,
  variedParameters,
} from '../data/drawn-trial.js'
import type { BackgroundLine, Series } from '../data/history.js'
import { curveRange, type TrialCurve } from '../data/trial-curve-range.js'
import { checkMetric, formatMetric, metricName, metricOf, type SearchMetric } from '../data/trial-metric.js'
import type { Figure } from '../page/figure.js'
import { capitalise, formatCount } from '../page/text.js'
import { FAINT, GREY, RANKS } from '../page/theme.js'
import { drawCurves } from './curves.js'

export interface TrialCurvesOptions {
  readonly title?: string
  readonly subtitle?: string
  /** default 'valid.accuracy' */
  readonly metric?: SearchMetric
  /** how many of the best trials are coloured and labelled, 1 to 5 (default 5) */
  readonly labelled?: number
  /** CSS pixels of the drawing without the page margin, 320 to 4,000 (default 688) */
  readonly width?: number
  /** CSS pixels of the drawing, 160 to 4,000 (default 380) */
  readonly height?: number
}

const OPTIONS = ['title', 'subtitle', 'metric', 'labelled', 'width', 'height']

/**
 * The evaluations of all trials of a search over their steps. The best few are coloured, labelled at their ends with the
 * value of the evaluation that was kept, and explained below; the others are faint: pruned ones end in a dot, collapsed ones
 * are grey and dashed, failed ones dotted with a cross. An accuracy axis starts, and a loss axis ends, where most values of
 * the completed trials are inside; a note counts the values outside.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when no trial has an evaluation with a finite metric
 */
export async function trialCurvesFigure(
  trials: readonly DrawnTrial[],
  options: TrialCurvesOptions = {},
): Promise<Figure> {
  return await checkingAsync('trialCurvesFigure', () => draw(trials, options))
}

async function draw(trials: readonly DrawnTrial[], options: TrialCurvesOptions): Promise<Figure> {
  knownOptions('options', options, OPTIONS)
  checkTrials(trials)
  trials.forEach(({ history }, i) => {
    if (history !== undefined && !Array.isArray(history)) {
      throw invalidArgument(`trials[${i}].history`, 'a list of evaluations', history)
    }
  })
  const metric = checkMetric(options.metric ?? 'valid.accuracy')
  const most = integerInRange('options.labelled', options.labelled ?? RANKS.length, 1, RANKS.length)
  const curves = rankedTrials(trials, metric).flatMap((trial) => curveOf(trial, metric))
  if (curves.length === 0) {
    throw invalidArgument('trials', `at least one trial with a finite ${metricName(metric)} in its history`, trials)
  }
  const best = curves.filter(({ trial }) => !Number.isNaN(scoreOf(trial, metric))).slice(0, most)
  const others = curves.slice(best.length)
  const range = curveRange(curves, best, metric)
  const cut = ({ points }: TrialCurve) => cutOutside(points, range.domain)
  const names = variedParameters(trials)
  const format = formatMetric(metric)
  return drawCurves(
    {
      title: `${capitalise(metricName(metric))} of ${curves.length === 1 ? 'a trial' : `${formatCount(curves.length)} trials`}`,
      yLabel: range.label,
      yType: range.type,
      yDomain: range.domain,
      series: best.map((curve, rank) => ({ ...seriesOf(curve, rank, metric), points: cut(curve) })).reverse(),
      background: others.map((curve) => ({ ...faintLine(curve.trial, curves.length), points: cut(curve) })).reverse(),
      legend: best.flatMap(({ trial }, rank) => {
        const text = parameterWords(trial.params, names)
        return text === '' ? [] : { colour: RANKS[rank], text: `trial ${trial.trial}: ${text}` }
      }),
      marks: [],
      notes: [...notes(trials, curves, best), ...(range.note ? [range.note] : [])],
      format,
    },
    { ...options, height: options.height ?? 380 },
  )
}

function curveOf(trial: DrawnTrial, metric: SearchMetric): TrialCurve[] {
  const { history = [] } = trial
  history.forEach((entry, i) => {
    integerInRange(`trial ${trial.trial}: history[${i}].step`, entry?.step, 0)
  })
  const set = metric.split('.')[0] as 'train' | 'valid' | 'test'
  const points = history
    .filter((entry) => entry[set] !== undefined)
    .map((entry) => ({ step: entry.step, value: metricOf(entry, metric) }))
    .sort((a, b) => a.step - b.step)
  return points.some(({ value }) => !Number.isNaN(value)) ? [{ trial, points }] : []
}

function seriesOf({ trial, points }: TrialCurve, rank: number, metric: SearchMetric): Omit<Series, 'points'> {
  const finite = points.filter(({ value }) => !Number.isNaN(value))
  const label = `trial ${trial.trial}`
  return {
    label,
    colour: RANKS[rank],
    last: finite[finite.length - 1],
    endText: `${label}: ${formatMetric(metric)(scoreOf(trial, metric))}`,
    dots: finite.filter(({ step }) => step === trial.bestStep || finite.length === 1),
    width: rank === 0 ? 2.6 : 1.6,
  }
}

function faintLine({ state }: DrawnTrial, count: number): Omit<BackgroundLine, 'points'> {
  const opacity = Math.round(100 * Math.min(0.8, Math.max(0.22, 0.8 * Math.sqrt(15 / count)))) / 100
  const line = { colour: FAINT, opacity, width: count > 100 ? 1 : 1.3 }
  if (state === 'pruned') return { ...line, end: 'dot' }
  if (state === 'collapsed') return { ...line, colour: GREY, dashes: '6,3' }
  return state === 'failed' ? { ...line, colour: GREY, dashes: '1.5,3', end: 'cross' } : line
}

/** Explains only what the figure contains. */
function notes(trials: readonly DrawnTrial[], curves: readonly TrialCurve[], best: readonly TrialCurve[]): string[] {
  const drawn = curves.map(({ trial }) => trial)
  const parts: string[] = []
  if (best.length > 1)
    parts.push(`coloured: the ${best.length} best, with the value of the kept evaluation, marked by a dot`)
  if (best.length === 0) parts.push('no trial completed')
  parts.push(
    ...stateNotes(drawn, [
      ['pruned', 'ending in a dot'],
      ['collapsed', 'grey, dashed'],
      ['failed', 'dotted, ending in a cross'],
    ]),
  )
  const missing = trials.length - curves.length
  if (missing > 0) parts.push(`without a curve: ${formatCount(missing)} ${missing === 1 ? 'trial' : 'trials'}`)
  return parts.length > 0 ? [`${capitalise(parts.join('; '))}.`] : []
}
