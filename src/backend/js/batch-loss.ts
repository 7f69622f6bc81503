import { invalidArgument } from '../../core/errors.js'
import { isInt32Array } from '../../core/typed-arrays.js'
import type { Loss } from '../../core/types.js'
import type { LayerOutput, Matrix } from '../operands.js'
import { type Arenas, STEP } from '../program.js'
import { loss, takesLabels } from './loss.js'
import { mixGradients, mixLosses } from './mixup.js'
import { layerOutput } from './storage.js'

/** Rows from..to-1 of a batch of `count` rows, rowIndices[first] its first; with `next` the row after each, the first after the last. */
export interface BatchPart {
  readonly rowIndices: Int32Array
  readonly first: number
  readonly count: number
  readonly from: number
  readonly to: number
  readonly next: boolean
}

/** Number of row r of a batch in the data set. */
function rowOf({ rowIndices, first, count, next }: BatchPart, r: number): number {
  return rowIndices[first + (next ? (r + 1) % count : r)]
}

/** The classes or targets of a batch. */
class BatchTruth {
  readonly #labels: Int32Array
  readonly #targets: Float32Array

  constructor(capacity: number, outputs: number) {
    this.#labels = new Int32Array(capacity)
    this.#targets = new Float32Array(capacity * outputs)
  }

  /** @param truth of every row of the data set @returns that of the batch, of which the part is valid */
  gather(
    truth: Int32Array | Float32Array,
    areLabels: boolean,
    cols: number,
    part: BatchPart,
  ): Int32Array | Float32Array {
    const { from, to } = part
    if (isInt32Array(truth)) {
      for (let r = from; r < to; r++) this.#labels[r] = truth[rowOf(part, r)]
      return this.#labels
    }
    if (areLabels && cols > 1) throw invalidArgument('truth', 'classes in an Int32Array', truth)
    for (let r = from; r < to; r++) {
      const at = rowOf(part, r) * cols
      for (let c = 0; c < cols; c++) this.#targets[r * cols + c] = truth[at + c]
    }
    return this.#targets
  }
}

/** Losses and gradients of a part times the weights of its rows of the data set. */
function weigh(weights: Float32Array, part: BatchPart, losses: Float64Array, gradient: Matrix | null): void {
  for (let r = part.from; r < part.to; r++) {
    const w = weights[rowOf(part, r)]
    losses[r] *= w
    for (let c = 0; gradient !== null && c < gradient.cols; c++) gradient.values[r * gradient.stride + c] *= w
  }
}

/** The loss of a batch, weighted by its rows; where a program mixes these, mixed with that against the truth of the next ones. */
export class BatchLoss {
  /** of each row */
  readonly losses: Float64Array
  readonly #truth: BatchTruth
  readonly #next: { readonly truth: BatchTruth; readonly losses: Float64Array; readonly gradient: Matrix } | null

  constructor(capacity: number, outputs: number, mixes: boolean) {
    this.losses = new Float64Array(capacity)
    this.#truth = new BatchTruth(capacity, outputs)
    this.#next = mixes
      ? {
          truth: new BatchTruth(capacity, outputs),
          losses: new Float64Array(capacity),
          gradient: layerOutput(capacity, { inputs: 1, outputs, activation: 'identity' }),
        }
      : null
  }

  /**
   * Losses, and gradients unless null, of a part of a batch whose outputs are `y`.
   *
   * @param truth of every row of the data set
   * @returns the number of rows predicted correctly
   */
  run(
    kind: Loss,
    y: LayerOutput,
    truth: Int32Array | Float32Array,
    { step, rowWeights }: Pick<Arenas, 'step' | 'rowWeights'>,
    gradient: Matrix | null,
    part: BatchPart,
  ): number {
    const areLabels = takesLabels(kind, y.cols)
    const smoothing = step?.[STEP.smoothing]
    const { from, to } = part
    const own = this.#truth.gather(truth, areLabels, y.cols, part)
    const correct = loss(kind, y, own, gradient, this.losses, smoothing, from, to)
    if (rowWeights) weigh(rowWeights, part, this.losses, gradient)
    if (this.#next === null) return correct
    const { losses, gradient: other } = this.#next
    const nexts = { ...part, next: true }
    const into = gradient && other
    const theirs = this.#next.truth.gather(truth, areLabels, y.cols, nexts)
    const nextCorrect = loss(kind, y, theirs, into, losses, smoothing, from, to)
    if (rowWeights) weigh(rowWeights, nexts, losses, into)
    const share = step?.[STEP.mixShare] ?? 0
    mixLosses(this.losses, losses, share, from, to)
    if (gradient !== null) mixGradients(gradient, other, share, from, to)
    return share > 0.5 ? nextCorrect : correct
  }
}
