import { invalidArgument } from '../core/errors.js'
import { ACTIVATIONS, type Activation, type LayerShape } from '../core/types.js'
import type {
  Backend,
  Batch,
  Dataset,
  EvaluationBuffers,
  Evaluator,
  Layer,
  LayerOutput,
  Matrix,
  UpdateRule,
} from './backend.js'

/** The addon as native/addon.cpp exports it. */
export interface Addon {
  readonly version: string
  readonly abi: number
  info(): AddonInfo
  open(isa: string, threads: number): AddonOperations
}

export interface AddonInfo {
  readonly version: string
  readonly abi: number
  readonly contract: number
  readonly isas: readonly { name: string; compiled: boolean; supported: boolean; automatic: boolean }[]
}

type Handle = object
type Table = Float32Array | null
type Input = Float32Array | Handle

export interface AddonOperations {
  readonly isa: string
  readonly threads: number
  misalignment(buffer: Uint8Array): number
  parameterLength(inputs: number, outputs: number): number
  pack(inputs: number, outputs: number, weights: Float32Array, biases: Float32Array, parameters: Float32Array): void
  unpack(inputs: number, outputs: number, parameters: Float32Array, weights: Float32Array, biases: Float32Array): void
  measure(values: Uint8Array | Float32Array, rows: number, cols: number, table: Table): [number, number]
  createBatch(capacity: number, cols: number, bytes: boolean, sparse: boolean, longestRow: number): Handle
  gather(
    values: Uint8Array | Float32Array,
    rows: number,
    cols: number,
    table: Table,
    rowIndices: Int32Array,
    batch: Handle,
  ): void
  forward(
    input: Input,
    stride: number,
    rows: number,
    parameters: Float32Array,
    inputs: number,
    outputs: number,
    activation: number,
    out: Float32Array,
    outStride: number,
    preActivations: Float32Array | null,
  ): void
  softmaxCrossEntropy(
    logits: Float32Array,
    stride: number,
    rows: number,
    classes: number,
    labels: Int32Array,
    gradient: Float32Array | null,
    gradientStride: number,
    rowLosses: Float64Array,
  ): number
  meanSquaredError(
    output: Float32Array,
    stride: number,
    rows: number,
    outputs: number,
    activation: number,
    preActivations: Float32Array | null,
    targets: Float32Array,
    gradient: Float32Array | null,
    gradientStride: number,
    rowLosses: Float64Array,
  ): void
  backward(
    gradOut: Float32Array,
    stride: number,
    rows: number,
    parameters: Float32Array,
    inputs: number,
    outputs: number,
    previous: Float32Array,
    previousStride: number,
    preActivations: Float32Array | null,
    activation: number,
    gradIn: Float32Array,
    gradInStride: number,
  ): void
  update(
    input: Input,
    stride: number,
    rows: number,
    gradOut: Float32Array,
    gradOutStride: number,
    parameters: Float32Array,
    inputs: number,
    outputs: number,
    learningRate: number,
    l2: number,
    l2Biases: number,
  ): void
  gradient(
    input: Input,
    stride: number,
    rows: number,
    gradOut: Float32Array,
    gradOutStride: number,
    inputs: number,
    outputs: number,
    weightsGradient: Float32Array,
    biasesGradient: Float32Array,
  ): void
  createEvaluator(cols: number, bytes: boolean, sparse: boolean, longestRow: number, widths: Int32Array): Handle
  evaluate(
    evaluator: Handle,
    values: Uint8Array | Float32Array,
    rows: number,
    cols: number,
    table: Table,
    rowIndices: Int32Array,
    activations: Int32Array,
    parameters: readonly Float32Array[],
    labels: Int32Array | null,
    rowLosses: Float64Array | null,
    predicted: Int32Array,
    outputs: Float32Array | null,
  ): void
  allFinite(values: Float32Array): boolean
  gemm: Backend['gemm']
  peak(milliseconds: number): number
}

/** Below this share of non-zero inputs the first layer multiplies lists of the non-zero ones. */
const SPARSE_BELOW = 0.5
/** Layers narrower than this multiply in lanes and take dense rows (rule 2 of the numeric contract). */
const NARROW_BELOW = 16
/** Larger batches are gathered as dense rows: lists number their rows in 16 bits. */
const MAX_LISTED_ROWS = 65_536

