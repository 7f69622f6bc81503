import type { Backend } from '../backend/backend.js'
import { checking, finiteInRange, integerInRange, knownOptions, listOf, oneOf } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { ACTIVATIONS, type Activation } from '../core/types.js'
import { MAX_LAYER_SIZE } from '../model/layer-sizes.js'
import { checkBackend } from '../model/mlp.js'
import type { LearnOptions } from '../table/learn.js'
import type { RecipeOptions } from './recipe.js'

/** What is not given follows from the number of rows and columns. */
export interface EstimatorOptions extends Pick<LearnOptions, 'types' | 'scale' | 'bins' | 'maxLevels'> {
  /** units of each hidden layer of a member: two of 64, or of 128 for many rows; [] for none */
  readonly hiddenLayerSizes?: readonly number[]
  /** of the hidden layers; default 'relu' for classes, 'silu' for regression */
  readonly activation?: Activation
  /** largest learning rate of AdamW, >= 0; one cycle; default 0.006 */
  readonly learningRateInit?: number
  /** decoupled weight decay of AdamW, >= 0; default 0.1 */
  readonly weightDecay?: number
  /** of the hidden units, in [0, 1); default 0.1 for classes, 0 for regression */
  readonly dropout?: number
  /** rows per step, >= 1 */
  readonly batchSize?: number
  /** epochs of each member, >= 1 */
  readonly maxIter?: number
  /** networks that are trained on different parts of the rows and averaged, 1 to 64 */
  readonly members?: number
  /** seed of parts, initial parameters and batches; default 1 */
  readonly randomState?: number
  /** default: `defaultBackend()` */
  readonly backend?: Backend
}

const NAMES: readonly (keyof EstimatorOptions)[] = [
  ...(['types', 'scale', 'bins', 'maxLevels'] as const),
  ...(['hiddenLayerSizes', 'activation', 'learningRateInit', 'weightDecay', 'dropout', 'batchSize'] as const),
  ...(['maxIter', 'members', 'randomState', 'backend'] as const),
]

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong */
export function checkEstimatorOptions(name: string, options: EstimatorOptions): EstimatorOptions {
  knownOptions(name, options, NAMES)
  const { hiddenLayerSizes: hidden, activation, batchSize, maxIter, members, backend } = options
  if (hidden !== undefined) {
    checking('hiddenLayerSizes', () => {
      const sizes = Array.from(listOf('hiddenLayerSizes', hidden, 'sizes'))
      for (const [i, size] of sizes.entries()) integerInRange(`hiddenLayerSizes[${i}]`, size, 1, MAX_LAYER_SIZE)
    })
  }
  if (activation !== undefined) oneOf('activation', activation, ACTIVATIONS)
  for (const key of ['learningRateInit', 'weightDecay'] as const) finiteInRange(key, options[key] ?? 0, 0)
  const { dropout = 0 } = options
  if (!(typeof dropout === 'number' && dropout >= 0 && dropout < 1)) {
    throw invalidArgument('dropout', 'a number from 0 to below 1', dropout)
  }
  integerInRange('batchSize', batchSize ?? 1, 1)
  integerInRange('maxIter', maxIter ?? 1, 1)
  integerInRange('members', members ?? 1, 1, 64)
  integerInRange('randomState', options.randomState ?? 1, 0)
  if (backend !== undefined) checkBackend(backend)
  return { ...options }
}

export function recipeOptions(options: EstimatorOptions): RecipeOptions {
  const { hiddenLayerSizes, activation, learningRateInit, weightDecay, dropout, batchSize, maxIter, members } = options
  return {
    ...{ hidden: hiddenLayerSizes, activation, learningRate: learningRateInit, weightDecay, dropout, batchSize },
    ...{ epochs: maxIter, members, seed: options.randomState },
  }
}
