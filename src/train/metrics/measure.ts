import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import {
  checkMetricName,
  isOnRequest,
  METRIC_WORDS,
  type MetricKey,
  type MetricName,
  type MetricValues,
  metricRow,
  type StandardMetric,
  topOf,
} from '../../core/metrics.js'
import type { Samples } from '../../data/samples.js'
import { LOSS_INFO } from '../../model/losses.js'
import { calibrationError } from './calibration.js'
import { balancedAccuracy, f1Macro, f1Micro, topKAccuracy } from './classes.js'
import { rocAuc } from './curves.js'
import { brierScore, logLoss } from './probabilities.js'
import { type ScoredModel, type ScoredRows, taskOf } from './scored.js'
import { mae, r2, rmse } from './values.js'

type Computed = Exclude<MetricKey, StandardMetric | 'topKAccuracy'>

const COMPUTE: Readonly<Record<Computed, (rows: ScoredRows) => number>> = {
  balancedAccuracy,
  f1Macro,
  f1Micro,
  rocAuc,
  logLoss,
  brierScore,
  calibrationError,
  r2,
  rmse,
  mae,
}

/** @param rows of a model and a set that have passed `checkMetricOfModel` */
export function measureMetrics(names: readonly MetricName[], rows: ScoredRows): MetricValues {
  return Object.fromEntries(
    names.map((name) => {
      const k = topOf(name)
      return [name, k === null ? COMPUTE[name as Computed](rows) : topKAccuracy(rows, k)]
    }),
  )
}

/**
 * Checks that a metric is defined for a model.
 *
 * @param where what messages call the metric
 * @throws NativeMlpError INVALID_ARGUMENT for an unknown name, and for a metric that is not defined for the model
 */
export function checkMetricOfModel(where: string, name: unknown, model: ScoredModel): MetricName | StandardMetric {
  const known = checkMetricName(where, name)
  const reason = undefinedForModel(known, model)
  if (reason === null) return known
  throw new NativeMlpError('INVALID_ARGUMENT', `${where}: '${known}' is not defined ${reason}`)
}

/**
 * @param where what messages call the list
 * @throws NativeMlpError INVALID_ARGUMENT as `checkMetricOfModel`, and for what is not a list
 */
export function checkMetrics(where: string, names: unknown, model: ScoredModel): MetricName[] {
  if (!Array.isArray(names)) throw invalidArgument(where, "a list of metrics, e.g. ['f1Macro']", names)
  const checked = names.map((name, i) => checkMetricOfModel(`${where}[${i}]`, name, model))
  return [...new Set(checked.filter(isOnRequest))]
}

/**
 * @param data a set that has passed `checkSet` with the model
 * @param where what messages call the set
 * @param weights [n] of its rows; null: all are equal
 * @throws NativeMlpError INVALID_ARGUMENT for a metric that is not defined for the rows of the set
 */
export function checkMetricOfSet(
  name: MetricName,
  model: ScoredModel,
  data: Samples,
  where: string,
  weights: Float64Array | null = null,
): void {
  const reason = undefinedForRows(name, model, data, weights)
  if (reason === null) return
  throw new NativeMlpError('INVALID_ARGUMENT', `${where}: '${name}' is not defined: ${reason}`)
}

/** Every metric that suits the model, with the reason why it is not defined for these rows, or null. */
export function suitableMetrics(model: ScoredModel, data: Samples): { name: MetricName; problem: string | null }[] {
  return METRIC_WORDS.filter(isOnRequest)
    .filter((name) => undefinedForModel(name, model) === null)
    .map((name) => ({ name, problem: undefinedForRows(name, model, data) }))
}

/** 'with loss ...', or null for a metric that the model has. */
function undefinedForModel(name: MetricName | StandardMetric, model: ScoredModel): string | null {
  const { loss, outputs } = model
  const several = taskOf(model) === 'labels' ? ` and ${outputs} outputs` : ''
  if (!metricRow(name).tasks.includes(taskOf(model))) return `with loss '${loss}'${several}`
  const k = topOf(name)
  const classes = LOSS_INFO[loss].classes(outputs)
  return k !== null && k >= classes ? `for ${classes} classes: it would be 1 for every model` : null
}

/** Why a metric that the model has is not defined for these rows; null if it is. */
export function undefinedForRows(
  name: MetricName,
  model: ScoredModel,
  { rows, labels, targets }: Samples,
  weights: Float64Array | null = null,
): string | null {
  const { loss, outputs } = model
  const task = taskOf(model)
  if (name === 'r2' && rows.length < 2) return 'it needs at least two rows'
  if (task === 'labels') {
    const soft = softTarget(rows, targets!, outputs)
    if (soft !== null) return `it needs targets 0 or 1, and target ${soft.col} of row ${soft.row} is ${soft.target}`
  }
  if (name !== 'rocAuc') return null
  const classes = LOSS_INFO[loss].classes(outputs) || outputs
  const supports = new Float64Array(classes)
  let counted = 0
  rows.forEach((row, r) => {
    if (weights && weights[r] === 0) return
    counted++
    if (task === 'classes') supports[labels![row]]++
    else for (let c = 0; c < classes; c++) supports[c] += targets![row * outputs + c]
  })
  const what = task === 'classes' ? 'class' : 'label'
  const which = weights ? 'row with a weight above 0' : 'row'
  const absent = supports.indexOf(0)
  if (absent >= 0) return `no ${which} has ${what} ${absent}`
  const only = supports.indexOf(counted)
  return only >= 0 ? `every ${which} has ${what} ${only}` : null
}

function softTarget(rows: Int32Array, targets: Float32Array, cols: number) {
  for (let row = 0; row < rows.length; row++) {
    for (let col = 0; col < cols; col++) {
      const target = targets[rows[row] * cols + col]
      if (target !== 0 && target !== 1) return { row, col, target }
    }
  }
  return null
}