interface NativeDataset extends Dataset {
  /** most non-zero inputs in a row; -1 where byte 0 does not mean 0 */
  readonly longestRow: number
}
interface NativeBatch extends Batch {
  readonly handle: Handle
}
interface NativeEvaluator extends Evaluator {
  readonly handle: Handle
  readonly activations: Int32Array
}

const code = (activation: Activation) => ACTIVATIONS.indexOf(activation)

function isSparse(dataset: Dataset, outputs: number): boolean {
  return dataset.density < SPARSE_BELOW && (dataset as NativeDataset).longestRow >= 0 && outputs >= NARROW_BELOW
}

/** Floats from row to row: an odd multiple of 16, so that a column does not fall into few sets of the L1 cache. */
const rowStride = (cols: number) => (Math.ceil(cols / 16) | 1) * 16

/** The Backend interface over one instruction set and thread count of the addon. */
export function createAddonBackend(ops: AddonOperations, contract: number): Backend {
  return new NativeBackend(ops, contract)
}

class NativeBackend implements Backend {
  readonly name = 'native'
  readonly isa: string
  readonly threads: number
  readonly family: { readonly name: 'native'; readonly contract: number }
  readonly gemm: Backend['gemm']
  private readonly ops: AddonOperations

  constructor(ops: AddonOperations, contract: number) {
    this.ops = ops
    this.isa = ops.isa
    this.threads = ops.threads
    this.family = { name: 'native', contract }
    this.gemm = ops.gemm
  }

  allocate(length: number): Float32Array {
    const bytes = new Uint8Array(length * 4 + 64)
    const skip = (64 - this.ops.misalignment(bytes)) % 64
    return new Float32Array(bytes.buffer, skip, length)
  }

  parameterLength(inputs: number, outputs: number): number {
    return this.ops.parameterLength(inputs, outputs)
  }

  pack(weights: Float32Array, biases: Float32Array, layer: Layer): void {
    this.ops.pack(layer.inputs, layer.outputs, weights, biases, layer.parameters)
  }

  unpack(layer: Layer, weights: Float32Array, biases: Float32Array): void {
    this.ops.unpack(layer.inputs, layer.outputs, layer.parameters, weights, biases)
  }

  dataset(values: Uint8Array | Float32Array, rows: number, cols: number, table: Float32Array | null): Dataset {
    const [nonzeros, longestRow] = this.ops.measure(values, rows, cols, table)
    const dataset: NativeDataset = {
      rows,
      cols,
      density: rows === 0 ? 0 : nonzeros / (rows * cols),
      values,
      table,
      longestRow,
    }
    return dataset
  }

  batch(dataset: Dataset, capacity: number, outputs: number): Batch {
    const { cols, longestRow } = dataset as NativeDataset
    const sparse = isSparse(dataset, outputs) && capacity <= MAX_LISTED_ROWS
    const handle = this.ops.createBatch(capacity, cols, dataset.table !== null, sparse, Math.max(0, longestRow))
    const batch: NativeBatch = { kind: 'batch', rows: 0, cols: dataset.cols, capacity, handle }
    return batch
  }

  matrix(capacity: number, cols: number): Matrix {
    const stride = rowStride(cols)
    return { kind: 'matrix', rows: capacity, capacity, cols, stride, values: this.allocate(capacity * stride) }
  }

  layerOutput(capacity: number, shape: LayerShape): LayerOutput {
    const matrix = this.matrix(capacity, shape.outputs)
    const preActivations = shape.activation === 'gelu' ? this.allocate(capacity * matrix.stride) : null
    return { ...matrix, activation: shape.activation, preActivations }
  }

  gather(dataset: Dataset, rowIndices: Int32Array, batch: Batch): void {
    const { values, rows, cols, table } = dataset
    this.ops.gather(values, rows, cols, table, rowIndices, (batch as NativeBatch).handle)
    batch.rows = rowIndices.length
  }

