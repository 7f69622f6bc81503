import type { Loss } from '../core/types.js'
import type { Batch, Layer, LayerOutput, Matrix } from './operands.js'

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

/** A batch or a program of the addon. */
export type Handle = object
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
  /** continues the run that began at the last `restart`; -2: unfinished, -3: unfinished and updating */
  runPart(
    program: Handle,
    values: Uint8Array | Float32Array,
    rows: number,
    table: Table,
    rowIndices: Int32Array,
    arenas: readonly (Float32Array | Float64Array | Int32Array | Handle | null)[],
    rule: Float64Array,
    work: number,
  ): number
  restart(program: Handle): void
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
