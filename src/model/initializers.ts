import { finiteInRange, knownOptions } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { type RandomStream, randomStream } from '../core/random.js'

/**
 * Initialization of the parameters:
 * - `'he'`: weights N(0, 2 / K), K inputs of the layer; biases 0 (He et al., "Delving Deep into Rectifiers", 2015)
 * - `'glorot'`: weights uniform in +-sqrt(6 / (K + N)); biases 0 (Glorot and Bengio, "Understanding the difficulty of
 *   training deep feedforward neural networks", 2010)
 * - `{ weights, biases }`: normal with these standard deviations; 0 gives zeros
 * - `'homework'`: `{ weights: 0.001, biases: 1 }`
 */
export type Init = 'he' | 'glorot' | 'homework' | { readonly weights: number; readonly biases: number }

export const INIT_NAMES = ['he', 'glorot', 'homework'] as const

/** @throws NativeMlpError INVALID_ARGUMENT, with `name` in the message, for an invalid `Init` */
export function checkInit(init: unknown, name = 'init'): Init {
  if (INIT_NAMES.includes(init as 'he')) return init as Init
  if (typeof init !== 'object' || init === null) {
    throw invalidArgument(name, `one of 'he', 'glorot', 'homework' or { weights: sd, biases: sd }`, init)
  }
  knownOptions(name, init, ['weights', 'biases'])
  const { weights, biases } = init as { weights: unknown; biases: unknown }
  return {
    weights: finiteInRange(`${name}.weights`, weights, 0),
    biases: finiteInRange(`${name}.biases`, biases, 0),
  }
}

export interface InitialLayer {
  /** [K][N] row-major */
  readonly weights: Float32Array
  /** [N] */
  readonly biases: Float32Array
}

/**
 * Initial parameters of a network, drawn from stream 'init' in row-major order: weights of the first layer, its biases,
 * weights of the second, and so on.
 *
 * @param layers sizes: inputs, hidden..., outputs
 */
export function initialParameters(layers: readonly number[], init: Init, seed: number): InitialLayer[] {
  const random = randomStream(seed, 'init')
  const result: InitialLayer[] = []
  for (let l = 0; l + 1 < layers.length; l++) {
    const weights = new Float32Array(layers[l] * layers[l + 1])
    const biases = new Float32Array(layers[l + 1])
    fillLayer(weights, biases, layers[l], layers[l + 1], init, random)
    result.push({ weights, biases })
  }
  return result
}

function fillLayer(
  weights: Float32Array,
  biases: Float32Array,
  inputs: number,
  outputs: number,
  init: Init,
  random: RandomStream,
): void {
  if (init === 'he') {
    fillNormal(weights, Math.sqrt(2 / inputs), random)
  } else if (init === 'glorot') {
    const limit = Math.sqrt(6 / (inputs + outputs))
    for (let i = 0; i < weights.length; i++) weights[i] = (2 * random.next() - 1) * limit
  } else {
    const { weights: sd, biases: biasSd } = init === 'homework' ? { weights: 0.001, biases: 1 } : init
    fillNormal(weights, sd, random)
    fillNormal(biases, biasSd, random)
  }
}

/** A standard deviation of 0 gives +0 everywhere; multiplication would give signed zeros. */
function fillNormal(values: Float32Array, sd: number, random: RandomStream): void {
  if (sd === 0) return
  for (let i = 0; i < values.length; i++) values[i] = random.normal() * sd
}
