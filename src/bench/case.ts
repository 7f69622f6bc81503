import type { Backend } from '../backend/backend.js'
import type { BenchData } from './data.js'
import type { Work } from './timing.js'

export const GROUPS = ['gemm', 'step', 'stack', 'part', 'fit', 'evaluate', 'predict', 'delay'] as const
/** gemm: one product; step: one training step, by SGD or the optimizer in its name; stack: the same, of one of
 * several networks in lock-step; part: one operation of a step; fit: a step of a whole epoch of `fit`;
 * evaluate: loss and accuracy of many rows; predict: one row predicted; delay: 99th percentile of the event loop's delay */
export type Group = (typeof GROUPS)[number]

/** A measurement for any backend. */
export interface BenchCase {
  /** unique, matched against `only`: 'gemm 256x512x784 NN', 'step mnist B=256 H=128' */
  readonly name: string
  readonly group: Group
  /** floating-point operations of the dense arithmetic, two per multiply-add, including zeros; 0: no multiplication */
  readonly flops: number
  prepare(backend: Backend, data: BenchData): Promise<Work>
}
