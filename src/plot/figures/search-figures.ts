import { checking, knownOptions } from '../../core/checks.js'
import { isOnRequest, type MetricName } from '../../core/metrics.js'
import { checkTrials, type DrawnTrial, parameterNames, variedParameters } from '../data/drawn-trial.js'
import { checkMetric, metricOf, type SearchMetric } from '../data/trial-metric.js'
import type { Figure } from '../page/figure.js'
import { parallelCoordinatesFigure } from './parallel-coordinates.js'
import { searchHeatmapFigure } from './search-heatmap.js'
import { trialCurvesFigure } from './trial-curves.js'

/** The parameters on the axes and facets of a heat map. */
export interface HeatmapAxes {
  readonly x: string
  readonly y: string
  readonly facet: string | null
}

export interface SearchFiguresOptions {
  /**
   * the metric that selected the best trial, which heat maps and curves show too (default: validation accuracy, for a
   * regression validation loss)
   */
  readonly metric?: SearchMetric
}

/** A figure of a search and the function that draws it. */
export interface SearchFigure {
  /** for the name of a file, e.g. 'parallel-coordinates' */
  readonly name: string
  readonly draw: () => Promise<Figure>
}

const SETS = ['valid', 'test'] as const
/** Share of the cells of a heat map. */
const LEAST_FILLED = 0.4
const MOST_VALUES = 12

/**
 * The figures that suit the trials of a search: a heat map of each evaluated set where they fill a grid, parallel
 * coordinates for at least two varied parameters, overlaid curves of validation accuracy and loss for trials with at least two
 * evaluations.
 *
 *     for (const { name, draw } of searchFigures(study.trials)) {
 *       await writeFileAtomic(`${name}.png`, await (await draw()).png())
 *     }
 */
export function searchFigures(trials: readonly DrawnTrial[], options: SearchFiguresOptions = {}): SearchFigure[] {
  knownOptions('options', options, ['metric'])
  return checking('trials', () => figuresOf(trials, options))
}

function figuresOf(trials: readonly DrawnTrial[], options: SearchFiguresOptions): SearchFigure[] {
  if (Array.isArray(trials) && trials.length === 0) return []
  checkTrials(trials)
  const metric = checkMetric(options.metric ?? `valid.${metricOfSet(trials, 'valid')}`)
  const name = metric.split('.')[1]
  const chosen = isOnRequest(name) ? [name] : []
  return [...heatmaps(trials, chosen), ...parallelCoordinates(trials, metric), ...curves(trials, chosen)]
}

/** @param chosen the metric that selected the best trial, unless it is the accuracy or the loss */
function heatmaps(trials: readonly DrawnTrial[], chosen: readonly MetricName[]): SearchFigure[] {
  const axes = heatmapAxes(trials)
  if (axes === null || !fillGrid(trials, axes)) return []
  return SETS.filter((set) => trials.some((trial) => trial[set])).map((set) => {
    const has = (metric: MetricName) => trials.some((trial) => trial[set]?.[metric] !== undefined)
    const kind = chosen.find(has) ?? metricOfSet(trials, set)
    return { name: `${set}-${kind}`, draw: () => searchHeatmapFigure(trials, { ...axes, metric: `${set}.${kind}` }) }
  })
}

function parallelCoordinates(trials: readonly DrawnTrial[], metric: SearchMetric): SearchFigure[] {
  if (variedParameters(trials).length < 2) return []
  return [{ name: 'parallel-coordinates', draw: () => parallelCoordinatesFigure(trials, { metric }) }]
}

function curves(trials: readonly DrawnTrial[], chosen: readonly MetricName[]): SearchFigure[] {
  return ([...chosen, 'accuracy', 'loss'] as const).flatMap((kind) => {
    const metric = `valid.${kind}` as const
    const hasCurve = trials.some(({ history = [] }) => {
      return history.filter((entry) => !Number.isNaN(metricOf(entry, metric))).length > 1
    })
    return hasCurve ? [{ name: `trial-curves-${kind}`, draw: () => trialCurvesFigure(trials, { metric }) }] : []
  })
}

function metricOfSet(trials: readonly DrawnTrial[], set: (typeof SETS)[number]): 'accuracy' | 'loss' {
  return trials.every((trial) => Number.isNaN(trial[set]?.accuracy ?? Number.NaN)) ? 'loss' : 'accuracy'
}

/** Learning rate, L2 and hidden units if varied, then other varied parameters in the order of the space. */
export function heatmapAxes(trials: readonly DrawnTrial[]): HeatmapAxes | null {
  // parameters of only some trials do not span a grid
  const always = parameterNames(trials).filter((name) => trials.every(({ params }) => params[name] !== undefined))
  const varied = variedParameters(trials).filter((name) => always.includes(name))
  const usual = ['learningRate', 'l2', 'hidden']
  const [x, y, facet = null] = [
    ...usual.filter((name) => varied.includes(name)),
    ...varied.filter((name) => !usual.includes(name)),
  ]
  return y === undefined ? null : { x, y, facet }
}

/** Whether the finished trials fill a grid: values drawn at random rarely share a cell. */
function fillGrid(trials: readonly DrawnTrial[], { x, y, facet }: HeatmapAxes): boolean {
  const isDrawn = variedParameters(trials).some((name) => {
    const values = new Set(trials.map(({ params }) => params[name]))
    return values.size > MOST_VALUES && 2 * values.size > trials.length
  })
  if (isDrawn) return false
  const axes = facet === null ? [x, y] : [x, y, facet]
  const all = axes.reduce((product, name) => product * new Set(trials.map(({ params }) => params[name])).size, 1)
  const filled = new Set(trials.map(({ params }) => JSON.stringify(axes.map((name) => params[name])))).size
  return filled >= LEAST_FILLED * all
}
