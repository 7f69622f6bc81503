import { invalidArgument } from '../../core/errors.js'
import type { Batch, Layer, LayerOutput, Matrix } from '../operands.js'
import { checkSlots, encodeRule, RULE_VALUES, type UpdateRule } from '../rules.js'
import { activate, timesDerivative } from './activations.js'
import { BatchColumns, BatchRows } from './batch-operands.js'
import { ForwardSums, PlainSums, UpdateSums } from './destinations.js'
import { ownBatch } from './inputs.js'
import { type LeftOperand, RightOperand, StridedOperand } from './operands.js'
import {
  type Destination,
  denseProduct,
  listsFit,
  type Rectangle,
  type SparseOperand,
  sparseProduct,
  whole,
} from './product.js'
import { RuleStep } from './rules.js'
import { expectShape, parameterLength } from './storage.js'

/* One of each is enough, since one operation runs at a time; a step then allocates nothing. */
const left = new StridedOperand()
const right = new RightOperand()
const batchRows = new BatchRows()
const batchColumns = new BatchColumns()
const forwardSums = new ForwardSums()
const updateSums = new UpdateSums()
const ruleStep = new RuleStep()
const encodedRule = new Float64Array(RULE_VALUES)
const plainSums = new PlainSums()
let columnSums = new Float64Array(0)

/** out [B][N] = act(input [B][K] x weights [K][N] + biases [N]), or a part of it. */
export function forward(
  input: Batch | Matrix,
  layer: Layer,
  out: LayerOutput,
  part: Rectangle = whole(input.rows, layer.outputs),
): void {
  const { inputs: K, outputs: N } = layer
  checkLayer(layer)
  expectShape('forward input', input, input.rows, K)
  expectShape('forward output', out, input.rows, N)
  if (out.activation !== layer.activation) {
    throw invalidArgument('forward output activation', `'${layer.activation}' as the layer has`, out.activation)
  }
  right.set(layer.parameters, 0, N, 1)
  product(input, false, K, part, forwardSums.set(layer.parameters, K * N, out))
  out.rows = input.rows
  activate(out, part)
}

/** gradIn [B][K] = (gradOut [B][N] x weights^T) * act'(previous), or a part of it. */
export function backward(
  gradOut: Matrix,
  layer: Layer,
  previous: LayerOutput,
  gradIn: Matrix,
  part: Rectangle = whole(gradOut.rows, layer.inputs),
): void {
  const { inputs: K, outputs: N } = layer
  checkLayer(layer)
  expectShape('backward gradient', gradOut, gradOut.rows, N)
  expectShape('backward previous output', previous, gradOut.rows, K)
  expectShape('backward result', gradIn, gradOut.rows, K)
  if (previous.rows !== gradOut.rows) {
    throw invalidArgument('backward previous output', `${gradOut.rows} rows as the gradient has`, previous.rows)
  }
  gradIn.rows = gradOut.rows
  right.set(layer.parameters, 0, 1, N)
  left.set(gradOut.values, 0, gradOut.stride, 1, 1)
  denseProduct(left, right, part, N, plainSums.set(gradIn.values, gradIn.stride))
  timesDerivative(gradIn, previous, part)
}

/** parameters <- rule(parameters, input^T x gradOut): the gradient is rounded to float32, as `gradient` would store it. */
export function update(
  input: Batch | Matrix,
  gradOut: Matrix,
  layer: Layer,
  rule: UpdateRule,
  slots: Float32Array | null = null,
): void {
  const length = parameterLength(layer.inputs, layer.outputs)
  checkSlots(rule, slots, length)
  updateBy(ruleStep.set(encodeRule(rule, encodedRule), slots, length, false), input, gradOut, layer)
}

/**
 * `update` with an encoded rule; the slots of `step` begin with those of this layer.
 *
 * @param part of the parameters [K + 1][N], whose last row are the biases
 */
