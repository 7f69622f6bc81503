import { invalidArgument } from '../../core/errors.js'
import { isInt32Array } from '../../core/typed-arrays.js'
import type { Matrix } from '../operands.js'

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
export class JsTruth {
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
export function weigh(weights: Float32Array, part: BatchPart, losses: Float64Array, gradient: Matrix | null): void {
  for (let r = part.from; r < part.to; r++) {
    const w = weights[rowOf(part, r)]
    losses[r] *= w
    for (let c = 0; gradient !== null && c < gradient.cols; c++) gradient.values[r * gradient.stride + c] *= w
  }
}
