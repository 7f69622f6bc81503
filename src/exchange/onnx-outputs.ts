import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import type { Label, ValuesTarget } from '../table/transform.js'
import type { GraphBuilder } from './onnx-graph.js'
import { type OnnxType, TYPE } from './onnx-messages.js'
import type { NumberType } from './onnx-table.js'

/** Adds what the outputs of a network mean, as outputs of the graph: class and probabilities, labels, or values. */
export function addOutputs(graph: GraphBuilder, model: MLP, outputs: string, type: NumberType): void {
  const { loss, outputs: count, table } = model
  const { classes, probabilities } = LOSS_INFO[loss]
  if (probabilities === null) {
    addValues(graph, outputs, count, table?.target.task === 'regression' ? table.target : null, type)
  } else if (classes(count) === 0) {
    const isOn = graph.node('Greater', [outputs, graph.constant('zero', Float32Array.of(0), [])])
    graph.output('labels', isOn, 'bool', ['rows', count])
    graph.output('probabilities', graph.node('Sigmoid', [outputs]), 'float', ['rows', count])
  } else {
    const [number, shares] = classes(count) === count ? ofClasses(graph, outputs) : ofTwo(graph, outputs)
    const labels = table?.target.task === 'classes' ? table.target.classes : model.classNames
    const [value, labelType] = named(graph, number, labels)
    graph.output('class', value, labelType, ['rows'])
    graph.output('probabilities', shares, 'float', ['rows', classes(count)])
  }
}

function ofClasses(graph: GraphBuilder, logits: string): [number: string, probabilities: string] {
  const number = graph.node('ArgMax', [logits], { axis: { int: 1 }, keepdims: { int: 0 } })
  return [number, graph.node('Softmax', [logits], { axis: { int: 1 } })]
}

/** One output stands for both classes. */
function ofTwo(graph: GraphBuilder, logit: string): [number: string, probabilities: string] {
  const isSecond = graph.node('Greater', [logit, graph.constant('zero', Float32Array.of(0), [])])
  const column = graph.node('Cast', [isSecond], { to: { int: TYPE.int64 } })
  const number = graph.node('Reshape', [column, graph.constant('row_shape', BigInt64Array.of(-1n))])
  const second = graph.node('Sigmoid', [logit])
  const first = graph.node('Sub', [graph.constant('one', Float32Array.of(1), []), second])
  return [number, graph.node('Concat', [first, second], { axis: { int: 1 } })]
}

/** What class c is called, for each row. Texts unless all labels are integers, or numbers, or booleans. */
function named(graph: GraphBuilder, number: string, labels: readonly Label[] | null): [value: string, type: OnnxType] {
  if (labels === null) return [number, 'int64']
  const [names, type] = labelConstant(graph, labels)
  return [graph.node('Gather', [names, number]), type]
}

function labelConstant(graph: GraphBuilder, labels: readonly Label[]): [names: string, type: OnnxType] {
  if (labels.every((label) => typeof label === 'boolean')) return [graph.flags('classes', labels as boolean[]), 'bool']
  if (labels.every((label) => typeof label === 'number')) {
    if (labels.every(Number.isSafeInteger))
      return [graph.constant('classes', BigInt64Array.from(labels, BigInt)), 'int64']
    return [graph.constant('classes', Float64Array.from(labels)), 'double']
  }
  return [graph.texts('classes', labels.map(String)), 'string']
}

/** In the units of the targets. */
function addValues(
  graph: GraphBuilder,
  outputs: string,
  count: number,
  target: ValuesTarget | null,
  type: NumberType,
): void {
  if (target === null) {
    graph.output('values', outputs, 'float', ['rows', count])
    return
  }
  const wide = graph.node('Cast', [outputs], { to: { int: TYPE.double } })
  const scaled = graph.node('Mul', [wide, graph.constant('sds', Float64Array.from(target.sds))])
  const values = graph.node('Add', [scaled, graph.constant('means', Float64Array.from(target.means))])
  const given = type === 'double' ? values : graph.node('Cast', [values], { to: { int: TYPE.float } })
  graph.output('values', given, type, ['rows', count])
}
