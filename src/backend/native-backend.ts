import { allocating, invalidArgument } from '../core/errors.js'
import { ACTIVATIONS, keepsPreActivations, type LayerShape, LOSSES, type Loss } from '../core/types.js'
import type { Backend } from './backend.js'
import type { AddonInfo, AddonOperations, Handle } from './native-addon.js'
import { NativeDividedRun } from './native-divided-run.js'
import type { Batch, Dataset, InputStatistics, Layer, LayerOutput, Matrix } from './operands.js'
import {
  type Arenas,
  checkTruth,
  type DividedRun,
  OPERATIONS,
  type Operand,
  type Operation,
  type Program,
  type ProgramSpec,
  workPerRow,
} from './program.js'
import { checkSlots, encodeRule, RULE_VALUES, type UpdateRule } from './rules.js'
import { checkWarp, type WarpSpec } from './warp.js'

/** Below this fraction of non-zero inputs the first layer multiplies lists of the non-zero ones. */
const SPARSE_BELOW = 0.5
/** Share of the inputs that it then multiplies, roughly. */
const SPARSE_SHARE = 0.2

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
    { nonzeros, longestRow }: InputStatistics = this.measure(values, rows, cols, table),
  ): Dataset {
    const density = rows === 0 ? 0 : nonzeros / (rows * cols)
    const dataset: NativeDataset = { rows, cols, density, values, table, longestRow }
    return dataset
  }

  measure(values: Uint8Array | Float32Array, rows: number, cols: number, table: Float32Array | null): InputStatistics {
    const [nonzeros, longestRow] = this.ops.measure(values, rows, cols, table)
    return { nonzeros, longestRow }
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
    // lists cannot be mixed
    const mixes = operations.some(({ op }) => op === 'mix')
    const sparse = listed && !mixes && this.isSparse(dataset, firstOutputs(spec))
    const handle = this.ops.compile(
      cols,
      table !== null,
      sparse,
      warp === null ? Math.max(0, longestRow) : cols,
      capacity,
      Int32Array.from(layers.flatMap((l) => [l.inputs, l.outputs, ACTIVATIONS.indexOf(l.activation)])),
      Int32Array.from(matrices),
      Int32Array.from(operations.flatMap(encodeOperation)),
    )
    const warper = warp === null ? null : this.warper(warp, dataset, capacity)
    const work = workPerRow(spec, sparse ? SPARSE_SHARE : 1)
    const program: NativeProgram = { spec, handle, trains, warper, workPerRow: work }
    return program
  }

  run(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule | null): number {
    const { values, rows, cols, table } = program.spec.dataset
    const { handle, trains, warper } = program as NativeProgram
    checkTruth(trains, arenas.truth)
    const memory = memoryOf(arenas, warper)
    const encoded = rule === null ? null : this.encoded(rule)
    return this.ops.run(handle, values, rows, cols, table, rowIndices, memory, encoded)
  }

  divide(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule): DividedRun {
    const encoded = encodeRule(rule, new Float64Array(RULE_VALUES))
    const { handle, warper } = program as NativeProgram
    const memory = memoryOf(arenas, warper)
    return new NativeDividedRun(this.ops, handle, { program, rowIndices, memory, rule: encoded })
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

/** Arenas as the addon takes them. */
function memoryOf(arenas: Arenas, warper: Handle | null) {
  const { parameters, slots, truth, rowLosses, predicted, outputs, step = null, warps = null } = arenas
  const { average = null, rowWeights = null } = arenas
  return [parameters, slots, truth, rowLosses, predicted, outputs, step, warper, warps, average, rowWeights]
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
    case 'mix':
      return [code, 0, NO_OPERAND, NO_OPERAND, each.output, 0]
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
