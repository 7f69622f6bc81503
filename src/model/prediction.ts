import type { Backend } from '../backend/backend.js'
import { NativeMlpError } from '../core/errors.js'
import type { LayerShape, Loss } from '../core/types.js'
import type { TableTransform } from '../table/transform.js'
import type { InputContract } from './inputs.js'
import { LOSS_INFO } from './losses.js'
import { inSlices, type SliceOptions } from './slices.js'

/** The parts of a model that prediction uses. */
export interface PredictingModel extends InputContract {
  readonly backend: Backend
  readonly layers: readonly LayerShape[]
  readonly parameters: Float32Array
  readonly loss: Loss
  readonly outputs: number
  /** what the columns of raw rows mean; null or undefined: unknown */
  readonly table?: TableTransform | null
}

export interface Prediction {
  /**
   * [n] class of each row: arg max of the outputs, the lowest on ties; for binary cross-entropy with one output, 1 if it is
   * above 0, else 0, and with several outputs [n][outputs] 0 or 1; empty for regression
   */
  readonly classes: Int32Array
  /** [n][outputs] softmax or sigmoid of the outputs; empty for regression */
  readonly probabilities: Float32Array
  /** [n][outputs] outputs of the last layer: logits for classification, predicted values for regression */
  readonly outputs: Float32Array
}

/**
 * @param outputs [n][model.outputs]; not copied
 * @throws NativeMlpError NOT_FINITE naming the first output that is not finite
 */
export function predictionOf(
  model: Pick<PredictingModel, 'loss' | 'outputs'>,
  outputs: Float32Array,
  n: number,
): Prediction {
  const prediction = emptyPrediction(model, outputs, n)
  fillRows(model, prediction, 0, n)
  return prediction
}

/** Values of outputs whose probabilities are computed in one go: less than a millisecond. */
const FEW_OUTPUTS = 1 << 13

/** The same without blocking the event loop. */
export async function predictionInSlices(
  model: PredictingModel,
  outputs: Float32Array,
  n: number,
  options: Omit<SliceOptions, 'pace'>,
): Promise<Prediction> {
  if (outputs.length <= FEW_OUTPUTS) return predictionOf(model, outputs, n)
  const prediction = emptyPrediction(model, outputs, n)
  const pace = { rows: Math.max(1, Math.floor(FEW_OUTPUTS / model.outputs)) }
  await inSlices(n, { ...options, pace }, (from, to) => fillRows(model, prediction, from, to))
  return prediction
}

function emptyPrediction(
  { loss, outputs: cols }: Pick<PredictingModel, 'loss' | 'outputs'>,
  outputs: Float32Array,
  n: number,
): Prediction {
  const { probabilities, classes } = LOSS_INFO[loss]
  if (probabilities === null) return { classes: new Int32Array(0), probabilities: new Float32Array(0), outputs }
  const chosen = new Int32Array(classes(cols) === cols ? n : outputs.length)
  return { classes: chosen, probabilities: new Float32Array(n * cols), outputs }
}

function fillRows(
  model: Pick<PredictingModel, 'loss' | 'outputs'>,
  { classes, probabilities, outputs }: Prediction,
  from: number,
  to: number,
): void {
  const cols = model.outputs
  checkOutputs(outputs, cols, from, to)
  const { probabilities: fill, classes: classesOf } = LOSS_INFO[model.loss]
  if (fill === null) return
  fill(outputs, probabilities, cols, from, to)
  if (classesOf(cols) === cols) chooseLargest(outputs, cols, from, to, classes)
  else for (let i = from * cols; i < to * cols; i++) classes[i] = outputs[i] > 0 ? 1 : 0
}

/** What a model says of the classes it tells apart. */
export interface ClassProbabilities {
  /** how many there are, C */
  readonly classes: number
  /** [n][C] */
  readonly probabilities: Float32Array
}

/**
 * The probability of each class. One output of binary cross-entropy stands for both classes.
 *
 * @returns null where the outputs are not one choice among classes
 */
export function classProbabilities(
  { loss, outputs }: Pick<PredictingModel, 'loss' | 'outputs'>,
  { probabilities }: Prediction,
): ClassProbabilities | null {
  const classes = LOSS_INFO[loss].classes(outputs)
  if (classes === 0) return null
  if (classes === outputs) return { classes, probabilities }
  const both = new Float32Array(2 * probabilities.length)
  probabilities.forEach((p, r) => {
    both[2 * r] = 1 - p
    both[2 * r + 1] = p
  })
  return { classes, probabilities: both }
}

function chooseLargest(outputs: Float32Array, cols: number, from: number, to: number, classes: Int32Array): void {
  for (let r = from; r < to; r++) {
    let best = r * cols
    for (let i = best + 1; i < (r + 1) * cols; i++) if (outputs[i] > outputs[best]) best = i
    classes[r] = best - r * cols
  }
}

function checkOutputs(outputs: Float32Array, cols: number, from: number, to: number): void {
  let zeros = 0
  for (let i = from * cols; i < to * cols; i++) zeros += outputs[i] * 0
  if (zeros === 0) return
  const at = outputs.findIndex((value) => !Number.isFinite(value))
  const where = `predict: output ${at % cols} of row ${Math.floor(at / cols)}`
  const reason = 'its inputs or the parameters of the model are too large'
  throw new NativeMlpError('NOT_FINITE', `${where} is ${outputs[at]}: ${reason}`)
}
