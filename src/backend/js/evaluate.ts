import { invalidArgument } from '../../core/errors.js'
import type { Dataset, EvaluationBuffers, Evaluator, Layer, LayerOutput } from '../backend.js'
import { forward } from './dense.js'
import { gatherRange, JsBatch } from './inputs.js'
import { argMax, softmaxLoss } from './loss.js'
import { layerOutput } from './storage.js'

/** Rows that go through the network together: enough to pay for packing the weights. */
const CHUNK = 256

class JsEvaluator implements Evaluator {
  readonly kind = 'evaluator'
  readonly dataset: Dataset
  readonly batch: JsBatch
  readonly outputs: LayerOutput[]

  constructor(dataset: Dataset, layers: readonly Layer[]) {
    if (layers.length === 0) throw invalidArgument('layers', 'at least one layer', layers)
    this.dataset = dataset
    this.batch = new JsBatch(dataset, CHUNK)
    this.outputs = layers.map((layer) => layerOutput(CHUNK, layer))
  }
}

export function evaluator(dataset: Dataset, layers: readonly Layer[]): Evaluator {
  return new JsEvaluator(dataset, layers)
}

export function evaluateRows(
  workspace: Evaluator,
  rowIndices: Int32Array,
  layers: readonly Layer[],
  result: EvaluationBuffers,
): void {
  if (!(workspace instanceof JsEvaluator)) throw invalidArgument('evaluator', 'one made by the js backend', workspace)
  const { batch, outputs, dataset } = workspace
  if (layers.length !== outputs.length) throw invalidArgument('layers', `${outputs.length} layers`, layers.length)
  checkResult(result, rowIndices.length, dataset.rows, layers[layers.length - 1].outputs)
  for (let begin = 0; begin < rowIndices.length; begin += CHUNK) {
    gatherRange(dataset, rowIndices, begin, Math.min(begin + CHUNK, rowIndices.length), batch)
    forward(batch, layers[0], outputs[0])
    for (let i = 1; i < layers.length; i++) forward(outputs[i - 1], layers[i], outputs[i])
    collect(outputs[outputs.length - 1], rowIndices, begin, result)
  }
}

function collect(last: LayerOutput, rowIndices: Int32Array, begin: number, result: EvaluationBuffers): void {
  const { rows, cols, stride, values } = last
  const { labels, rowLosses, predicted, outputs } = result
  for (let r = 0; r < rows; r++) {
    const at = r * stride
    const best = argMax(values, at, cols)
    predicted[begin + r] = best
    if (labels !== null && rowLosses !== null) {
      rowLosses[begin + r] = softmaxLoss(values, at, cols, best, labels[rowIndices[begin + r]])
    }
    if (outputs !== null) {
      for (let c = 0; c < cols; c++) outputs[(begin + r) * cols + c] = values[at + c]
    }
  }
}

function checkResult(result: EvaluationBuffers, count: number, rows: number, cols: number): void {
  const { labels, rowLosses, predicted, outputs } = result
  if (predicted.length < count) throw invalidArgument('predicted', `room for ${count} rows`, predicted)
  if (labels !== null && labels.length < rows) throw invalidArgument('labels', `${rows} classes`, labels)
  if (rowLosses !== null && rowLosses.length < count) {
    throw invalidArgument('rowLosses', `room for ${count} rows`, rowLosses)
  }
  if (outputs !== null && outputs.length < count * cols) {
    throw invalidArgument('outputs', `room for ${count} x ${cols} values`, outputs)
  }
}
