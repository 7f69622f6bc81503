import { closest } from './checks.js'
import { invalidArgument } from './errors.js'

/** What a model predicts: one class of several, several yes-or-no labels, or values. */
export type Task = 'classes' | 'labels' | 'values'

interface MetricRow {
  /** tasks that have it */
  readonly tasks: readonly Task[]
  /** the better of two values */
  readonly better: 'higher' | 'lower'
  /** what it is computed from beside the truth; null: measured by the backend in every evaluation */
  readonly needs: 'predictions' | 'probabilities' | 'outputs' | null
  /** whether it is a share from 0 to 1 of a whole, for display */
  readonly isShare: boolean
  /** in words, for tables and figures */
  readonly label: string
}

/** All metrics, in the order of tables; `src/train/metrics/` computes them, docs/metrics.md has the formulas. */
export const METRICS = {
  loss: {
    ...{ tasks: ['classes', 'labels', 'values'], better: 'lower', needs: null, isShare: false },
    label: 'loss',
  },
  accuracy: {
    ...{ tasks: ['classes', 'labels'], better: 'higher', needs: null, isShare: true },
    label: 'accuracy',
  },
  balancedAccuracy: {
    ...{ tasks: ['classes'], better: 'higher', needs: 'predictions', isShare: true },
    label: 'balanced accuracy',
  },
  f1Macro: {
    ...{ tasks: ['classes', 'labels'], better: 'higher', needs: 'predictions', isShare: true },
    label: 'macro F1',
  },
  f1Micro: {
    ...{ tasks: ['classes', 'labels'], better: 'higher', needs: 'predictions', isShare: true },
    label: 'micro F1',
  },
  rocAuc: {
    ...{ tasks: ['classes', 'labels'], better: 'higher', needs: 'probabilities', isShare: true },
    label: 'ROC AUC',
  },
  topKAccuracy: {
    ...{ tasks: ['classes'], better: 'higher', needs: 'outputs', isShare: true },
    label: 'top-k accuracy',
  },
  logLoss: {
    ...{ tasks: ['classes'], better: 'lower', needs: 'probabilities', isShare: false },
    label: 'log loss',
  },
  brierScore: {
    ...{ tasks: ['classes'], better: 'lower', needs: 'probabilities', isShare: false },
    label: 'Brier score',
  },
  calibrationError: {
    ...{ tasks: ['classes'], better: 'lower', needs: 'probabilities', isShare: true },
    label: 'calibration error',
  },
  r2: { tasks: ['values'], better: 'higher', needs: 'outputs', isShare: false, label: 'R²' },
  rmse: { tasks: ['values'], better: 'lower', needs: 'outputs', isShare: false, label: 'RMSE' },
  mae: { tasks: ['values'], better: 'lower', needs: 'outputs', isShare: false, label: 'MAE' },
} as const satisfies Readonly<Record<string, MetricRow>>

/** A row of the table. */
export type MetricKey = keyof typeof METRICS

/** Metrics that every evaluation has. */
export type StandardMetric = 'loss' | 'accuracy'

/** Metrics that are computed on request; the k of top-k accuracy is part of its name: 'top5Accuracy'. */
export type MetricName = Exclude<MetricKey, StandardMetric | 'topKAccuracy'> | `top${number}Accuracy`

/** The values of the metrics asked for. */
export type MetricValues = { readonly [name in MetricName]?: number }

const TOP = /^top([1-9]\d{0,8})Accuracy$/

/** The k of 'top5Accuracy'; null for another metric. */
export function topOf(name: string): number | null {
  const [, k] = TOP.exec(name) ?? []
  return k === undefined ? null : Number(k)
}

/** The row of a metric. */
export function metricRow(name: MetricName | StandardMetric): MetricRow {
  return METRICS[topOf(name) === null ? (name as MetricKey) : 'topKAccuracy']
}

/** 'top-5 accuracy' */
export function metricLabel(name: MetricName | StandardMetric): string {
  const k = topOf(name)
  return k === null ? metricRow(name).label : `top-${k} accuracy`
}

/** As a user writes them, with top5Accuracy for any k. */
export const METRIC_WORDS: readonly string[] = Object.keys(METRICS).map((name) =>
  name === 'topKAccuracy' ? 'top5Accuracy' : name,
)

const STANDARD: readonly string[] = ['loss', 'accuracy'] satisfies StandardMetric[]

/** Whether it is the name of a metric. */
export function isMetric(name: unknown): name is MetricName | StandardMetric {
  if (typeof name !== 'string') return false
  return topOf(name) !== null || (name !== 'topKAccuracy' && Object.hasOwn(METRICS, name))
}

/** Whether it is the name of a metric that is computed on request. */
export function isOnRequest(name: unknown): name is MetricName {
  return isMetric(name) && !STANDARD.includes(name)
}

/**
 * @param where what messages call the value
 * @param or alternative to name in messages
 * @throws NativeMlpError INVALID_ARGUMENT for what is not the name of a metric
 */
export function checkMetricName(where: string, value: unknown, or = ''): MetricName | StandardMetric {
  if (isMetric(value)) return value
  const near = typeof value === 'string' && value.length > 3 ? closest(value, METRIC_WORDS) : undefined
  const names = METRIC_WORDS.map((name) => `'${name}'`).join(', ')
  throw invalidArgument(
    where,
    `${near === undefined ? `one of ${names}` : `the name of a metric, maybe '${near}'`}${or}`,
    value,
  )
}
