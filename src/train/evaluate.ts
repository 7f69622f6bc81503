import type { Dataset } from '../backend/operands.js'
import { evaluationProgram, type Program } from '../backend/program.js'
import { checking, integerInRange, knownOptions, signalOrNone } from '../core/checks.js'
import { NativeMlpError, orOutOfMemory } from '../core/errors.js'
import type { MetricName, MetricValues, StandardMetric } from '../core/metrics.js'
import type { Signal } from '../core/platform.js'
import type { Evaluation } from '../core/results.js'
import type { Samples } from '../data/samples.js'
import { preparedDataset } from '../model/datasets.js'
import { LOSS_INFO } from '../model/losses.js'
import { checkModel, type MLP } from '../model/mlp.js'
import { firstPace, type Pace, runInSlices } from '../model/slices.js'
import { classMetrics, confusionMatrix } from './metrics/confusion.js'
import { checkMetricOfSet, checkMetrics, measureMetrics } from './metrics/measure.js'
import { ScoredRows } from './metrics/scored.js'
import { checkRowWeights, meanOver } from './metrics/weights.js'
import { checkSet } from './set-check.js'

export interface EvaluateOptions<M extends MetricName = MetricName> {
  /**
   * metrics beside loss and accuracy, e.g. ['f1Macro', 'rocAuc', 'top5Accuracy']: see docs/metrics.md; default none. They are
   * computed in one piece, which blocks the event loop noticeably for 100,000 rows and more: rocAuc sorts them once a class
   */
  readonly metrics?: readonly (M | StandardMetric)[]
  /**
   * [n] weights >= 0 of the rows, in their order, in every metric as in scikit-learn; default: all rows count equally. `correct`
   * and `count` are of rows in any case
   */
  readonly sampleWeights?: ArrayLike<number>
  /** aborts the evaluation with an error of code ABORTED */
  readonly signal?: Signal
  /** rows between two yields to the event loop, without effect on results; default: adapted to the machine */
  readonly chunk?: number
}

/**
 * Loss (mean over the rows, without the L2 term), accuracy, confusion matrix and per-class precision and recall of a model
 * on a set. For regression the loss is the mean squared error and the accuracy NaN; with several yes-or-no outputs
 * (binaryCrossEntropy) the accuracy is the share of rows with every output right. Both have no confusion matrix, nor has a
 * network of more than 1,000 classes. The metrics asked for are computed in double from the outputs.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when the set does not fit the model or a metric is not defined for them, NOT_FINITE
 *   naming the first row whose loss is not finite, ABORTED when the signal fires
 */
export async function evaluate<M extends MetricName = never>(
  model: MLP,
  data: Samples,
  options: EvaluateOptions<M> = {},
): Promise<Evaluation & { readonly [name in M]: number }> {
  knownOptions('evaluate', options, ['signal', 'chunk', 'metrics', 'sampleWeights'])
  const { chunk } = options
  const signal = signalOrNone('signal', options.signal)
  if (chunk !== undefined) integerInRange('chunk', chunk, 1)
  checkModel(model)
  const { metrics, weights } = checking('evaluate', () => {
    checkSet(model, data, 'data')
    const weights = checkRowWeights(options.sampleWeights, data.rows.length, 'sampleWeights', 'row')
    const metrics = checkMetrics('metrics', options.metrics ?? [], model)
    for (const name of metrics) checkMetricOfSet(name, model, data, 'data', weights)
    return { metrics, weights }
  })
  const evaluator = new SetEvaluator(model)
  const measured = await evaluator.measure(data, { name: 'data', signal, chunk, metrics, weights })
  const { loss, accuracy, correct, count, predicted, values } = measured
  if (!Number.isFinite(loss)) {
    const problem = `the loss of row ${evaluator.firstBadRow(count)} is not finite`
    const reason = 'its inputs or the parameters of the model are too large'
    throw new NativeMlpError('NOT_FINITE', `evaluate: ${problem}: ${reason}`)
  }
  const all = { loss, accuracy, ...(values as Record<M, number>), correct, count }
  if (data.labels === null || predicted === null) return { ...all, confusion: [], perClass: [] }
  const classes = LOSS_INFO[model.loss].classes(model.outputs)
  const { rows, labels } = data
  const actual = new Int32Array(count)
  for (let i = 0; i < count; i++) actual[i] = labels[rows[i]]
  const confusion = confusionMatrix(actual, predicted, classes, weights)
  return { ...all, confusion, perClass: classMetrics(actual, predicted, classes, weights) }
}

