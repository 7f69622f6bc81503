import type { Backend } from '../backend/backend.js'
import { NativeMlpError } from '../core/errors.js'
import { BatchSampler } from '../data/batches.js'
import type { Samples } from '../data/samples.js'
import { MLP } from '../model/mlp.js'
import { sgd } from '../train/optimizers.js'
import { CLASSES, PIXELS } from './data.js'

/** B rows of a batch, H hidden units of 784-H-10. */
export interface NetworkSize {
  readonly B: number
  readonly H: number
}

/** Small enough for any data to stay finite over any number of steps. */
export const OPTIMIZER = sgd({ learningRate: 0.01, l2: 1e-4 })

export function network(backend: Backend, H: number): MLP {
  return new MLP({ layers: [PIXELS, H, CLASSES], inputScale: 'unit', init: 'he', seed: 1, backend })
}

/** Every whole batch of an epoch. */
export function epochOfBatches(data: Samples, B: number): Int32Array[] {
  const sampler = new BatchSampler({ rows: data.rows, batchSize: B, seed: 1, dropLast: true })
  return Array.from({ length: sampler.batchesPerEpoch }, () => sampler.next())
}

/** Runs through `items` without end. */
export function around<T>(items: readonly T[]): () => T {
  let next = 0
  return () => {
    const item = items[next]
    next = next + 1 === items.length ? 0 : next + 1
    return item
  }
}

/** Dense operations of a step: both layers forward, the hidden gradient, both updates. */
export function stepFlops({ B, H }: NetworkSize): number {
  return 2 * B * (2 * PIXELS * H + 3 * H * CLASSES)
}

export function checkFinite(loss: number, what: string): void {
  if (!Number.isFinite(loss)) throw new NativeMlpError('NOT_FINITE', `bench: the loss of '${what}' became ${loss}`)
}
