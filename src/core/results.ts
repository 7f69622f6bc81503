/** Results as plain data, from train and search, for plot and the command line. */

import type { MetricValues } from './metrics.js'

/** Mean loss (natural log, without the L2 term), accuracy (0..1; NaN for regression) and the metrics asked for, of one set. */
export interface SetMetrics extends MetricValues {
  readonly loss: number
  readonly accuracy: number
}

/** One evaluation during training, made after the update of `step`. */
export interface HistoryEntry {
  /** 0-based number of the optimiser step over the whole run. */
  readonly step: number
  /** 0-based epoch. */
  readonly epoch: number
  readonly train?: SetMetrics
  readonly valid?: SetMetrics
  readonly test?: SetMetrics
}

export interface ClassMetrics {
  /** true positives / predicted as this class; 0 when never predicted */
  readonly precision: number
  /** true positives / rows of this class; 0 when the class has no rows */
  readonly recall: number
  /** rows of this class */
  readonly support: number
}

/** What `evaluate` returns. */
export interface Evaluation extends SetMetrics {
  readonly correct: number
  readonly count: number
  /** confusion[actual][predicted], C x C; empty for regression and for more than 1,000 classes */
  readonly confusion: readonly (readonly number[])[]
  readonly perClass: readonly ClassMetrics[]
}

/** Rates of a yes-or-no decision at its thresholds, from the strictest. */
export interface RocCurve {
  /** false positives / negative rows, 0 to 1, ascending */
  readonly falsePositiveRate: readonly number[]
  /** true positives / positive rows, 0 to 1, ascending */
  readonly truePositiveRate: readonly number[]
  /** 0..1; 0.5 for a score without information */
  readonly area: number
}

/** Precision and recall of a yes-or-no decision at its thresholds, from the strictest. */
export interface PrecisionRecallCurve {
  /** true positives / positive rows, 0 to 1, ascending */
  readonly recall: readonly number[]
  /** true positives / rows decided positive */
  readonly precision: readonly number[]
  /** 0..1 */
  readonly averagePrecision: number
}

/** The rows whose prediction has a confidence above `from` and up to `to`. */
export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  readonly count: number
  /** mean confidence, 0..1; null for an empty bin */
  readonly confidence: number | null
  /** share of right predictions; null for an empty bin */
  readonly accuracy: number | null
}

/** Collapse by dying ReLUs: more than 90 % of the hidden units are zero on a fixed probe of 1,024 rows. */
export interface Collapse {
  /** step of the first evaluation that detected it */
  readonly step: number
  /** share of hidden units that are zero on every probe row, 0..1 */
  readonly deadShare: number
}

/** A step of a range test. */
export interface LearningRateStep {
  readonly learningRate: number
  /** mean loss of the batch before its update */
  readonly loss: number
  /** exponential moving average of the losses so far, with the weight 0.9 */
  readonly smoothed: number
}

/** What a range test has found. */
export interface LearningRateRange {
  /** in order; the last one is where the test ended or the loss diverged */
  readonly steps: readonly LearningRateStep[]
  /** whether the loss diverged before the last step */
  readonly diverged: boolean
  /** the learning rate at which the smoothed loss falls fastest; null if it never falls */
  readonly steepest: number | null
  /** a tenth of the learning rate with the least smoothed loss; null if it never falls */
  readonly minimumTenth: number | null
}

/** Parameters of one layer in row-major order. */
export interface LayerParameters {
  /** name for titles, e.g. "layer 1" */
  readonly name: string
  /** [K][N] row-major */
  readonly weights: Float32Array
  /** [N] */
  readonly biases: Float32Array
  readonly inputs: number
  readonly outputs: number
}

/** One trial of a search, as drawn and as written to results.csv. */
export interface TrialSummary {
  /** 0-based position in the study */
  readonly trial: number
  readonly params: Readonly<Record<string, number | string | boolean>>
  /** 'pruned': stopped by successive halving */
  readonly state: 'completed' | 'collapsed' | 'failed' | 'pruned'
  /** of a pruned trial: the 0-based rung after which it was stopped */
  readonly rung?: number
  /** why a trial collapsed or failed */
  readonly reason?: string
  readonly bestStep?: number
  readonly train?: SetMetrics
  readonly valid?: SetMetrics
  readonly test?: SetMetrics
}
