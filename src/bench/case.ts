import type { Backend } from '../backend/backend.js'
import type { BenchData } from './data.js'
import type { Work } from './timing.js'

export const GROUPS = ['gemm', 'step', 'stack', 'part', 'fit', 'evaluate', 'predict'] as const
/** gemm: one product; step: one training step; stack: the same, of one of
 * several networks in lock-step; part: one operation of a step; fit: a step of a whole epoch of `fit`;
 * evaluate: loss and accuracy of many rows; predict: one row predicted */
export type Group = (typeof GROUPS)[number]

/** Something to measure on any backend. */
export interface BenchCase {
  /** unique, what `only` is matched against: 'gemm 256x512x784 NN', 'step mnist B=256 H=128' */
  readonly name: string
  readonly group: Group
  /** floating-point operations of the dense arithmetic, two a multiply-add, zeros counted too; 0: nothing is multiplied */
  readonly flops: number
  prepare(backend: Backend, data: BenchData): Promise<Work>
}
