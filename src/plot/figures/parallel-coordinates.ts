import { checkingAsync, finiteInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import {
  checkTrials,
  type DrawnTrial,
  parameterNames,
  parameterWords,
  rankedTrials,
  scoreOf,
  stateNotes,
  variedParameters,
} from '../data/drawn-trial.js'
import { metricAxis } from '../data/metric-axis.js'
import { type MetricScale, metricScale } from '../data/metric-scale.js'
import { ABSENT, parameterAxis } from '../data/parameter-axis.js'
import { checkMetric, isLowerBetter, metricName, type SearchMetric } from '../data/trial-metric.js'
import { drawParallel } from '../marks/parallel-plot.js'
import type { Figure } from '../page/figure.js'
import { loadDrawing } from '../page/libraries.js'
import { composePage } from '../page/page.js'
import { capitalise, formatCount } from '../page/text.js'

export interface ParallelCoordinatesOptions {
  readonly title?: string
  readonly subtitle?: string
  /** shown by the colour of the lines and on the last axis (default 'valid.accuracy') */
  readonly metric?: SearchMetric
  /** the axes from the left (default: every parameter that differs among trials) */
  readonly parameters?: readonly string[]
  /** CSS pixels of an axis, 120 to 4,000 (default 300) */
  readonly height?: number
}

const OPTIONS = ['title', 'subtitle', 'metric', 'parameters', 'height']

/**
 * Trials of a search as lines over parallel axes, one for each parameter that was varied and the last for the metric, which
 * also colours the lines; better is higher and darker. The best completed trial is bold and its values are named; pruned,
 * collapsed and failed trials are thin grey lines that end below the last axis. After Inselberg, "The plane with parallel
 * coordinates" (1985).
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when there is no trial, no trial has a parameter, or no trial has one of `parameters`
 */
export async function parallelCoordinatesFigure(
  trials: readonly DrawnTrial[],
  options: ParallelCoordinatesOptions = {},
): Promise<Figure> {
  return await checkingAsync('parallelCoordinatesFigure', () => draw(trials, options))
}

async function draw(trials: readonly DrawnTrial[], options: ParallelCoordinatesOptions): Promise<Figure> {
  knownOptions('options', options, OPTIONS)
  checkTrials(trials)
  const metric = checkMetric(options.metric ?? 'valid.accuracy')
  const height = finiteInRange('options.height', options.height ?? 300, 120, 4000)
  const inOrder = [...trials].sort((a, b) => a.trial - b.trial)
  const names = parameters(inOrder, options.parameters)
  const ranked = rankedTrials(inOrder, metric)
  const best = Number.isNaN(scoreOf(ranked[0], metric)) ? null : ranked[0]
  const values = inOrder.map((trial) => scoreOf(trial, metric))
  const scale = metricScale(values, metric)
  const drawing = await loadDrawing()
  const axes = [
    ...names.map((name) => parameterAxis(inOrder, name, height, drawing.d3)),
    metricAxis(inOrder, metric, scale, height, drawing.d3),
  ]
  const shareOf = (trial: DrawnTrial) => {
    const value = scoreOf(trial, metric)
    return Number.isNaN(value) ? value : scale!.share(value)
  }
  const hasRamp = scale !== null && scale.worst !== scale.best
  const drawn = drawParallel({ axes, worstFirst: ranked.reverse(), best, shareOf, hasRamp, height }, drawing)
  return composePage({
    title: options.title ?? `${capitalise(metricName(metric))} by parameters`,
    subtitle: options.subtitle ?? bestLine(best, names, metric, scale),
    notes: notes(inOrder, { metric, isAbsent: axes.some(({ slots }) => slots.includes(ABSENT)), best, scale }),
    body: drawn.body,
    bodyWidth: drawn.width,
    bodyHeight: drawn.height,
  })
}

function parameters(trials: readonly DrawnTrial[], wanted: unknown): readonly string[] {
  const known = parameterNames(trials)
  if (wanted === undefined) {
    const varied = variedParameters(trials)
    const names = varied.length > 0 ? varied : known
    if (names.length === 0) throw invalidArgument('trials', 'at least one trial with a parameter', trials)
    return names
  }
  const isList = Array.isArray(wanted) && wanted.length > 0 && new Set(wanted).size === wanted.length
  if (!isList || wanted.some((name) => !known.includes(name))) {
    const list = known.map((name) => `'${name}'`).join(', ')
    throw invalidArgument('options.parameters', `a list of different parameters of the trials (${list})`, wanted)
  }
  return wanted
}

function bestLine(best: DrawnTrial | null, names: readonly string[], metric: SearchMetric, scale: MetricScale | null) {
  if (best === null) return 'no trial completed'
  const value = scale!.format(scoreOf(best, metric))
  return `best ${metricName(metric)} ${value}: trial ${best.trial}: ${parameterWords(best.params, names)}`
}

interface NoteContext {
  readonly metric: SearchMetric
  readonly isAbsent: boolean
  readonly best: DrawnTrial | null
  readonly scale: MetricScale | null
}

/** Explains only what the figure contains. */
function notes(trials: readonly DrawnTrial[], { metric, isAbsent, best, scale }: NoteContext): string[] {
  const scored = trials.filter((trial) => !Number.isNaN(scoreOf(trial, metric))).length
  const count = `${formatCount(trials.length)} ${trials.length === 1 ? 'trial' : 'trials'}`
  const sentences = [count]
  if (best)
    sentences[0] +=
      scored > 1
        ? `, darker is better${isLowerBetter(metric) ? ` (a lower ${metric.endsWith('loss') ? 'loss' : 'value'})` : ''}`
        : ''
  if (best) sentences.push('thick: the best')
  sentences.push(
    ...stateNotes(trials, [
      ['pruned', 'thin grey'],
      ['collapsed', 'dashed'],
      ['failed', 'dotted'],
    ]),
  )
  if (isAbsent) sentences.push('n/a: without this parameter')
  if (scale?.isClamped) sentences.push('worse values are clamped to the lower end of the last axis')
  return [`${sentences.join('; ')}.`]
}
