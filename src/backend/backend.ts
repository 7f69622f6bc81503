import type { Activation, LayerShape, NumericFamily } from '../core/types.js'

/**
 * The interface both backends implement: about ten operations, one layer's worth of work each. TypeScript composes
 * a network of any depth from them; a backend only computes.
 *
 * The caller has validated its arguments (see core/checks); a backend re-checks only what memory safety needs.
 * Dimension letters: B rows, K inputs of a layer, N its outputs, D inputs of the network, C classes.
 */
export interface Backend {
  readonly name: 'native' | 'js'
  /** 'avx512' | 'avx2' | 'neon' | 'portable' | 'js' */
  readonly isa: string
  readonly threads: number
  readonly family: NumericFamily

  /** Zeroed float32 storage, aligned to 64 bytes where the backend cares. */
  allocate(length: number): Float32Array

  /** Floats one layer's parameters (weights and biases) take in this backend's layout; a multiple of 16. */
  parameterLength(inputs: number, outputs: number): number
  /** Row-major weights [K][N] and biases [N] -> `layer.parameters`. */
  pack(weights: Float32Array, biases: Float32Array, layer: Layer): void
  /** `layer.parameters` -> row-major weights [K][N] and biases [N]. */
  unpack(layer: Layer, weights: Float32Array, biases: Float32Array): void

  /**
   * Rows of inputs [rows][cols], row-major. `table` (256 entries) gives the meaning of byte i when values are bytes;
   * it is null when values are float32. Measures the density; keeps a reference to `values` and copies nothing.
   */
  dataset(values: Uint8Array | Float32Array, rows: number, cols: number, table: Float32Array | null): Dataset
  /** Room for batches of up to `capacity` rows of `dataset`, in the form the first layer (`outputs` wide) likes. */
  batch(dataset: Dataset, capacity: number, outputs: number): Batch
  /** A [capacity][cols] matrix with rows = capacity, zeroed. */
  matrix(capacity: number, cols: number): Matrix
  /** A matrix for the outputs of `shape`, with room for pre-activations where its derivative needs them (GELU). */
  layerOutput(capacity: number, shape: LayerShape): LayerOutput

  /** batch <- dataset rows `rowIndices` (each 0..rows-1, any order, repeats allowed; length <= capacity). */
  gather(dataset: Dataset, rowIndices: Int32Array, batch: Batch): void
  /** out [B][N] = act(input [B][K] x weights + biases); sets out.rows to the input's rows. */
  forward(input: Batch | Matrix, layer: Layer, out: LayerOutput): void
  /**
   * Per row r: rowLosses[r] = logsumexp(z) - z[label], natural log, finite for any finite logits, NaN if a logit is not
   * finite; gradient = (softmax(z) - onehot) / B unless null.
   * Returns the number of rows whose arg max (lowest index on ties) is the label. labels: class of each row, [B].
   */
  softmaxCrossEntropy(logits: Matrix, labels: Int32Array, gradient: Matrix | null, rowLosses: Float64Array): number
  /**
   * rowLosses[r] = mean over the N outputs of (y - t)^2; gradient = 2 (y - t) / (B N), times the derivative of the output
   * layer's own activation, unless null. targets [B][N] row-major, contiguous.
   */
  meanSquaredError(output: LayerOutput, targets: Float32Array, gradient: Matrix | null, rowLosses: Float64Array): void
  /**
   * gradIn [B][K] = (gradOut [B][N] x weights^T) * act'(previous): the derivative of `previous`' own activation,
   * previous being the [B][K] output that was this layer's input. Runs before the layer's own update.
   */
  backward(gradOut: Matrix, layer: Layer, previous: LayerOutput, gradIn: Matrix): void
  /** parameters <- rule(parameters, input^T x gradOut), in one pass; the gradient is not stored. */
  update(input: Batch | Matrix, gradOut: Matrix, layer: Layer, rule: UpdateRule): void
  /** weightsGradient [K][N] row-major = input^T x gradOut; biasesGradient [N] = column sums of gradOut. No L2. */
  gradient(
    input: Batch | Matrix,
    gradOut: Matrix,
    layer: Layer,
    weightsGradient: Float32Array,
    biasesGradient: Float32Array,
  ): void

  /** Workspace for `evaluate`; good for one network shape and one dataset. */
  evaluator(dataset: Dataset, layers: readonly Layer[]): Evaluator
  /** The network's outputs over many rows, in chunks taken by the threads as they come; results do not depend on who took what. */
  evaluate(evaluator: Evaluator, rowIndices: Int32Array, layers: readonly Layer[], result: EvaluationBuffers): void

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

/** Rows of inputs prepared by a backend. Opaque but for these. */
export interface Dataset {
  readonly rows: number
  readonly cols: number
  /** share of values that are not zero (after the table), 0..1 */
  readonly density: number
  readonly values: Uint8Array | Float32Array
  readonly table: Float32Array | null
}

/** A mini-batch in whatever form the backend multiplies fastest. Opaque but for these. */
export interface Batch {
  readonly kind: 'batch'
  rows: number
  readonly cols: number
  readonly capacity: number
}

export interface Matrix {
  readonly kind: 'matrix'
  /** rows in use, 0..capacity */
  rows: number
  readonly capacity: number
  readonly cols: number
  /** floats from one row to the next, >= cols; what lies past cols is padding */
  readonly stride: number
  readonly values: Float32Array
}

export interface LayerOutput extends Matrix {
  readonly activation: Activation
  /** z before the activation, same stride, where the derivative needs it; else null */
  readonly preActivations: Float32Array | null
}

export interface Layer extends LayerShape {
  /** weights and biases in the backend's own layout; see pack and unpack */
  readonly parameters: Float32Array
}

/** Stochastic gradient descent with coupled L2: g += l2 p; p -= learningRate g. `l2Biases` is the L2 of the biases. */
export interface UpdateRule {
  readonly kind: 'sgd'
  readonly learningRate: number
  readonly l2: number
  readonly l2Biases: number
}

/** Opaque workspace of `evaluate`. */
export interface Evaluator {
  readonly kind: 'evaluator'
  readonly dataset: Dataset
}

/** Where `evaluate` puts its results; position i belongs to rowIndices[i]. At least one of labels and outputs is given. */
export interface EvaluationBuffers {
  /** class of every row of the dataset (indexed by row number, not by position), or null: no losses, no count */
  readonly labels: Int32Array | null
  /** [rowIndices.length], softmax cross-entropy of each position; used when labels are given */
  readonly rowLosses: Float64Array | null
  /** [rowIndices.length], arg max of the outputs (lowest index on ties) */
  readonly predicted: Int32Array
  /** [rowIndices.length][C] raw outputs of the last layer (logits), or null */
  readonly outputs: Float32Array | null
}
