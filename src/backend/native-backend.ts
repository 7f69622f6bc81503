import { allocating, invalidArgument } from '../core/errors.js'
import { ACTIVATIONS, keepsPreActivations, type LayerShape, LOSSES, type Loss } from '../core/types.js'
import type { Backend } from './backend.js'
import type { Batch, Dataset, Layer, LayerOutput, Matrix } from './operands.js'
import {
  type Arenas,
  checkTruth,
  OPERATIONS,
  type Operand,
  type Operation,
  type Program,
  type ProgramSpec,
} from './program.js'
import { checkSlots, encodeRule, RULE_VALUES, type UpdateRule } from './rules.js'
import { checkWarp, type WarpSpec } from './warp.js'

/** The exports of native/addon.cpp. */
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
  /** in the numbering of `compile` */
  readonly activations: readonly string[]
  readonly losses: readonly string[]
  /** number of operations */
  readonly operations: number
  readonly rules: number
  readonly ruleValues: number
  /** larger batches are gathered dense: lists have 16-bit row numbers */
  readonly maxListedRows: number
  /** narrower layers multiply in lanes and need dense rows (rule 2 of the numeric contract) */
  readonly narrowBelow: number
}

type Handle = object
type Table = Float32Array | null

export interface AddonOperations {
  readonly isa: string
  readonly threads: number
  misalignment(buffer: Uint8Array): number
  parameterLength(inputs: number, outputs: number): number
  rowStride(cols: number): number
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
  forward(input: Batch | Matrix, layer: Layer, out: LayerOutput): void
  loss(
    kind: Loss,
    output: LayerOutput,
    truth: Int32Array | Float32Array,
    outputs: number,
    gradient: Matrix | null,
    rowLosses: Float64Array,
  ): number
  backward(gradOut: Matrix, layer: Layer, previous: LayerOutput, gradIn: Matrix): void
  update(input: Batch | Matrix, gradOut: Matrix, layer: Layer, rule: Float64Array, slots: Float32Array | null): void
  gradient(
    input: Batch | Matrix,
    gradOut: Matrix,
    layer: Layer,
    weightsGradient: Float32Array,
    biasesGradient: Float32Array,
  ): void
  /** layers: [inputs, outputs, activation] each; code: [operation, layer, input, gradient, output, loss] each */
  compile(
    cols: number,
    bytes: boolean,
    sparse: boolean,
    longestRow: number,
    capacity: number,
    layers: Int32Array,
    matrices: Int32Array,
    code: Int32Array,
  ): Handle
  /** shape: [height, width, shift, radius or -1, down..., across...]; capacity: images of a training step, 0 for `warp` */
  createWarper(shape: Int32Array, bytes: boolean, capacity: number): Handle
  warp(
    warper: Handle,
    values: Uint8Array | Float32Array,
    rows: number,
    cols: number,
    table: Table,
    rowIndices: Int32Array,
    warps: Int32Array,
    out: Uint8Array | Float32Array,
  ): void
  /** arenas: [parameters, slots, truth, rowLosses, predicted, outputs, step, warper, warps, average, rowWeights] */
  run(
    program: Handle,
    values: Uint8Array | Float32Array,
    rows: number,
    cols: number,
    table: Table,
    rowIndices: Int32Array,
    arenas: readonly (Float32Array | Float64Array | Int32Array | Handle | null)[],
    rule: Float64Array | null,
  ): number
  forwardPass(
    program: Handle,
    values: Uint8Array | Float32Array,
    table: Table,
    parameters: Float32Array,
    outputs: Float32Array,
    count: number,
  ): void
  firstLayerNotFinite(program: Handle): number
  allFinite(values: Float32Array): boolean
  /** sizes: [transA, transB, M, N, K, lda, ldb, ldc] */
  gemm(sizes: Float64Array, alpha: number, A: Float32Array, B: Float32Array, beta: number, C: Float32Array): void
  peak(milliseconds: number): number
}

/** Below this fraction of non-zero inputs the first layer multiplies lists of the non-zero ones. */
const SPARSE_BELOW = 0.5

interface NativeDataset extends Dataset {
  /** most non-zero inputs in a row; -1 if byte 0 does not map to 0 */
  readonly longestRow: number
}
interface NativeBatch extends Batch {
  readonly handle: Handle
}
interface NativeProgram extends Program {
  readonly trains: boolean
  readonly handle: Handle
  readonly warper: Handle | null
}

/** Implements Backend with one instruction set and thread count of the addon. */
export function createAddonBackend(ops: AddonOperations, info: AddonInfo): Backend {
  return new NativeBackend(ops, info)
}

class NativeBackend implements Backend {
  readonly name = 'native'
  readonly isa: string
  readonly threads: number
  readonly family: { readonly name: 'native'; readonly contract: number }
  private readonly ops: AddonOperations
  private readonly info: AddonInfo
  /** rewritten for each call; long enough that V8 does not allocate it on its heap and copy it for an addon */
  private readonly rule = new Float64Array(RULE_VALUES)
  private readonly sizes = new Float64Array(16)
  private lastRule: UpdateRule | null = null

