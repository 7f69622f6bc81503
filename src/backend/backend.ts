import type { LayerShape, Loss, NumericFamily } from '../core/types.js'
import type { Batch, Dataset, InputStatistics, Layer, LayerOutput, Matrix } from './operands.js'
import type { Arenas, DividedRun, Program, ProgramSpec } from './program.js'
import type { UpdateRule } from './rules.js'
import type { WarpSpec } from './warp.js'

/**
 * The interface both backends implement: about ten operations, one layer's worth of work each, and programs composed of
 * them (see program.ts) that compute a whole step in one call. TypeScript composes networks of any depth from them.
 *
 * Callers validate the arguments (see core/checks); a backend only repeats the checks needed for memory safety.
 * Dimension letters: B rows, K inputs of a layer, N its outputs, D inputs of the network, C classes.
 */
export interface Backend {
  readonly name: 'native' | 'js'
  /** 'avx512' | 'avx2' | 'neon' | 'portable' | 'js' */
  readonly isa: string
  readonly threads: number
  readonly family: NumericFamily

  /** Zeroed float32 storage, aligned to 64 bytes if the backend requires it. */
  allocate(length: number): Float32Array

  /** Number of floats of one layer's parameters (weights and biases) in this backend's layout; a multiple of 16. */
  parameterLength(inputs: number, outputs: number): number
  /** Row-major weights [K][N] and biases [N] -> `layer.parameters`. */
  pack(weights: Float32Array, biases: Float32Array, layer: Layer): void
  /** `layer.parameters` -> row-major weights [K][N] and biases [N]. */
  unpack(layer: Layer, weights: Float32Array, biases: Float32Array): void

  /**
   * Rows of inputs [rows][cols], row-major. `table` (256 entries) gives the input value of byte i; it is null if values are
   * float32. Keeps a reference to `values` without copying. `statistics`: what `measure` counts, measured here by default; where
   * the values may be overwritten between two runs of a forward pass, those of rows without zeros.
   */
  dataset(
    values: Uint8Array | Float32Array,
    rows: number,
    cols: number,
    table: Float32Array | null,
    statistics?: InputStatistics,
  ): Dataset
  /** Counts the non-zero values of [rows][cols], the arguments of `dataset`. The counts of blocks of rows add up. */
  measure(values: Uint8Array | Float32Array, rows: number, cols: number, table: Float32Array | null): InputStatistics
  /** Room for batches of up to `capacity` rows of `dataset`, in the format of the first layer (`outputs` wide). */
  batch(dataset: Dataset, capacity: number, outputs: number): Batch
  /** A [capacity][cols] matrix with rows = capacity, zeroed. */
  matrix(capacity: number, cols: number): Matrix
  /** A matrix for the outputs of `shape`, with room for pre-activations if its derivative needs them (GELU). */
  layerOutput(capacity: number, shape: LayerShape): LayerOutput

