import { sigmoid, softmaxExp } from '../core/elementary.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { Activation, Loss } from '../core/types.js'

/** Classes of a set's labels (0 without labels) and columns of its targets (0 without). */
export interface SetTruth {
  readonly classes: number
  readonly targetCols: number
}

/**
 * Properties of a loss for labels, outputs, probabilities and metrics. The backends compute it; `Backend.loss` documents its
 * formula.
 */
export interface LossInfo {
  /** whether a network with this many outputs is trained on class labels; otherwise on targets */
  readonly takesLabels: (outputs: number) => boolean
  /** number of classes of a network with this many outputs; 0 for multi-label and regression */
  readonly classes: (outputs: number) => number
  /** number of network outputs for such a set; 0 if the loss is incompatible with it */
  readonly outputsFor: (set: SetTruth) => number
  /** what `outputsFor` needs, for messages */
  readonly needs: string
  /** whether the accuracy is defined */
  readonly hasAccuracy: boolean
  /** whether the loss applies its own activation to the outputs, which are then logits */
  readonly takesLogits: boolean
  /** smallest and largest target, or null for any */
  readonly targetRange: readonly [number, number] | null
  /** probabilities of rows from..to-1 from their outputs, both [n][cols], sums in double; null for regression */
  readonly probabilities:
    | ((outputs: Float32Array, into: Float32Array | Float64Array, cols: number, from: number, to: number) => void)
    | null
}

const REGRESSION: LossInfo = {
  takesLabels: () => false,
  classes: () => 0,
  outputsFor: ({ targetCols }) => targetCols,
  needs: 'targets',
  hasAccuracy: false,
  takesLogits: false,
  targetRange: null,
  probabilities: null,
}

export const LOSS_INFO: Readonly<Record<Loss, LossInfo>> = {
  softmaxCrossEntropy: {
    takesLabels: () => true,
    classes: (outputs) => outputs,
    outputsFor: ({ classes }) => (classes > 1 ? classes : 0),
    needs: 'labels of at least two classes',
    hasAccuracy: true,
    takesLogits: true,
    targetRange: null,
    probabilities: softmaxRows,
  },
  meanSquaredError: REGRESSION,
  // squared up to a difference of 1, linear beyond (Huber, 1964)
  huber: REGRESSION,
  // one output: class 1 or class 0; several: independent binary outputs (multi-label)
  binaryCrossEntropy: {
    takesLabels: (outputs) => outputs === 1,
    classes: (outputs) => (outputs === 1 ? 2 : 0),
    outputsFor: ({ classes, targetCols }) => (targetCols > 0 ? targetCols : classes <= 2 ? 1 : 0),
    needs: 'labels of at most two classes, or targets from 0 to 1',
    hasAccuracy: true,
    takesLogits: true,
    targetRange: [0, 1],
    probabilities: sigmoidRows,
  },
}

/**
 * Outputs of a network that is trained with this loss on such a set.
 *
 * @throws NativeMlpError INVALID_ARGUMENT where the set has not what the loss needs
 */
export function outputsFor(loss: Loss, set: SetTruth): number {
  const { outputsFor: count, needs } = LOSS_INFO[loss]
  const outputs = count(set)
  if (outputs > 0) return outputs
  const labels = set.classes === 1 ? 'labels of 1 class' : `labels of ${set.classes} classes`
  const has = set.classes > 0 ? labels : `${set.targetCols} columns of targets`
  throw new NativeMlpError('INVALID_ARGUMENT', `loss: '${loss}' needs ${needs}, the data have ${has}`)
}

/** Number of class names of a model with this loss and this many outputs: one per class, else one per output. */
export function nameCount(loss: Loss, outputs: number): number {
  return LOSS_INFO[loss].classes(outputs) || outputs
}

/** @throws NativeMlpError INVALID_ARGUMENT if the loss is incompatible with the output activation or the number of outputs */
export function checkLoss(loss: Loss, outputActivation: Activation, outputs: number): void {
  if (loss === 'softmaxCrossEntropy' && outputs === 1) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      "layers: loss 'softmaxCrossEntropy' needs at least two outputs, one per class, got 1: the softmax of one output is " +
        "always 1; for two classes use loss 'binaryCrossEntropy' with one output, or two outputs",
    )
  }
  if (LOSS_INFO[loss].takesLogits && outputActivation !== 'identity') {
    const own = loss === 'softmaxCrossEntropy' ? 'softmax' : 'sigmoid'
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `outputActivation: '${outputActivation}' is incompatible with loss '${loss}', which applies the ${own} ` +
        `itself: use 'identity', or loss 'meanSquaredError'`,
    )
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT for a target outside the range of the loss; targets [n][cols] */
export function checkTargetRange(
  loss: Loss,
  targets: Float32Array,
  rows: Int32Array,
  cols: number,
  name: string,
): void {
  const range = LOSS_INFO[loss].targetRange
  if (range === null) return
  const [min, max] = range
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < cols; j++) {
      const target = targets[rows[i] * cols + j]
      if (target >= min && target <= max) continue
      throw invalidArgument(`${name}: target ${j} of row ${i}`, `${min} to ${max} for loss '${loss}'`, target)
    }
  }
}

/** For one row; grows to the largest number of classes. */
let exps = new Float64Array(16)

function softmaxRows(
  logits: Float32Array,
  probabilities: Float32Array | Float64Array,
  cols: number,
  from: number,
  to: number,
): void {
  if (exps.length < cols) exps = new Float64Array(cols)
  for (let r = from; r < to; r++) {
    const start = r * cols
    let max = logits[start]
    for (let c = 1; c < cols; c++) max = Math.max(max, logits[start + c])
    let sum = 0
    for (let c = 0; c < cols; c++) {
      exps[c] = softmaxExp(logits[start + c] - max)
      sum += exps[c]
    }
    for (let c = 0; c < cols; c++) probabilities[start + c] = exps[c] / sum
  }
}

function sigmoidRows(
  logits: Float32Array,
  probabilities: Float32Array | Float64Array,
  cols: number,
  from: number,
  to: number,
): void {
  for (let i = from * cols; i < to * cols; i++) probabilities[i] = sigmoid(logits[i])
}