  constructor(ops: AddonOperations, info: AddonInfo) {
    this.ops = ops
    this.info = info
    this.isa = ops.isa
    this.threads = ops.threads
    this.family = { name: 'native', contract: info.contract }
  }

  allocate(length: number): Float32Array {
    const bytes = allocating(length * 4, () => new Uint8Array(length * 4 + 64))
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

  dataset(
    values: Uint8Array | Float32Array,
    rows: number,
    cols: number,
    table: Float32Array | null,
    changes = false,
  ): Dataset {
    const [nonzeros, longestRow] = changes ? [rows * cols, cols] : this.ops.measure(values, rows, cols, table)
    const density = rows === 0 ? 0 : nonzeros / (rows * cols)
    const dataset: NativeDataset = { rows, cols, density, values, table, longestRow }
    return dataset
  }

  batch(dataset: Dataset, capacity: number, outputs: number): Batch {
    const { cols, longestRow } = dataset as NativeDataset
    const sparse = this.isSparse(dataset, outputs) && capacity <= this.info.maxListedRows
    const handle = this.ops.createBatch(capacity, cols, dataset.table !== null, sparse, Math.max(0, longestRow))
    const batch: NativeBatch = { kind: 'batch', rows: 0, cols: dataset.cols, capacity, handle }
    return batch
  }

  matrix(capacity: number, cols: number): Matrix {
    const stride = this.ops.rowStride(cols)
    return { kind: 'matrix', rows: capacity, capacity, cols, stride, values: this.allocate(capacity * stride) }
  }

  layerOutput(capacity: number, shape: LayerShape): LayerOutput {
    const matrix = this.matrix(capacity, shape.outputs)
    const preActivations = keepsPreActivations(shape.activation) ? this.allocate(capacity * matrix.stride) : null
    return { ...matrix, activation: shape.activation, preActivations }
  }

  gather(dataset: Dataset, rowIndices: Int32Array, batch: Batch): void {
    const { values, rows, cols, table } = dataset
    this.ops.gather(values, rows, cols, table, rowIndices, (batch as NativeBatch).handle)
    batch.rows = rowIndices.length
  }

  warp(
    dataset: Dataset,
    rowIndices: Int32Array,
    warps: Int32Array,
    spec: WarpSpec,
    out: Uint8Array | Float32Array,
  ): void {
    const { values, rows, cols, table } = dataset
    checkWarp(spec, cols, rowIndices.length, warps)
    this.ops.warp(this.warper(spec, dataset, 0), values, rows, cols, table, rowIndices, warps, out)
  }

  forward(input: Batch | Matrix, layer: Layer, out: LayerOutput): void {
    expectCols('out', out, layer.outputs)
    expectActivation(out, layer)
    this.ops.forward(input, layer, out)
    out.rows = input.rows
  }

  loss(
    kind: Loss,
    output: LayerOutput,
    truth: Int32Array | Float32Array,
    gradient: Matrix | null,
    rowLosses: Float64Array,
  ): number {
    if (gradient !== null) expectCols('gradient', gradient, output.cols)
    const correct = this.ops.loss(kind, output, truth, output.cols, gradient, rowLosses)
    if (gradient !== null) gradient.rows = output.rows
    return correct
  }

  backward(gradOut: Matrix, layer: Layer, previous: LayerOutput, gradIn: Matrix): void {
    expectCols('gradOut', gradOut, layer.outputs)
    expectCols('previous', previous, layer.inputs)
    expectCols('gradIn', gradIn, layer.inputs)
    expectRows('previous', previous, gradOut.rows)
    this.ops.backward(gradOut, layer, previous, gradIn)
    gradIn.rows = gradOut.rows
  }

  update(
    input: Batch | Matrix,
    gradOut: Matrix,
    layer: Layer,
    rule: UpdateRule,
    slots: Float32Array | null = null,
  ): void {
    expectRows('gradOut', gradOut, input.rows)
    checkSlots(rule, slots, this.parameterLength(layer.inputs, layer.outputs))
    this.ops.update(input, gradOut, layer, this.encoded(rule), slots)
  }

  gradient(
    input: Batch | Matrix,
    gradOut: Matrix,
    layer: Layer,
    weightsGradient: Float32Array,
    biasesGradient: Float32Array,
  ): void {
    expectRows('gradOut', gradOut, input.rows)
    this.ops.gradient(input, gradOut, layer, weightsGradient, biasesGradient)
  }

  compile(spec: ProgramSpec): Program {
    const { dataset, capacity, layers, matrices, operations, warp } = spec
    const { cols, table, longestRow } = dataset as NativeDataset
    const trains = operations.some(({ op }) => op === 'update' || op === 'apply')
    const listed = trains ? capacity <= this.info.maxListedRows : true
    const handle = this.ops.compile(
      cols,
      table !== null,
      listed && this.isSparse(dataset, firstOutputs(spec)),
      warp === null ? Math.max(0, longestRow) : cols,
      capacity,
      Int32Array.from(layers.flatMap((l) => [l.inputs, l.outputs, ACTIVATIONS.indexOf(l.activation)])),
      Int32Array.from(matrices),
      Int32Array.from(operations.flatMap(encodeOperation)),
    )
    const warper = warp === null ? null : this.warper(warp, dataset, capacity)
    const program: NativeProgram = { spec, handle, trains, warper }
    return program
  }

  run(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule | null): number {
    const { values, rows, cols, table } = program.spec.dataset
    const { parameters, slots, truth, rowLosses, predicted, outputs, step = null, warps = null } = arenas
    const { average = null, rowWeights = null } = arenas
    const { handle, trains, warper } = program as NativeProgram
    checkTruth(trains, truth)
    const results = [rowLosses, predicted, outputs]
    const memory = [parameters, slots, truth, ...results, step, warper, warps, average, rowWeights]
    const encoded = rule === null ? null : this.encoded(rule)
    return this.ops.run(handle, values, rows, cols, table, rowIndices, memory, encoded)
  }

  forwardPass(program: Program, count: number, parameters: Float32Array, outputs: Float32Array): void {
    const { values, table } = program.spec.dataset
    this.ops.forwardPass((program as NativeProgram).handle, values, table, parameters, outputs, count)
  }

  firstLayerNotFinite(program: Program): number {
    return this.ops.firstLayerNotFinite((program as NativeProgram).handle)
  }

  allFinite(values: Float32Array): boolean {
    return this.ops.allFinite(values)
  }

  gemm: Backend['gemm'] = (transA, transB, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc) => {
    const sizes = [Number(transA), Number(transB), M, N, K, lda, ldb, ldc]
    this.sizes.set(sizes)
    this.ops.gemm(this.sizes, alpha, A, B, beta, C)
  }

  private isSparse(dataset: Dataset, outputs: number): boolean {
    const { density, longestRow } = dataset as NativeDataset
    return density < SPARSE_BELOW && longestRow >= 0 && outputs >= this.info.narrowBelow
  }

  private warper({ height, width, field }: WarpSpec, { table }: Dataset, capacity: number): Handle {
    const weights = field === null ? [] : [...field.down, ...field.across]
    const shape = [height, width, field?.shift ?? 1, (field?.down.length ?? 0) - 1, ...weights]
    return this.ops.createWarper(Int32Array.from(shape), table !== null, capacity)
  }

  /** Skips encoding the same frozen rule again: a constant rule is usually one object for all steps. */
  private encoded(rule: UpdateRule): Float64Array {
    if (rule !== this.lastRule || !Object.isFrozen(rule)) encodeRule(rule, this.rule)
    this.lastRule = rule
    return this.rule
  }
}

/** Outputs of the narrowest layer that reads the batch. */
function firstOutputs({ layers, operations }: ProgramSpec): number {
  const readers = operations.filter((each) => each.op === 'forward' && each.input === 'batch')
  return Math.min(...readers.map((each) => layers[(each as { layer: number }).layer]?.outputs ?? 1))
}

const NO_OPERAND = -2
const operand = (value: Operand) => (value === 'batch' ? -1 : value)

/** [operation, layer, input, gradient, output, loss] */
function encodeOperation(each: Operation): number[] {
  const code = OPERATIONS.indexOf(each.op)
  switch (each.op) {
    case 'gather':
      return [code, 0, NO_OPERAND, NO_OPERAND, NO_OPERAND, 0]
    case 'forward':
      return [code, each.layer, operand(each.input), NO_OPERAND, each.output, 0]
    case 'loss':
      return [code, 0, each.output, each.gradient ?? NO_OPERAND, NO_OPERAND, LOSSES.indexOf(each.loss)]
    case 'backward':
      return [code, each.layer, each.previous, each.gradOut, each.gradIn, 0]
    case 'update':
    case 'gradient':
      return [code, each.layer, operand(each.input), each.gradOut, NO_OPERAND, 0]
    case 'dropout':
      return [code, each.layer, each.input, each.mask, each.output, 0]
    case 'limit':
      return [code, each.layer, NO_OPERAND, NO_OPERAND, NO_OPERAND, 0]
    case 'apply':
    case 'average':
      return [code, 0, NO_OPERAND, NO_OPERAND, NO_OPERAND, 0]
    case 'undrop':
      return [code, each.layer, each.input, each.gradient, each.mask, 0]
  }
}

function expectRows(name: string, { rows }: Matrix, expected: number): void {
  if (rows !== expected) throw invalidArgument(name, `${expected} rows`, rows)
}

function expectCols(name: string, { cols }: Matrix, expected: number): void {
  if (cols !== expected) throw invalidArgument(name, `${expected} columns`, cols)
}

function expectActivation(out: LayerOutput, layer: Layer): void {
  if (out.activation !== layer.activation) {
    throw invalidArgument('forward output activation', `'${layer.activation}' as the layer has`, out.activation)
  }
}
