import type { Task } from '../../core/metrics.js'
import type { Loss } from '../../core/types.js'
import type { Samples } from '../../data/samples.js'
import { LOSS_INFO } from '../../model/losses.js'

/** The parts of a model that its metrics depend on. */
export interface ScoredModel {
  readonly loss: Loss
  /** of the network */
  readonly outputs: number
}

/** What a model with this loss and this many outputs predicts. */
export function taskOf({ loss, outputs }: ScoredModel): Task {
  const { classes, probabilities } = LOSS_INFO[loss]
  if (classes(outputs) > 0) return 'classes'
  return probabilities === null ? 'values' : 'labels'
}

/** The rows of a set with what a model gives for them, in the order of the set; everything that metrics need. */
export class ScoredRows {
  readonly task: Task
  /** rows, n */
  readonly count: number
  /** classes, labels or values of a row, C; a model with one output of binary cross-entropy has two classes */
  readonly cols: number
  /** [n] class of each row; empty but for classes */
  readonly actual: Int32Array
  /** [n] the predicted class; empty but for classes */
  readonly predicted: Int32Array
  /** [n][C] targets; empty for classes */
  readonly targets: Float32Array
  /** [n][outputs of the network], as `Prediction.outputs` */
  readonly outputs: Float32Array
  /** [n] of the rows, >= 0 and not all 0; null: all are equal */
  readonly weights: Float64Array | null
  readonly #model: ScoredModel
  #probabilities: Float64Array | null = null

  /**
   * @param data a set that has passed `checkSet` with the model
   * @param outputs [n][outputs] of the network for its rows
   * @param predicted [n] classes; empty but for classes
   * @param weights [n], that have passed `checkRowWeights`
   */
  constructor(
    model: ScoredModel,
    data: Samples,
    outputs: Float32Array,
    predicted: Int32Array,
    weights: Float64Array | null = null,
  ) {
    this.#model = model
    this.task = taskOf(model)
    this.count = data.rows.length
    this.cols = LOSS_INFO[model.loss].classes(model.outputs) || model.outputs
    this.actual = this.task === 'classes' ? Int32Array.from(data.rows, (row) => data.labels![row]) : new Int32Array(0)
    this.targets = this.task === 'classes' ? new Float32Array(0) : targetsOf(data)
    this.predicted = predicted
    this.outputs = outputs
    this.weights = weights
  }

  /** Whether the prediction of row r is right: its class, or every label. */
  isCorrect(r: number): boolean {
    if (this.task === 'classes') return this.predicted[r] === this.actual[r]
    for (let c = 0; c < this.cols; c++) {
      if (this.isPredicted(r, c) !== this.targets[r * this.cols + c] > 0.5) return false
    }
    return true
  }

  /** [n][C] in double: of the classes, or of each label; empty for values. */
  get probabilities(): Float64Array {
    this.#probabilities ??= probabilitiesOf(this.#model, this.outputs, this.count, this.cols)
    return this.#probabilities
  }

  /** Whether label c of row r is set, or c is its class. */
  isPositive(r: number, c: number): boolean {
    return this.task === 'classes' ? this.actual[r] === c : this.targets[r * this.cols + c] === 1
  }

  /** Whether the model gives label c for row r, or c as its class. */
  isPredicted(r: number, c: number): boolean {
    return this.task === 'classes' ? this.predicted[r] === c : this.outputs[r * this.cols + c] > 0
  }

  /** [n] probability of class or label c. */
  scores(c: number): Float64Array {
    const { probabilities, cols } = this
    return Float64Array.from({ length: this.count }, (_, r) => probabilities[r * cols + c])
  }
}

function targetsOf({ targets, targetCols, rows }: Samples): Float32Array {
  const gathered = new Float32Array(rows.length * targetCols)
  rows.forEach((row, r) => {
    gathered.set(targets!.subarray(row * targetCols, (row + 1) * targetCols), r * targetCols)
  })
  return gathered
}

function probabilitiesOf(model: ScoredModel, outputs: Float32Array, n: number, cols: number): Float64Array {
  const fill = LOSS_INFO[model.loss].probabilities
  if (fill === null) return new Float64Array(0)
  const probabilities = new Float64Array(outputs.length)
  fill(outputs, probabilities, model.outputs, 0, n)
  if (cols === model.outputs) return probabilities
  // one output: the probability of class 0 from -z, which is exact where that of class 1 rounds to 1
  const others = new Float64Array(n)
  fill(
    outputs.map((z) => -z),
    others,
    1,
    0,
    n,
  )
  return Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? others : probabilities)[i >> 1])
}
