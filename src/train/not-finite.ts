import { NativeMlpError } from '../core/errors.js'
import type { Samples } from '../data/samples.js'
import type { MLP } from '../model/mlp.js'
import type { OptimizerConfig } from './optimizers.js'

/** The step at which a run failed, its optimiser and its training set. */
export interface FailureContext {
  /** 0-based step of the run */
  readonly step: number
  readonly optimizer: OptimizerConfig
  readonly train: Samples
}

/** The error for a non-finite loss; `layer` is the 0-based first layer with a non-finite output, or -1. */
export function lossNotFinite(what: string, loss: number, layer: number, context: FailureContext): NativeMlpError {
  const where = layer < 0 ? '' : `: the outputs of layer ${layer + 1} are not finite`
  return new NativeMlpError('NOT_FINITE', `fit: ${what} is ${loss} at step ${context.step}${where}; ${cause(context)}`)
}

/** @throws NativeMlpError NOT_FINITE naming the first layer with a non-finite parameter */
export function checkParameters(model: MLP, context: FailureContext): void {
  const layer = firstBadLayer(model)
  if (layer < 0) return
  throw new NativeMlpError(
    'NOT_FINITE',
    `fit: the parameters of layer ${layer + 1} are not finite after step ${context.step}; ${cause(context)}`,
  )
}

/** 0-based first layer with a non-finite parameter, or -1. */
export function firstBadLayer({ backend, layers }: MLP): number {
  return layers.findIndex((layer) => !backend.allFinite(layer.parameters))
}

/** From this product on SGD overshoots: p -= learningRate l2 p flips the sign of every parameter without shrinking it. */
const L2_LIMIT = 2

function cause({ optimizer: { name, learningRate, l2 }, train }: FailureContext): string {
  const { what, remedy } = blamed(train)
  if (typeof learningRate !== 'number') return `most likely the learning rate is too high for these ${what}: ${remedy}`
  if (name === 'sgd' && typeof l2 === 'number' && learningRate * l2 >= L2_LIMIT) {
    const limit = `their product is ${learningRate * l2}, and from ${L2_LIMIT} on the L2 term alone makes parameters grow`
    return `most likely the learning rate (${learningRate}) is too high, or l2 (${l2}): ${limit}`
  }
  return `most likely the learning rate (${learningRate}) is too high for these ${what}: ${remedy}`
}

/** Data within this distance of 0 need no scaling. */
const WELL_SCALED = 10

/** What of the data probably made the numbers overflow, and its remedy beside a lower learning rate. */
function blamed(train: Samples): { what: string; remedy: string } {
  const targets = train.targets === null ? 0 : largest(train.targets, train.targetCols, train.rows, null)
  const inputs = largest(train.values, train.cols, train.rows, train.table)
  const areInputsLarge = inputs > WELL_SCALED
  if (targets <= WELL_SCALED) {
    return { what: 'inputs', remedy: `try a tenth of it${areInputsLarge ? ', or inputs scaled to 0..1' : ''}` }
  }
  const size = `up to ${Number(targets.toPrecision(3))} in size`
  const scaled = 'targets scaled to about -1..1, such as (t - mean) / standard deviation'
  if (!areInputsLarge) return { what: `targets, ${size}`, remedy: `try ${scaled}, or a tenth of it` }
  return { what: `inputs and targets, ${size}`, remedy: `try inputs scaled to 0..1 and ${scaled}, or a tenth of it` }
}

/** The largest absolute value in these rows. */
function largest(values: ArrayLike<number>, cols: number, rows: Int32Array, table: Float32Array | null): number {
  let max = 0
  // iterators of an array that has been transferred throw
  for (let r = 0; r < rows.length; r++) {
    for (let i = rows[r] * cols; i < (rows[r] + 1) * cols; i++) {
      max = Math.max(max, Math.abs(table === null ? values[i] : table[values[i]]))
    }
  }
  return max
}
