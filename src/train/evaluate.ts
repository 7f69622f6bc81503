import type { Dataset, Evaluator } from '../backend/backend.js'
import { integerInRange, knownOptions, signalOrNone } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import type { Evaluation } from '../core/results.js'
import type { Samples } from '../data/samples.js'
import { datasetOf } from '../model/inputs.js'
import { LOSS_INFO } from '../model/losses.js'
import { checkModel, type MLP } from '../model/mlp.js'
import { evaluateInSlices, firstPace, type Pace } from '../model/slices.js'
import { classMetrics, confusionMatrix } from './metrics.js'
import { checkSet } from './set-check.js'

export interface EvaluateOptions {
  /** stops the evaluation with an error of code ABORTED */
  readonly signal?: Signal
  /** rows between two pauses for the event loop, changing no result; default: adapted to the machine */
  readonly chunk?: number
}

/**
 * Loss (mean over the rows, without the L2 term), accuracy, confusion matrix and per-class precision and recall of a model
 * on a set. For regression the loss is the mean squared error, the accuracy NaN and the confusion matrix empty; it is empty
 * for more than 1,000 classes too.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when the set does not fit the model, NOT_FINITE naming the first row whose loss is
 *   not finite, ABORTED when the signal fires
 */
export async function evaluate(model: MLP, data: Samples, options: EvaluateOptions = {}): Promise<Evaluation> {
  knownOptions('evaluate', options, ['signal', 'chunk'])
  const { chunk } = options
  const signal = signalOrNone('signal', options.signal)
  if (chunk !== undefined) integerInRange('chunk', chunk, 1)
  checkModel(model)
  checkSet(model, data, 'data')
  const evaluator = new SetEvaluator(model)
  const measured = await evaluator.measure(data, { name: 'data', signal, chunk })
  const { loss, accuracy, correct, count, predicted } = measured
  if (!Number.isFinite(loss)) {
    const problem = `the loss of row ${evaluator.firstBadRow(count)} is not finite`
    const reason = 'its inputs or the parameters of the model are too large'
    throw new NativeMlpError('NOT_FINITE', `evaluate: ${problem}: ${reason}`)
  }
  if (data.labels === null || predicted === null) {
    return { loss, accuracy, correct, count, confusion: [], perClass: [] }
  }
  const actual = Int32Array.from(data.rows, (row) => data.labels![row])
  const confusion = confusionMatrix(actual, predicted, model.outputs)
  return { loss, accuracy, correct, count, confusion, perClass: classMetrics(actual, predicted, model.outputs) }
}

export interface Measured {
  readonly loss: number
  /** NaN for regression */
  readonly accuracy: number
  readonly correct: number
  readonly count: number
  /** [count], valid until the next call; null for regression */
  readonly predicted: Int32Array | null
}

export interface MeasureOptions {
  /** how messages call the set */
  readonly name: string
  readonly signal?: Signal
  /** what is interrupted when the signal fires; default: the evaluation of the set */
  readonly what?: string
  readonly chunk?: number
}

/** Measures one model on any sets any number of times, keeping its workspace from one to the next. One call at a time. */
export class SetEvaluator {
  readonly #model: MLP
  readonly #pace: Pace
  readonly #evaluators = new Map<Dataset, Evaluator>()
  #predicted = new Int32Array(0)
  #rowLosses = new Float64Array(0)
  #outputs = new Float32Array(0)

  constructor(model: MLP) {
    this.#model = model
    this.#pace = firstPace(model.layers)
  }

  /** @param data a set that has passed `checkSet` */
  async measure(
    data: Samples,
    { name, signal, what = `evaluation of ${name}`, chunk }: MeasureOptions,
  ): Promise<Measured> {
    const { backend, layers, loss } = this.#model
    const count = data.rows.length
    if (this.#predicted.length < count) {
      this.#predicted = new Int32Array(count)
      this.#rowLosses = new Float64Array(count)
    }
    const isClassifier = LOSS_INFO[loss].task === 'classification'
    const predicted = this.#predicted.subarray(0, count)
    const rowLosses = this.#rowLosses.subarray(0, count)
    const outputs = isClassifier ? null : this.#outputsFor(count)
    const buffers = isClassifier
      ? { labels: data.labels, rowLosses, predicted, outputs: null }
      : { labels: null, rowLosses: null, predicted, outputs }
    await evaluateInSlices(backend, this.#evaluatorOf(data, name), layers, data.rows, buffers, {
      signal,
      pace: chunk === undefined ? this.#pace : { rows: chunk, fixed: true },
      what,
      afterSlice: outputs === null ? undefined : (from, to) => squaredErrors(data, outputs, rowLosses, from, to),
    })
    let sum = 0
    for (let i = 0; i < count; i++) sum += rowLosses[i]
    const correct = isClassifier ? countCorrect(data, predicted) : 0
    return {
      loss: sum / count,
      accuracy: isClassifier ? correct / count : Number.NaN,
      correct,
      count,
      predicted: isClassifier ? predicted : null,
    }
  }

  /** Position of the first row of the set measured last, of `count` rows, whose loss is not finite; -1 for none. */
  firstBadRow(count: number): number {
    return this.#rowLosses.subarray(0, count).findIndex((loss) => !Number.isFinite(loss))
  }

  #evaluatorOf(data: Samples, name: string): Evaluator {
    const { backend, layers } = this.#model
    const dataset = datasetOf(backend, data, name)
    let evaluator = this.#evaluators.get(dataset)
    if (evaluator === undefined) {
      evaluator = backend.evaluator(dataset, layers)
      this.#evaluators.set(dataset, evaluator)
    }
    return evaluator
  }

  #outputsFor(count: number): Float32Array {
    const length = count * this.#model.outputs
    if (this.#outputs.length < length) this.#outputs = new Float32Array(length)
    return this.#outputs.subarray(0, length)
  }
}

function countCorrect({ labels, rows }: Samples, predicted: Int32Array): number {
  let correct = 0
  for (let i = 0; i < rows.length; i++) if (predicted[i] === labels![rows[i]]) correct++
  return correct
}

/** rowLosses[i] = mean over the outputs of (y - t)^2 in double, for positions from..to-1; outputs [count][C]. */
function squaredErrors(data: Samples, outputs: Float32Array, rowLosses: Float64Array, from: number, to: number): void {
  const { rows, targetCols, targets } = data
  for (let i = from; i < to; i++) {
    let sum = 0
    for (let j = 0; j < targetCols; j++) {
      const difference = outputs[i * targetCols + j] - targets![rows[i] * targetCols + j]
      sum += difference * difference
    }
    rowLosses[i] = sum / targetCols
  }
}