  forward(input: Batch | Matrix, layer: Layer, out: LayerOutput): void {
    if (input.rows > out.capacity) throw invalidArgument('out', `room for ${input.rows} rows`, out.capacity)
    if (input.cols !== layer.inputs) throw invalidArgument('input', `${layer.inputs} columns`, input.cols)
    out.rows = input.rows
    this.ops.forward(
      operand(input),
      stride(input),
      input.rows,
      layer.parameters,
      layer.inputs,
      layer.outputs,
      code(layer.activation),
      out.values,
      out.stride,
      out.preActivations,
    )
  }

  softmaxCrossEntropy(logits: Matrix, labels: Int32Array, gradient: Matrix | null, rowLosses: Float64Array): number {
    if (gradient) gradient.rows = logits.rows
    return this.ops.softmaxCrossEntropy(
      logits.values,
      logits.stride,
      logits.rows,
      logits.cols,
      labels,
      gradient ? gradient.values : null,
      gradient ? gradient.stride : 0,
      rowLosses,
    )
  }

  meanSquaredError(output: LayerOutput, targets: Float32Array, gradient: Matrix | null, rowLosses: Float64Array): void {
    if (gradient) gradient.rows = output.rows
    this.ops.meanSquaredError(
      output.values,
      output.stride,
      output.rows,
      output.cols,
      code(output.activation),
      output.preActivations,
      targets,
      gradient ? gradient.values : null,
      gradient ? gradient.stride : 0,
      rowLosses,
    )
  }

  backward(gradOut: Matrix, layer: Layer, previous: LayerOutput, gradIn: Matrix): void {
    gradIn.rows = gradOut.rows
    this.ops.backward(
      gradOut.values,
      gradOut.stride,
      gradOut.rows,
      layer.parameters,
      layer.inputs,
      layer.outputs,
      previous.values,
      previous.stride,
      previous.preActivations,
      code(previous.activation),
      gradIn.values,
      gradIn.stride,
    )
  }

  update(input: Batch | Matrix, gradOut: Matrix, layer: Layer, rule: UpdateRule): void {
    if (input.rows !== gradOut.rows) throw invalidArgument('gradOut', `${input.rows} rows`, gradOut.rows)
    this.ops.update(
      operand(input),
      stride(input),
      input.rows,
      gradOut.values,
      gradOut.stride,
      layer.parameters,
      layer.inputs,
      layer.outputs,
      rule.learningRate,
      rule.l2,
      rule.l2Biases,
    )
  }

  gradient(
    input: Batch | Matrix,
    gradOut: Matrix,
    layer: Layer,
    weightsGradient: Float32Array,
    biasesGradient: Float32Array,
  ): void {
    if (input.rows !== gradOut.rows) throw invalidArgument('gradOut', `${input.rows} rows`, gradOut.rows)
    this.ops.gradient(
      operand(input),
      stride(input),
      input.rows,
      gradOut.values,
      gradOut.stride,
      layer.inputs,
      layer.outputs,
      weightsGradient,
      biasesGradient,
    )
  }

  evaluator(dataset: Dataset, layers: readonly Layer[]): Evaluator {
    const sparse = isSparse(dataset, layers[0].outputs)
    const widths = Int32Array.from(layers, (layer) => layer.outputs)
    const { cols, table, longestRow } = dataset as NativeDataset
    const handle = this.ops.createEvaluator(cols, table !== null, sparse, Math.max(0, longestRow), widths)
    const activations = Int32Array.from(layers, (layer) => code(layer.activation))
    const evaluator: NativeEvaluator = { kind: 'evaluator', dataset, handle, activations }
    return evaluator
  }

  evaluate(evaluator: Evaluator, rowIndices: Int32Array, layers: readonly Layer[], result: EvaluationBuffers): void {
    const { handle, dataset, activations } = evaluator as NativeEvaluator
    this.ops.evaluate(
      handle,
      dataset.values,
      dataset.rows,
      dataset.cols,
      dataset.table,
      rowIndices,
      activations,
      layers.map((layer) => layer.parameters),
      result.labels,
      result.rowLosses,
      result.predicted,
      result.outputs,
    )
  }

  allFinite(values: Float32Array): boolean {
    return this.ops.allFinite(values)
  }
}

function operand(input: Batch | Matrix): Input {
  return input.kind === 'matrix' ? input.values : (input as NativeBatch).handle
}

function stride(input: Batch | Matrix): number {
  return input.kind === 'matrix' ? input.stride : 0
}
