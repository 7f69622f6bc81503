import type { Backend } from '../backend/backend.js'
import { NativeMlpError } from '../core/errors.js'
import { BatchSampler } from '../data/batches.js'
import type { Samples } from '../data/samples.js'
import { MLP } from '../model/mlp.js'
import { adamW, type Optimizer, sgd } from '../train/optimizers.js'
import { CLASSES, PIXELS } from './data.js'

/** B rows per batch, H hidden units of 784-H-10. */
export interface NetworkSize {
  readonly B: number
  readonly H: number
}

/** Small enough that any number of steps on any data stays finite. */
export const OPTIMIZER = sgd({ learningRate: 0.01, l2: 1e-4 })
export const ADAM_W = adamW({ learningRate: 1e-4, weightDecay: 0.01 })

/** Prefix of the names of cases with an optimizer other than SGD. */
export function wordOf(optimizer: Optimizer): string {
  return optimizer === OPTIMIZER ? '' : `${optimizer.config.name} `
}

export function network(backend: Backend, H: number): MLP {
  return networkOf(backend, [PIXELS, H, CLASSES])
}

export function networkOf(backend: Backend, layers: readonly number[]): MLP {
  return new MLP({ layers, inputScale: 'unit', init: 'he', seed: 1, backend })
}

/** Every whole batch of an epoch. */
export function epochOfBatches(data: Samples, B: number): Int32Array[] {
  const sampler = new BatchSampler({ rows: data.rows, batchSize: B, seed: 1 })
  return Array.from({ length: Math.floor(data.rows.length / B) }, () => sampler.next().slice())
}

/** Cycles through `items`. */
export function around<T>(items: readonly T[]): () => T {
  let next = 0
  return () => {
    const item = items[next]
    next = next + 1 === items.length ? 0 : next + 1
    return item
  }
}

/** Dense operations of a step of 784-H-10. */
export function stepFlops({ B, H }: NetworkSize): number {
  return stepFlopsOf([PIXELS, H, CLASSES], B)
}

/** Dense operations of a step of any network: every layer forward and its update, the gradient of every hidden layer. */
export function stepFlopsOf(layers: readonly number[], B: number): number {
  const products = layers.slice(1).map((outputs, l) => (l === 0 ? 2 : 3) * layers[l] * outputs)
  return 2 * B * products.reduce((sum, product) => sum + product)
}

export function checkFinite(loss: number, what: string): void {
  if (!Number.isFinite(loss)) throw new NativeMlpError('NOT_FINITE', `bench: the loss of '${what}' became ${loss}`)
}
