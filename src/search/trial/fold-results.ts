import type { HistoryEntry, SetMetrics, TrialSummary } from '../../core/results.js'

/** What came of one fold of a trial. */
export interface FoldResult {
  readonly state: 'completed' | 'collapsed' | 'failed'
  /** why it collapsed or failed */
  readonly reason?: string
  /** the evaluation with the best validation; null where it failed before any */
  readonly best: HistoryEntry | null
  /** steps done; null where it failed */
  readonly steps: number | null
  /** `parametersDigest` of the fold's checkpoint; null where it failed */
  readonly digest: string | null
}

type MetricsOfSets = { readonly [set in 'train' | 'valid' | 'test']?: SetMetrics }

/** What its folds make of a trial: `train`, `valid` and `test` are means over the folds. */
export interface FoldsSummary extends MetricsOfSets {
  readonly state: FoldResult['state']
  readonly reason?: string
  /** steps of all folds together; null where one failed */
  readonly steps: number | null
  /** standard deviations over the folds, of the population, as NumPy's `std` and scikit-learn's `std_test_score` */
  readonly std: MetricsOfSets
}

/**
 * Mean and deviation of a trial over its folds, and how it ended: failed where a fold failed, else collapsed where one
 * collapsed, with the reason of the first such fold. A trial with a failed fold has no metrics.
 *
 * @param folds all folds of one trial, in their order
 */
export function summarizeFolds(folds: readonly FoldResult[]): FoldsSummary {
  const failed = folds.findIndex(({ state }) => state === 'failed')
  const first = failed >= 0 ? failed : folds.findIndex(({ state }) => state === 'collapsed')
  const outcome = {
    state: folds[first]?.state ?? 'completed',
    ...(first >= 0 && { reason: `fold ${first}: ${folds[first].reason}` }),
  }
  if (failed >= 0) return { ...outcome, steps: null, std: {} }
  const steps = folds.reduce((sum, fold) => sum + (fold.steps ?? 0), 0)
  return { ...outcome, steps, ...overFolds(folds, mean), std: overFolds(folds, deviation) }
}

/** Each set that every fold was evaluated on. */
function overFolds(folds: readonly FoldResult[], of: (values: readonly number[]) => number): MetricsOfSets {
  const sets = (['train', 'valid', 'test'] as const).flatMap((set) => {
    const metrics = folds.map(({ best }) => best?.[set])
    if (!metrics.every((each) => each !== undefined)) return []
    const over = (metric: keyof SetMetrics) => of(metrics.map((each) => each[metric]))
    return [[set, { loss: over('loss'), accuracy: over('accuracy') }]]
  })
  return Object.fromEntries(sets)
}

/** Summed in order: the same values give the same bits. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) * (value - middle))))
}

/** What the table of a study needs to know of a trial. */
export interface TableTrial extends TrialSummary {
  /** steps done, in all folds together; null where the trial failed */
  readonly steps?: number | null
  readonly digest?: string | null
  /** in their order; missing where the study has none */
  readonly folds?: readonly FoldResult[]
}
