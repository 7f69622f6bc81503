import { invalidArgument } from '../../core/errors.js'
import { type DrawnTrial, type ParameterValue, scoreOf } from './drawn-trial.js'
import { isBetter, metricOf, type SearchMetric } from './trial-metric.js'

/** One cell of a heat map: the best of the trials that share x, y and facet. */
export interface TrialCell {
  readonly x: ParameterValue
  readonly y: ParameterValue
  readonly facet: ParameterValue | undefined
  readonly trial: DrawnTrial
  /** score of the trial: NaN unless it completed with a finite metric */
  readonly value: number
  /** metric of a trial in any state, NaN if it has none */
  readonly reached: number
}

export interface TrialGrid {
  readonly xs: readonly ParameterValue[]
  readonly ys: readonly ParameterValue[]
  /** [undefined] without a facet key */
  readonly facets: readonly (ParameterValue | undefined)[]
  readonly cells: readonly TrialCell[]
  /** the cell with the best value, if any trial completed; of equal ones that of the earlier trial */
  readonly best?: TrialCell
  /** the largest number of trials that share a cell */
  readonly perCell: number
}

/** Arranges trials by two of their parameters and, for facets, a third. */
export function layOutTrials(
  trials: readonly DrawnTrial[],
  keys: { readonly x: string; readonly y: string; readonly facet: string | null },
  metric: SearchMetric,
): TrialGrid {
  if (!Array.isArray(trials) || trials.length === 0) throw invalidArgument('trials', 'at least one trial', trials)
  const better = isBetter(metric)
  const groups = new Map<string, TrialCell[]>()
  trials.forEach((trial, i) => {
    const x = parameter(trial, i, 'options.x', keys.x)
    const y = parameter(trial, i, 'options.y', keys.y)
    const facet = keys.facet === null ? undefined : parameter(trial, i, 'options.facet', keys.facet)
    const key = JSON.stringify([x, y, facet])
    const reached = metricOf(trial, metric)
    groups.set(key, [...(groups.get(key) ?? []), { x, y, facet, trial, value: scoreOf(trial, metric), reached }])
  })
  const cells = [...groups.values()].map((group) => group.reduce((a, b) => (better(b.value, a.value) ? b : a)))
  const finite = cells.filter(({ value }) => !Number.isNaN(value)).sort((a, b) => a.trial.trial - b.trial.trial)
  return {
    xs: distinct(cells.map((cell) => cell.x)),
    ys: distinct(cells.map((cell) => cell.y)),
    facets: distinct(cells.map((cell) => cell.facet)),
    cells,
    best: finite.length > 0 ? finite.reduce((a, b) => (better(b.value, a.value) ? b : a)) : undefined,
    perCell: Math.max(...[...groups.values()].map((group) => group.length)),
  }
}

function parameter(trial: DrawnTrial, index: number, option: string, key: string): ParameterValue {
  const value = trial?.params?.[key]
  if (value === undefined) {
    const known = Object.keys(trial?.params ?? {}).map((name) => `'${name}'`)
    throw invalidArgument(
      option,
      `a parameter of every trial (trials[${index}] has ${known.join(', ') || 'none'})`,
      key,
    )
  }
  return value
}

/** Distinct values: numbers ascending, then other values in order of appearance. */
export function distinct<T extends ParameterValue | undefined>(values: readonly T[]): T[] {
  const all = [...new Set(values)]
  const numbers = all.filter((value) => typeof value === 'number').sort((a, b) => Number(a) - Number(b))
  return [...numbers, ...all.filter((value) => typeof value !== 'number')]
}
