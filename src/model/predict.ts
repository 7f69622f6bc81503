import type { Backend, Layer } from '../backend/backend.js'
import { softmaxExp } from '../core/elementary.js'
import { NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import type { InputScale } from '../core/scale.js'
import type { Loss } from '../core/types.js'
import { asInputRows, datasetOf, type InputRows, newDataset } from './inputs.js'
import { LOSS_INFO } from './losses.js'
import { evaluateInSlices, firstPace } from './slices.js'

export interface PredictOptions {
  /** stops the prediction with an error of code ABORTED */
  readonly signal?: Signal
}

export interface Prediction {
  /** [n] class of each row: arg max of the outputs, the lowest on ties; empty for regression */
  readonly classes: Int32Array
  /** [n][C] softmax of the outputs; empty for regression */
  readonly probabilities: Float32Array
  /** [n][C] outputs of the last layer: logits for classification, the predicted values for regression */
  readonly outputs: Float32Array
}

/** What `predict` needs of a model. */
interface PredictingModel {
  readonly backend: Backend
  readonly layers: readonly Layer[]
  readonly loss: Loss
  readonly inputs: number
  readonly inputScale: InputScale
  readonly outputs: number
}

/** See `MLP.predict`. */
export async function predict(
  model: PredictingModel,
  inputs: InputRows | Float32Array | Uint8Array,
  { signal }: PredictOptions,
): Promise<Prediction> {
  const { backend, layers, outputs: classes } = model
  const rows = asInputRows(inputs, model.inputs, model.inputScale)
  const dataset = rows === inputs ? datasetOf(backend, rows, 'inputs') : newDataset(backend, rows, 'inputs')
  const isClassifier = LOSS_INFO[model.loss].task === 'classification'
  const n = rows.rows.length
  const outputs = new Float32Array(n * classes)
  const predicted = new Int32Array(n)
  const probabilities = new Float32Array(isClassifier ? n * classes : 0)
  const buffers = { labels: null, rowLosses: null, predicted, outputs }
  await evaluateInSlices(backend, backend.evaluator(dataset, layers), layers, rows.rows, buffers, {
    signal,
    pace: firstPace(layers),
    what: 'predict',
    afterSlice: isClassifier ? (from, to) => softmaxRows(outputs, probabilities, classes, from, to) : undefined,
  })
  if (!backend.allFinite(outputs)) {
    const at = outputs.findIndex((value) => !Number.isFinite(value))
    const where = `predict: output ${at % classes} of row ${Math.floor(at / classes)}`
    throw new NativeMlpError(
      'NOT_FINITE',
      `${where} is ${outputs[at]}: its inputs or the parameters of the model are too large`,
    )
  }
  return { classes: isClassifier ? predicted : new Int32Array(0), probabilities, outputs }
}

/** probabilities = softmax(logits) for rows from..to-1, both [n][C]; sums in double. */
function softmaxRows(
  logits: Float32Array,
  probabilities: Float32Array,
  classes: number,
  from: number,
  to: number,
): void {
  const exps = new Float64Array(classes)
  for (let r = from; r < to; r++) {
    const start = r * classes
    let max = logits[start]
    for (let c = 1; c < classes; c++) max = Math.max(max, logits[start + c])
    let sum = 0
    for (let c = 0; c < classes; c++) {
      exps[c] = softmaxExp(logits[start + c] - max)
      sum += exps[c]
    }
    for (let c = 0; c < classes; c++) probabilities[start + c] = exps[c] / sum
  }
}
