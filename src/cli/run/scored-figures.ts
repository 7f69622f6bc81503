import type { ReliabilityBin } from '../../core/results.js'
import type { Samples } from '../../data/samples.js'
import type { MLP } from '../../model/mlp.js'
import type { Prediction } from '../../model/prediction.js'
import type { NamedPrecisionRecallCurve, NamedRocCurve, PredictedColumn } from '../../plot/index.js'
import { formatValue } from '../../plot/page/text.js'
import { reliabilityOf } from '../../train/metrics/calibration.js'
import { precisionRecallCurve, rocCurve } from '../../train/metrics/curves.js'
import { ScoredRows } from '../../train/metrics/scored.js'
import { mae, r2, rmse } from '../../train/metrics/values.js'

/** Rows with labels or targets, and a model's prediction for them. */
export interface PredictedRows {
  readonly rows: Samples
  readonly model: MLP
  readonly prediction: Prediction
}

/** Curves of more classes are unreadable, and one takes a sort of all rows. */
const MAX_CLASSES = 50

/** Of class 1 of two, else of each class against the others, or of each label, where there are rows of both kinds. */
export function rocCurves(predicted: PredictedRows): NamedRocCurve[] {
  return decisions(predicted)
    .filter(({ isPositive }) => isPositive.some((is) => is) && isPositive.some((is) => !is))
    .map(({ name, isPositive, scores }) => ({ name, ...rocCurve(isPositive, scores) }))
}

/** As `rocCurves`, where there are positive rows. */
export function precisionRecallCurves(predicted: PredictedRows): NamedPrecisionRecallCurve[] {
  return decisions(predicted)
    .filter(({ isPositive }) => isPositive.some((is) => is))
    .map(({ name, isPositive, scores }) => ({ name, ...precisionRecallCurve(isPositive, scores) }))
}

/** Null for a model that does not choose among classes. */
export function reliability(predicted: PredictedRows): ReliabilityBin[] | null {
  const scored = scoredRows(predicted)
  return scored.task === 'classes' ? reliabilityOf(scored) : null
}

/** One for each output of a regression; empty for a classifier. */
export function valueColumns(predicted: PredictedRows): PredictedColumn[] {
  const { task, count, cols, targets, outputs } = scoredRows(predicted)
  if (task !== 'values') return []
  return Array.from({ length: cols }, (_, c) => {
    const column = (values: Float32Array) => Float32Array.from({ length: count }, (__, r) => values[r * cols + c])
    const [actual, values] = [column(targets), column(outputs)]
    const own = { count, cols: 1, targets: actual, outputs: values }
    const fit = count > 1 ? `R² ${formatValue(r2(own))}, ` : ''
    const note = `${fit}RMSE ${formatValue(rmse(own))}, MAE ${formatValue(mae(own))}`
    const name = predicted.model.classNames?.[c] ?? (cols === 1 ? 'output' : `output ${c}`)
    return { name, actual, predicted: values, note }
  })
}

function scoredRows({ rows, model, prediction }: PredictedRows): ScoredRows {
  return new ScoredRows(model, rows, prediction.outputs, prediction.classes)
}

interface Decision {
  readonly name: string
  readonly isPositive: readonly boolean[]
  readonly scores: Float64Array
}

/** A yes or no for each class or label; one for two classes. */
function decisions(predicted: PredictedRows): Decision[] {
  const scored = scoredRows(predicted)
  const { task, cols, count } = scored
  if (task === 'values' || cols > MAX_CLASSES) return []
  const first = task === 'classes' && cols === 2 ? 1 : 0
  return Array.from({ length: cols - first }, (_, i) => i + first).map((c) => ({
    name: nameOf(predicted, c, task === 'classes' ? 'class' : 'label'),
    isPositive: Array.from({ length: count }, (__, r) => scored.isPositive(r, c)),
    scores: scored.scores(c),
  }))
}

function nameOf({ rows, model }: PredictedRows, c: number, kind: string): string {
  const name = model.classNames?.[c] ?? rows.classNames[c] ?? String(c)
  return name === String(c) ? `${kind} ${c}` : name
}
