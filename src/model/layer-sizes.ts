import { integerInRange } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'

/** Largest number of inputs, and of units of a layer. */
export const MAX_LAYER_SIZE = 65536

/** Most layers of weights: each needs some kB besides its parameters. */
export const MAX_LAYERS = 1024

/** @throws NativeMlpError INVALID_ARGUMENT */
export function checkLayers(layers: unknown): readonly number[] {
  if (!Array.isArray(layers) || layers.length < 2) {
    throw invalidArgument('layers', 'at least two sizes: inputs, hidden..., outputs', layers)
  }
  if (layers.length > MAX_LAYERS + 1) throw invalidArgument('layers', `at most ${MAX_LAYERS + 1} sizes`, layers)
  return Object.freeze(Array.from(layers, (size, i) => integerInRange(`layers[${i}]`, size, 1, MAX_LAYER_SIZE)))
}
