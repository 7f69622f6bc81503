import type { SetMetrics, TrialSummary } from '../core/results.js'
import type { SearchState } from './search-state.js'
import { clock, percent } from './words.js'

/** 'learningRate 0.005, l2 0.01, hidden 512' */
export function paramWords(params: TrialSummary['params']): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** Accuracy, or for a regression the loss; empty where the set was not evaluated. */
export function metricWords(metrics: SetMetrics | undefined): string {
  if (metrics === undefined) return ''
  return Number.isNaN(metrics.accuracy) ? metrics.loss.toPrecision(4) : percent(metrics.accuracy)
}

/** 'valid 97.42 %, test 97.30 %' */
export function resultWords({ valid, test }: Pick<TrialSummary, 'valid' | 'test'>): string {
  const sets = { valid, test }
  const given = (['valid', 'test'] as const).filter((set) => sets[set] !== undefined)
  return given.map((set) => `${set} ${metricWords(sets[set])}`).join(', ')
}

/** '23 of 60 trials, 7 collapsed, 1 failed; 41 s, 1:02 left' */
export function stateWords(state: SearchState): string {
  const { header, finished, counts, secondsElapsed, secondsLeft } = state
  const marked = (['collapsed', 'failed'] as const).filter((name) => counts[name] > 0)
  const trials = [`${finished.length} of ${header!.size} trials`, ...marked.map((name) => `${counts[name]} ${name}`)]
  const left = Number.isNaN(secondsLeft) ? '' : `, ${clock(secondsLeft)} left`
  return `${trials.join(', ')}; ${clock(secondsElapsed)}${left}`
}
