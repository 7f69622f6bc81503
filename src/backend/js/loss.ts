import { log, sigmoid, softmaxExp } from '../../core/elementary.js'
import { invalidArgument } from '../../core/errors.js'
import { isInt32Array } from '../../core/typed-arrays.js'
import type { Loss } from '../../core/types.js'
import type { LayerOutput, Matrix } from '../operands.js'
import { timesDerivative } from './activations.js'
import { whole } from './product.js'
import { expectShape } from './storage.js'

/** Sum of e^(z - max) of the last row; a typed array, because a variable would allocate a number each time. */
const partition = new Float64Array(1)

/** Whether a loss with this number of outputs takes classes; else targets. */
export function takesLabels(kind: Loss, outputs: number): boolean {
  return kind === 'softmaxCrossEntropy' || (kind === 'binaryCrossEntropy' && outputs === 1)
}

/** The loss of each row, see `Backend.loss`, or of the rows from..to-1 alone; `smoothing`: see `StepValues`. */
export function loss(
  kind: Loss,
  output: LayerOutput,
  truth: Int32Array | Float32Array,
  gradient: Matrix | null,
  rowLosses: Float64Array,
  smoothing = 0,
  from = 0,
  to = output.rows,
): number {
  const { rows, cols } = output
  if (isInt32Array(truth) !== takesLabels(kind, cols) && !(kind === 'binaryCrossEntropy' && cols === 1)) {
    throw invalidArgument('truth', takesLabels(kind, cols) ? 'classes in an Int32Array' : 'targets', truth)
  }
  const given = isInt32Array(truth) ? truth.length : Math.floor(truth.length / cols)
  if (given < rows) throw invalidArgument(`${kind} labels or targets`, `${rows} rows`, given)
  if (rowLosses.length < rows) throw invalidArgument(`${kind} rowLosses`, `room for ${rows} rows`, rowLosses)
  if (gradient !== null) {
    expectShape(`${kind} gradient`, gradient, rows, cols)
    gradient.rows = rows
  }
  switch (kind) {
    case 'softmaxCrossEntropy':
      return softmaxCrossEntropy(output, truth as Int32Array, gradient, rowLosses, smoothing, from, to)
    case 'binaryCrossEntropy':
      return binaryCrossEntropy(output, truth, gradient, rowLosses, smoothing, from, to)
    case 'huber':
    case 'meanSquaredError':
      regressionLoss(kind, output, truth as Float32Array, gradient, rowLosses, from, to)
      return 0
  }
}

function softmaxCrossEntropy(
  { rows, cols, stride, values }: Matrix,
  labels: Int32Array,
  gradient: Matrix | null,
  rowLosses: Float64Array,
  smoothing: number,
  from: number,
  to: number,
): number {
  let correct = 0
  for (let r = from; r < to; r++) {
    const at = r * stride
    const best = argMax(values, at, cols)
    rowLosses[r] = softmaxLoss(values, at, cols, best, labels[r])
    if (smoothing > 0) {
      rowLosses[r] = (1 - smoothing) * rowLosses[r] + smoothing * uniformLoss(values, at, cols, best)
    }
    if (best === labels[r]) correct++
    if (gradient !== null) {
      softmaxGradient(values, at, cols, best, labels[r], rows, smoothing, gradient.values, r * gradient.stride)
    }
  }
  return correct
}

/** `truth`: the label of each row, 0 or 1, for one output; or targets [rows][cols]. */
function binaryCrossEntropy(
  { rows, cols, stride, values }: Matrix,
  truth: Int32Array | Float32Array,
  gradient: Matrix | null,
  rowLosses: Float64Array,
  smoothing: number,
  from: number,
  to: number,
): number {
  let correct = 0
  for (let r = from; r < to; r++) {
    if (isInt32Array(truth) && truth[r] !== 0 && truth[r] !== 1) throw invalidArgument('label', '0 or 1', truth[r])
    let sum = 0
    let zeros = 0
    let right = true
    for (let c = 0; c < cols; c++) {
      const z = values[r * stride + c]
      const given = truth[r * cols + c]
      const t = (1 - smoothing) * given + smoothing / 2
      sum += Math.max(z, 0) - z * t + log(1 + softmaxExp(-Math.abs(z)))
      zeros += z * 0
      if (z > 0 !== given > 0.5) right = false
      if (gradient !== null) {
        gradient.values[r * gradient.stride + c] = Math.fround((sigmoid(z) - t) / (rows * cols)) + 0
      }
    }
    rowLosses[r] = zeros === 0 ? sum / cols : Number.NaN
    if (right) correct++
  }
  return correct
}

/** Lowest index of the largest value. */
export function argMax(values: Float32Array, at: number, cols: number): number {
  let best = 0
  for (let c = 1; c < cols; c++) if (values[at + c] > values[at + best]) best = c
  return best
}

/** logsumexp(z) - z[label] of one row, NaN if a logit is not finite. `best` is the row's arg max. */
export function softmaxLoss(values: Float32Array, at: number, cols: number, best: number, label: number): number {
  if (label < 0 || label >= cols) throw invalidArgument('label', `a class 0..${cols - 1}`, label)
  const max = values[at + best]
  let sum = 0
  let zeros = 0
  for (let c = 0; c < cols; c++) {
    const z = values[at + c]
    zeros += z * 0
    sum += softmaxExp(z - max)
  }
  partition[0] = zeros === 0 ? sum : Number.NaN
  return log(partition[0]) + (max - values[at + label])
}

/** logsumexp(z) - mean z, of the last row of `softmaxLoss`. */
function uniformLoss(values: Float32Array, at: number, cols: number, best: number): number {
  let sum = 0
  for (let c = 0; c < cols; c++) sum += values[at + c]
  return log(partition[0]) + (values[at + best] - sum / cols)
}

/** gradient = (softmax(z) - q) / rows, of the last row of `softmaxLoss`; q = (1 - smoothing) onehot + smoothing / cols. */
function softmaxGradient(
  values: Float32Array,
  at: number,
  cols: number,
  best: number,
  label: number,
  rows: number,
  smoothing: number,
  gradient: Float32Array,
  to: number,
): void {
  const max = values[at + best]
  for (let c = 0; c < cols; c++) {
    const p = softmaxExp(values[at + c] - max) / partition[0]
    const q = (c === label ? 1 - smoothing : 0) + smoothing / cols
    gradient[to + c] = (p - q) / rows
  }
}

function regressionLoss(
  kind: 'meanSquaredError' | 'huber',
  output: LayerOutput,
  targets: Float32Array,
  gradient: Matrix | null,
  rowLosses: Float64Array,
  from: number,
  to: number,
): void {
  const { rows, cols, stride, values } = output
  for (let r = from; r < to; r++) {
    let sum = 0
    for (let c = 0; c < cols; c++) {
      const difference = values[r * stride + c] - targets[r * cols + c]
      const size = Math.abs(difference)
      sum += kind === 'meanSquaredError' ? size * size : size <= 1 ? 0.5 * size * size : size - 0.5
      const slope = kind === 'meanSquaredError' ? 2 * difference : Math.max(-1, Math.min(1, difference))
      if (gradient !== null) gradient.values[r * gradient.stride + c] = slope / (rows * cols)
    }
    rowLosses[r] = sum / cols
  }
  if (gradient !== null) timesDerivative(gradient, output, { ...whole(rows, cols), row0: from, rowEnd: to })
}
