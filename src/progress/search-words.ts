import type { SetMetrics, TrialSummary } from '../core/results.js'
import type { TrialResult } from '../search/trial/result.js'
import type { SearchState } from './search-state.js'
import { clock, moreMetrics, percent } from './words.js'

/** 'learningRate 0.005, l2 0.01, hidden 512' */
export function paramWords(params: TrialSummary['params']): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** A value for a narrow column: long numbers with four digits, '–' for a parameter that a trial does not have. */
export function shortValue(value: number | string | boolean | undefined): string {
  if (value === undefined) return '–'
  const text = String(value)
  if (typeof value !== 'number' || text.length <= 7) return text
  const short = String(Number(value.toPrecision(4)))
  return short.length <= 8 ? short : value.toExponential(3)
}

/** Accuracy, or for a regression the loss, and other metrics in brackets; empty if the set was not evaluated. */
export function metricWords(metrics: SetMetrics | undefined): string {
  if (metrics === undefined) return ''
  const first = Number.isNaN(metrics.accuracy) ? metrics.loss.toPrecision(4) : percent(metrics.accuracy)
  const more = moreMetrics(metrics)
  return more.length > 0 ? `${first} (${more.join(', ')})` : first
}

/** 'valid 97.42 %, test 97.30 %' */
export function resultWords({ valid, test }: Pick<TrialSummary, 'valid' | 'test'>): string {
  const sets = { valid, test }
  const given = (['valid', 'test'] as const).filter((set) => sets[set] !== undefined)
  return given.map((set) => `${set} ${metricWords(sets[set])}`).join(', ')
}

/** Why a trial has no score; empty for a completed one. */
export function reasonWords({ state, reason, rung, steps }: TrialResult): string {
  if (state !== 'pruned') return reason ?? ''
  const where = rung === undefined ? '' : ` after rung ${rung}`
  return `pruned${where}${steps ? `, ${steps} steps` : ''}`
}

/** '23 of 60 trials (11 before resuming), 7 collapsed, 1 failed (NOT_FINITE), 3 waiting; 41 s, 1:02 left' */
export function stateWords(state: SearchState): string {
  const { header, finished, counts, earlier, waiting, secondsElapsed, secondsLeft } = state
  const before = earlier > 0 ? ` (${earlier} before resuming)` : ''
  const marked = (['pruned', 'collapsed', 'failed'] as const).filter((name) => counts[name] > 0)
  const trials = [
    `${finished.length} of ${header!.size} trials${before}`,
    ...marked.map((name) => `${counts[name]} ${name}${name === 'failed' ? failureWords(finished) : ''}`),
    ...(waiting.size > 0 ? [`${waiting.size} waiting`] : []),
  ]
  const isOver = finished.length === header!.size
  const left = Number.isNaN(secondsLeft) || isOver ? '' : `, ${clock(secondsLeft)} left`
  return `${trials.join(', ')}; ${clock(secondsElapsed)}${left}`
}

/** ' (NOT_FINITE)', ' (2 NOT_FINITE, 1 TypeError)': the codes at the start of the reasons. */
function failureWords(finished: readonly TrialResult[]): string {
  const codes = new Map<string, number>()
  for (const { state, reason } of finished) {
    const code = state === 'failed' ? reason?.match(/^(?:fold \d+: )?(\w+):/)?.[1] : undefined
    if (code) codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  const words = [...codes].map(([code, count]) => (codes.size === 1 ? code : `${count} ${code}`))
  return words.length > 0 ? ` (${words.join(', ')})` : ''
}