  /** batch <- dataset rows `rowIndices` (each 0..rows-1, any order, repeats allowed; length <= capacity). */
  gather(dataset: Dataset, rowIndices: Int32Array, batch: Batch): void
  /**
   * out [rowIndices.length][cols] <- dataset rows `rowIndices`, images that are resampled, each by its WARP_VALUES integers of
   * `warps`: the same bits on every backend. `out` has the type of the data set's values.
   */
  warp(
    dataset: Dataset,
    rowIndices: Int32Array,
    warps: Int32Array,
    spec: WarpSpec,
    out: Uint8Array | Float32Array,
  ): void
  /** out [B][N] = act(input [B][K] x weights + biases); sets out.rows to the input's rows. */
  forward(input: Batch | Matrix, layer: Layer, out: LayerOutput): void
  /**
   * The loss of each row, in rowLosses [B], and the gradient with respect to the pre-activations of the output layer, already
   * divided by the batch size, unless null. Returns the number of rows predicted correctly. `truth`: classes [B] or targets
   * [B][N] row-major, see `Arenas`.
   * - softmaxCrossEntropy: logsumexp(z) - z[label], natural log; gradient = (softmax(z) - onehot) / B; correct: the arg max
   *   (lowest index on ties) is the label
   * - binaryCrossEntropy: mean over the N outputs of max(z, 0) - z t + log(1 + e^-|z|); gradient = (sigmoid(z) - t) / (B N);
   *   correct: z > 0 for exactly the outputs with t > 1/2
   * - meanSquaredError: mean over the N outputs of (y - t)^2; gradient = 2 (y - t) / (B N) times the derivative of the output
   *   layer's own activation; correct: 0
   * - huber: mean over the N outputs of d^2 / 2 where |d| <= 1, else |d| - 1/2, d = y - t; gradient = d cut to -1..1, over B N,
   *   times the derivative of the output layer's own activation; correct: 0
   *
   * A loss of classes is finite for any finite logits, and NaN if one is not finite.
   */
  loss(
    kind: Loss,
    output: LayerOutput,
    truth: Int32Array | Float32Array,
    gradient: Matrix | null,
    rowLosses: Float64Array,
  ): number
  /**
   * gradIn [B][K] = (gradOut [B][N] x weights^T) * act'(previous): the derivative of `previous`' own activation,
   * previous being the [B][K] output that was this layer's input. Runs before the layer's own update.
   */
  backward(gradOut: Matrix, layer: Layer, previous: LayerOutput, gradIn: Matrix): void
  /**
   * parameters <- rule(parameters, input^T x gradOut), in one pass; the gradient is not stored. `slots`: the optimiser's
   * state of this layer, SLOTS of the rule times the layer's parameterLength, initially zero; null for none.
   */
  update(input: Batch | Matrix, gradOut: Matrix, layer: Layer, rule: UpdateRule, slots?: Float32Array | null): void
  /** weightsGradient [K][N] row-major = input^T x gradOut; biasesGradient [N] = column sums of gradOut. No L2. */
  gradient(
    input: Batch | Matrix,
    gradOut: Matrix,
    layer: Layer,
    weightsGradient: Float32Array,
    biasesGradient: Float32Array,
  ): void

  /** Validates a program, except its arenas, and allocates its memory. */
  compile(spec: ProgramSpec): Program
  /**
   * Runs a program on rows of its data set (each 0..rows-1, any order, repeats allowed): one training step, updating
   * `parameters` and `slots` in place, or a forward pass. Results do not depend on threads.
   *
   * @param rule needed by a program with updates, else null
   * @returns the number of rows predicted correctly; -1 if the sum of the losses of a training step is not finite; the step
   *   then updates nothing
   */
  run(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule | null): number
  /**
   * A run of a program with updates in parts, with the bits of `run`. Until it ends, `rowIndices`, the arenas and the data
   * set must not change, but for what the run itself writes.
   */
  divide(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule): DividedRun
  /**
   * outputs [count][outputs of the last layer] of the first `count` rows of the data set of a program without updates: what
   * `run` computes, with less to check, for predictions of few rows
   */
  forwardPass(program: Program, count: number, parameters: Float32Array, outputs: Float32Array): void
  /** 0-based first layer with a non-finite output in the last run of a training program, or -1. */
  firstLayerNotFinite(program: Program): number

  /** True when every value is finite. */
  allFinite(values: Float32Array): boolean

  /**
   * C [M][N] = alpha op(A) x op(B) + beta C, row-major, BLAS's own terms: op(A) is [M][K], A is [M][K] (lda >= K) or, when
   * transA, [K][M] (lda >= M); likewise B. beta = 0 never reads C.
   */
  gemm(
    transA: boolean,
    transB: boolean,
    M: number,
    N: number,
    K: number,
    alpha: number,
    A: Float32Array,
    lda: number,
    B: Float32Array,
    ldb: number,
    beta: number,
    C: Float32Array,
    ldc: number,
  ): void
}
