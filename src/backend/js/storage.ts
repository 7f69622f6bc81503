import { allocating, invalidArgument } from '../../core/errors.js'
import { keepsPreActivations, type LayerShape } from '../../core/types.js'
import type { Layer, LayerOutput, Matrix } from '../operands.js'

export function allocate(length: number): Float32Array {
  return allocating(length * 4, () => new Float32Array(length))
}

/** Weights [K][N], biases [N], zeros up to the next multiple of 16. */
export function parameterLength(inputs: number, outputs: number): number {
  return Math.ceil(((inputs + 1) * outputs) / 16) * 16
}

export function pack(weights: Float32Array, biases: Float32Array, layer: Layer): void {
  checkParameters('pack', weights, biases, layer)
  const count = layer.inputs * layer.outputs
  for (let i = 0; i < count; i++) layer.parameters[i] = weights[i]
  for (let j = 0; j < layer.outputs; j++) layer.parameters[count + j] = biases[j]
}

export function unpack(layer: Layer, weights: Float32Array, biases: Float32Array): void {
  checkParameters('unpack', weights, biases, layer)
  const count = layer.inputs * layer.outputs
  for (let i = 0; i < count; i++) weights[i] = layer.parameters[i]
  for (let j = 0; j < layer.outputs; j++) biases[j] = layer.parameters[count + j]
}

function checkParameters(name: string, weights: Float32Array, biases: Float32Array, layer: Layer): void {
  const { inputs, outputs, parameters } = layer
  if (weights.length < inputs * outputs) {
    throw invalidArgument(`${name} weights`, `at least ${inputs} x ${outputs} values`, weights)
  }
  if (biases.length < outputs) throw invalidArgument(`${name} biases`, `at least ${outputs} values`, biases)
  if (parameters.length < parameterLength(inputs, outputs)) {
    throw invalidArgument(`${name} parameters`, `at least ${parameterLength(inputs, outputs)} values`, parameters)
  }
}

export function matrix(capacity: number, cols: number): Matrix {
  return { kind: 'matrix', rows: capacity, capacity, cols, stride: cols, values: allocate(capacity * cols) }
}

export function layerOutput(capacity: number, shape: LayerShape): LayerOutput {
  const { activation, outputs } = shape
  const preActivations = keepsPreActivations(activation) ? allocate(capacity * outputs) : null
  return { ...matrix(capacity, outputs), activation, preActivations }
}

/** True when every value is finite: zero times anything finite is zero, times anything else NaN. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * 0
  return sum === 0
}

/** Throws unless `matrix` has these columns and room for these rows. */
export function expectShape(
  name: string,
  matrix: { readonly cols: number; readonly capacity: number },
  rows: number,
  cols: number,
): void {
  if (matrix.cols !== cols) throw invalidArgument(name, `${cols} columns`, matrix.cols)
  if (matrix.capacity < rows) throw invalidArgument(name, `room for ${rows} rows`, matrix.capacity)
}
