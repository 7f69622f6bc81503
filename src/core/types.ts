/**
 * Names shared by all layers of the package.
 *
 * Dimension letters used in comments: B rows of a batch, K inputs of a layer, N outputs of a layer,
 * D inputs of the network, H hidden units, C classes.
 */

export const ACTIVATIONS = [
  'identity',
  'relu',
  'leakyRelu',
  'tanh',
  'sigmoid',
  'gelu',
  'elu',
  'selu',
  'silu',
  'mish',
] as const
export type Activation = (typeof ACTIVATIONS)[number]

/** Whether the derivative needs z, not only the output. */
export function keepsPreActivations(activation: Activation): boolean {
  return activation === 'gelu' || activation === 'silu' || activation === 'mish'
}

export const LOSSES = ['softmaxCrossEntropy', 'meanSquaredError', 'binaryCrossEntropy', 'huber'] as const
export type Loss = (typeof LOSSES)[number]

/** Slope of the leaky ReLU for inputs <= 0. */
export const LEAKY_SLOPE = 0.01

/** Results are bit-identical within a numeric family; results of different families are never mixed. */
export interface NumericFamily {
  readonly name: 'native' | 'js'
  /** Version of the numeric contract; changes whenever the same inputs may give different bits. */
  readonly contract: number
}

/** Shape of one dense layer: `outputs = activation(inputs [B][K] x weights [K][N] + biases [N])`. */
export interface LayerShape {
  readonly inputs: number
  readonly outputs: number
  readonly activation: Activation
}
