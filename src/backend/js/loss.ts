import { log, softmaxExp } from '../../core/elementary.js'
import { invalidArgument } from '../../core/errors.js'
import type { LayerOutput, Matrix } from '../backend.js'
import { timesDerivative } from './activations.js'
import { expectShape } from './storage.js'

/** Sum of e^(z - max) of the row treated last; a typed array, because a number in a variable would be allocated anew. */
const partition = new Float64Array(1)

export function softmaxCrossEntropy(
  logits: Matrix,
  labels: Int32Array,
  gradient: Matrix | null,
  rowLosses: Float64Array,
): number {
  const { rows, cols, stride, values } = logits
  checkRows('softmaxCrossEntropy', labels.length, rowLosses.length, rows)
  if (gradient !== null) {
    expectShape('softmaxCrossEntropy gradient', gradient, rows, cols)
    gradient.rows = rows
  }
  let correct = 0
  for (let r = 0; r < rows; r++) {
    const at = r * stride
    const best = argMax(values, at, cols)
    rowLosses[r] = softmaxLoss(values, at, cols, best, labels[r])
    if (best === labels[r]) correct++
    if (gradient !== null) {
      softmaxGradient(values, at, cols, best, labels[r], rows, gradient.values, r * gradient.stride)
    }
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

/** gradient = (softmax(z) - onehot) / rows, of the row `softmaxLoss` has just treated. */
function softmaxGradient(
  values: Float32Array,
  at: number,
  cols: number,
  best: number,
  label: number,
  rows: number,
  gradient: Float32Array,
  to: number,
): void {
  const max = values[at + best]
  for (let c = 0; c < cols; c++) {
    const p = softmaxExp(values[at + c] - max) / partition[0]
    gradient[to + c] = (c === label ? p - 1 : p) / rows
  }
}

export function meanSquaredError(
  output: LayerOutput,
  targets: Float32Array,
  gradient: Matrix | null,
  rowLosses: Float64Array,
): void {
  const { rows, cols, stride, values } = output
  checkRows('meanSquaredError', Math.floor(targets.length / cols), rowLosses.length, rows)
  if (gradient !== null) {
    expectShape('meanSquaredError gradient', gradient, rows, cols)
    gradient.rows = rows
  }
  for (let r = 0; r < rows; r++) {
    let sum = 0
    for (let c = 0; c < cols; c++) {
      const difference = values[r * stride + c] - targets[r * cols + c]
      sum += difference * difference
      if (gradient !== null) gradient.values[r * gradient.stride + c] = (2 * difference) / (rows * cols)
    }
    rowLosses[r] = sum / cols
  }
  if (gradient !== null) timesDerivative(gradient, output)
}

function checkRows(name: string, given: number, losses: number, rows: number): void {
  if (given < rows) throw invalidArgument(`${name} labels or targets`, `${rows} rows`, given)
  if (losses < rows) throw invalidArgument(`${name} rowLosses`, `room for ${rows} rows`, losses)
}
