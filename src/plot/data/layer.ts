import { integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { LayerParameters } from '../../core/results.js'

/** Returns the layer if its arrays have the lengths of its shape, or throws INVALID_ARGUMENT. */
export function checkLayer(layer: LayerParameters, name: string): LayerParameters {
  if (typeof layer !== 'object' || layer === null) throw invalidArgument(name, 'the parameters of a layer', layer)
  const inputs = integerInRange(`${name}.inputs`, layer.inputs, 1)
  const outputs = integerInRange(`${name}.outputs`, layer.outputs, 1)
  if (layer.weights?.length !== inputs * outputs) {
    throw invalidArgument(`${name}.weights`, `${inputs} x ${outputs} values`, layer.weights)
  }
  if (layer.biases?.length !== outputs) throw invalidArgument(`${name}.biases`, `${outputs} values`, layer.biases)
  return layer
}
