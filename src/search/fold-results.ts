import type { SetMetrics, TrialSummary } from '../core/results.js'

/** What came of one fold of a trial. */
export interface FoldResult extends Omit<TrialSummary, 'trial' | 'params'> {
  /** 0-based */
  readonly fold: number
  /** steps done; null where it failed */
  readonly steps: number | null
  /** `parametersDigest` of the fold's checkpoint; null where it failed */
  readonly digest: string | null
}

type MetricsOfSets = { readonly [set in 'train' | 'valid' | 'test']?: SetMetrics }

/** What its folds make of a trial: `train`, `valid` and `test` are means over the folds. */
export interface FoldsSummary extends MetricsOfSets {
  readonly state: TrialSummary['state']
  readonly reason?: string
  /** steps of all folds together; null where one failed */
  readonly steps: number | null
  /** standard deviations over the folds, of the population, as NumPy's `std` and scikit-learn's `std_test_score` */
  readonly std: MetricsOfSets
}

/**
 * Mean and deviation of a trial over its folds, and how it ended: failed where a fold failed, else collapsed where one
 * collapsed, with the reason of the first such fold. Sums run in fold order, so the same folds give the same bits in
 * whatever order they finished.
 *
 * @param folds all folds of one trial, in any order
 */
export function summarizeFolds(folds: readonly FoldResult[]): FoldsSummary {
  const ordered = [...folds].sort((a, b) => a.fold - b.fold)
  const worst = (['failed', 'collapsed'] as const).map((state) => ordered.find((fold) => fold.state === state))
  const culprit = worst.find((fold) => fold !== undefined)
  const isWhole = ordered.every(({ state }) => state !== 'failed')
  return {
    state: culprit?.state ?? 'completed',
    ...(culprit && { reason: `fold ${culprit.fold}: ${culprit.reason}` }),
    steps: isWhole ? ordered.reduce((sum, { steps }) => sum + (steps ?? 0), 0) : null,
    ...(isWhole ? overSets(ordered, mean) : {}),
    std: isWhole ? overSets(ordered, deviation) : {},
  }
}

/** Each set that every fold was evaluated on. */
function overSets(folds: readonly FoldResult[], of: (values: readonly number[]) => number): MetricsOfSets {
  const sets = (['train', 'valid', 'test'] as const).flatMap((set) => {
    const metrics = folds.map((fold) => fold[set])
    if (!metrics.every((each) => each !== undefined)) return []
    const over = (metric: keyof SetMetrics) => of(metrics.map((each) => each[metric]))
    return [[set, { loss: over('loss'), accuracy: over('accuracy') }]]
  })
  return Object.fromEntries(sets)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) * (value - middle))))
}