export function updateBy(
  step: RuleStep,
  input: Batch | Matrix,
  gradOut: Matrix,
  layer: Layer,
  part: Rectangle = whole(layer.inputs + 1, layer.outputs),
): void {
  const { inputs: K, outputs: N, parameters } = layer
  checkGradient('update', input, gradOut, layer)
  right.set(gradOut.values, 0, gradOut.stride, 1)
  const { row0, rowEnd, col0, colEnd } = part
  const weights = rowEnd > K ? { ...part, rowEnd: K } : part
  if (row0 < K) product(input, true, gradOut.rows, weights, updateSums.set(layer, step))
  if (rowEnd <= K) return
  sumColumns(gradOut, col0, colEnd)
  const biases = { parameters, at: K * N + col0, stride: N, rows: 1, cols: colEnd - col0, areBiases: true }
  step.run({ ...biases, gradients: columnSums, from: col0, width: N })
}

/**
 * weightsGradient [K][N] = input^T x gradOut; biasesGradient [N] = column sums of gradOut.
 *
 * @param part of the gradients [K + 1][N], whose last row are those of the biases
 */
export function gradient(
  input: Batch | Matrix,
  gradOut: Matrix,
  layer: Layer,
  weightsGradient: Float32Array,
  biasesGradient: Float32Array,
  part: Rectangle = whole(layer.inputs + 1, layer.outputs),
): void {
  const { inputs: K, outputs: N } = layer
  checkGradient('gradient', input, gradOut, layer)
  if (weightsGradient.length < K * N) {
    throw invalidArgument('gradient of the weights', `at least ${K} x ${N} values`, weightsGradient)
  }
  if (biasesGradient.length < N) throw invalidArgument('gradient of the biases', `at least ${N} values`, biasesGradient)
  right.set(gradOut.values, 0, gradOut.stride, 1)
  const { row0, rowEnd, col0, colEnd } = part
  const weights = rowEnd > K ? { ...part, rowEnd: K } : part
  if (row0 < K) product(input, true, gradOut.rows, weights, plainSums.set(weightsGradient, N))
  if (rowEnd <= K) return
  sumColumns(gradOut, col0, colEnd)
  for (let j = col0; j < colEnd; j++) biasesGradient[j] = Math.fround(columnSums[j]) + 0
}

/** A part of input x right, or of input^T x right when `transposed`; `terms` is the length of the sums. */
function product(
  input: Batch | Matrix,
  transposed: boolean,
  terms: number,
  part: Rectangle,
  destination: Destination,
): void {
  if (input.kind === 'matrix') {
    left.set(input.values, 0, transposed ? 1 : input.stride, transposed ? input.stride : 1, 1)
    denseProduct(left, right, part, terms, destination)
    return
  }
  const batch = ownBatch(input)
  const operand: LeftOperand & SparseOperand = transposed ? batchColumns.set(batch) : batchRows.set(batch)
  if (batch.sparse && listsFit(terms)) sparseProduct(operand, right, part, terms, destination)
  else denseProduct(operand, right, part, terms, destination)
}

/** columnSums[j] = sum of column j of gradOut over its rows, in order, for j = col0 .. colEnd-1. */
function sumColumns(gradOut: Matrix, col0: number, colEnd: number): void {
  const { rows, cols, stride, values } = gradOut
  if (columnSums.length < cols) columnSums = new Float64Array(cols)
  columnSums.fill(0, col0, colEnd)
  for (let r = 0; r < rows; r++) {
    for (let j = col0; j < colEnd; j++) columnSums[j] += values[r * stride + j]
  }
}

function checkLayer(layer: Layer): void {
  const length = parameterLength(layer.inputs, layer.outputs)
  if (layer.parameters.length < length) {
    throw invalidArgument('layer parameters', `at least ${length} values`, layer.parameters)
  }
}

function checkGradient(name: string, input: Batch | Matrix, gradOut: Matrix, layer: Layer): void {
  checkLayer(layer)
  expectShape(`${name} input`, input, gradOut.rows, layer.inputs)
  expectShape(`${name} gradient`, gradOut, gradOut.rows, layer.outputs)
  if (input.rows !== gradOut.rows) {
    throw invalidArgument(`${name} gradient`, `${input.rows} rows as the input has`, gradOut.rows)
  }
}
