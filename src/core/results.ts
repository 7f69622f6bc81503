/** Results as plain data: made by train and search, drawn by plot, written by the command line. */

/** Mean loss (natural log, without the L2 term) and accuracy (0..1; NaN for regression) over one set. */
export interface SetMetrics {
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

/** The sign of dying ReLUs: more than 90 % of the hidden units zero on a fixed probe of 1,024 rows. */
export interface Collapse {
  /** step of the evaluation that saw it first */
  readonly step: number
  /** share of hidden units that are zero on every probe row, 0..1 */
  readonly deadShare: number
}

/** Parameters of one layer in row-major order, as a figure or a file wants them. */
export interface LayerParameters {
  /** name as shown in titles, e.g. "layer 1" */
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
  /** 'pruned': successive halving has given it up */
  readonly state: 'completed' | 'collapsed' | 'failed' | 'pruned'
  /** of a pruned trial: the 0-based rung after which it was given up */
  readonly rung?: number
  /** why a trial collapsed or failed */
  readonly reason?: string
  readonly bestStep?: number
  readonly train?: SetMetrics
  readonly valid?: SetMetrics
  readonly test?: SetMetrics
}