/** Of a slice: a program without updates takes them in chunks. */
const MAX_ROWS = 0x7fffffff

export interface Measured {
  readonly loss: number
  /** NaN for regression */
  readonly accuracy: number
  readonly correct: number
  readonly count: number
  /** [count], valid until the next call; null where the outputs are not one choice among classes */
  readonly predicted: Int32Array | null
  /** of the metrics asked for; empty if the loss is not finite */
  readonly values: MetricValues
}

export interface MeasureOptions {
  /** how messages call the set */
  readonly name: string
  readonly signal?: Signal
  /** what is interrupted when the signal fires; default: the evaluation of the set */
  readonly what?: string
  readonly chunk?: number
  /** that have passed `checkMetricOfSet`; default none */
  readonly metrics?: readonly MetricName[]
  /** [n] that have passed `checkRowWeights`; default: all are equal */
  readonly weights?: Float64Array | null
}

/** Measures one model on any sets any number of times, keeping its workspace from one to the next. One call at a time. */
export class SetEvaluator {
  readonly #model: MLP
  readonly #pace: Pace
  readonly #programs = new Map<Dataset, Program>()
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
    { name, signal, what = `evaluation of ${name}`, chunk, metrics = [], weights = null }: MeasureOptions,
  ): Promise<Measured> {
    const { backend, parameters, loss, outputs } = this.#model
    const { takesLabels, classes, hasAccuracy } = LOSS_INFO[loss]
    const count = data.rows.length
    const isKept = metrics.length > 0 || weights !== null
    const dataset = await preparedDataset(backend, data, name, { signal, what })
    const [program, kept] = orOutOfMemory(`evaluation of ${name}`, this.#need(count), () => {
      if (this.#predicted.length < count) {
        this.#predicted = new Int32Array(count)
        this.#rowLosses = new Float64Array(count)
      }
      return [this.#programOf(dataset), isKept ? this.#roomFor(count * outputs) : null]
    })
    const predicted = classes(outputs) > 0 ? this.#predicted.subarray(0, count) : null
    const rowLosses = this.#rowLosses.subarray(0, count)
    const truth = takesLabels(outputs) ? data.labels : data.targets
    const arenas = { parameters, slots: null, truth, rowLosses, predicted, outputs: kept }
    const correct = await runInSlices(backend, program, data.rows, arenas, {
      signal,
      pace: chunk === undefined ? this.#pace : { rows: chunk, fixed: true },
      what,
    })
    const mean = meanOver({ count, weights }, (r) => rowLosses[r])
    const scored = kept && new ScoredRows(this.#model, data, kept, predicted ?? new Int32Array(0), weights)
    const values = scored && Number.isFinite(mean) ? measureMetrics(metrics, scored) : {}
    const share = weights && scored ? meanOver(scored, (r) => (scored.isCorrect(r) ? 1 : 0)) : correct / count
    return { loss: mean, accuracy: hasAccuracy ? share : Number.NaN, correct, count, predicted, values }
  }

  #roomFor(length: number): Float32Array {
    if (this.#outputs.length < length) this.#outputs = new Float32Array(length)
    return this.#outputs.subarray(0, length)
  }

  /** Position of the first row of the set measured last, of `count` rows, whose loss is not finite; -1 for none. */
  firstBadRow(count: number): number {
    return this.#rowLosses.subarray(0, count).findIndex((loss) => !Number.isFinite(loss))
  }

  #programOf(dataset: Dataset): Program {
    const { backend, layers, loss } = this.#model
    let program = this.#programs.get(dataset)
    if (program === undefined) {
      program = backend.compile(evaluationProgram(dataset, MAX_ROWS, layers, loss))
      this.#programs.set(dataset, program)
    }
    return program
  }

  #need(rows: number): string {
    return `${rows} rows and a network ${this.#model.layerSizes.join('-')}`
  }
}
