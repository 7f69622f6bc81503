import { type Activation, LEAKY_SLOPE } from '../core/types.js'
import type { MLP } from '../model/mlp.js'
import type { GraphBuilder } from './onnx-graph.js'

/** lambda and alpha of SELU (Klambauer et al., 2017), also the defaults of ONNX */
const SELU = { gamma: { float: 1.0507009873554805 }, alpha: { float: 1.6732632423543772 } }

/** Adds the layers of a network. @param inputs [rows][inputs] float @returns its outputs [rows][outputs] float */
export function addLayers(graph: GraphBuilder, model: MLP, inputs: string): string {
  let value = inputs
  model.getParameters().forEach(({ weights, biases, inputs: rows, outputs }, l) => {
    const w = graph.constant(`layers.${l}.weights`, weights, [rows, outputs])
    const b = graph.constant(`layers.${l}.biases`, biases)
    value = addActivation(graph, model.layers[l].activation, graph.node('Gemm', [value, w, b]))
  })
  return value
}

function addActivation(graph: GraphBuilder, activation: Activation, z: string): string {
  const scalar = (value: number) => graph.constant('factor', Float32Array.of(value), [])
  switch (activation) {
    case 'identity':
      return z
    case 'relu':
      return graph.node('Relu', [z])
    case 'leakyRelu':
      return graph.node('LeakyRelu', [z], { alpha: { float: LEAKY_SLOPE } })
    case 'tanh':
      return graph.node('Tanh', [z])
    case 'sigmoid':
      return graph.node('Sigmoid', [z])
    case 'elu':
      return graph.node('Elu', [z], { alpha: { float: 1 } })
    case 'selu':
      return graph.node('Selu', [z], SELU)
    case 'silu':
      return graph.node('Mul', [z, graph.node('Sigmoid', [z])])
    case 'mish':
      return graph.node('Mul', [z, graph.node('Tanh', [graph.node('Softplus', [z])])])
    case 'gelu': {
      // the operators Gelu and Mish exist from opset 20 and 18 on
      const erf = graph.node('Erf', [graph.node('Mul', [z, scalar(Math.SQRT1_2)])])
      const twice = graph.node('Mul', [z, graph.node('Add', [erf, scalar(1)])])
      return graph.node('Mul', [twice, scalar(0.5)])
    }
  }
}
