import type { Group } from './case.js'
import type { Machine } from './machine.js'
import { type Summary, summarize } from './statistics.js'

/** One case with one instruction set and number of threads. */
export interface BenchResult {
  readonly case: string
  readonly group: Group
  readonly backend: 'native' | 'js'
  /** 'avx512' | 'avx2' | 'neon' | 'portable' | 'js' */
  readonly isa: string
  readonly threads: number
  /** of the dense arithmetic; 0 without multiplication */
  readonly flops: number
  /** of one product, one step, one evaluation of 70,000 rows */
  readonly microseconds: Summary
  /** flops over the median time: more than the peak if zeros are skipped; null without multiplication */
  readonly gflops: number | null
  /** GFLOP/s of multiply-adds in registers on as many threads, the best between samples; null for TypeScript */
  readonly peak: number | null
  /** microseconds of the dense arithmetic at the peak: the limit of kernels that do not skip zeros */
  readonly denseLimit: number | null
  /** denseLimit over the median time */
  readonly shareOfPeak: number | null
}

export interface BenchReport {
  readonly format: 'native-mlp bench'
  readonly formatVersion: 1
  /** of this package */
  readonly version: string
  readonly date: string
  readonly quick: boolean
  readonly machine: Machine
  /** why the native backend was unavailable, if it was */
  readonly nativeMissing: string | null
  readonly results: readonly BenchResult[]
}

/** @param peaks GFLOP/s, empty for a backend without a peak */
export function makeResult(
  identity: Pick<BenchResult, 'case' | 'group' | 'backend' | 'isa' | 'threads' | 'flops'>,
  microseconds: readonly number[],
  peaks: readonly number[],
): BenchResult {
  const summary = summarize(microseconds)
  const multiplies = identity.flops > 0
  const peak = peaks.length > 0 ? Math.max(...peaks) : null
  const denseLimit = peak !== null && multiplies ? identity.flops / (peak * 1000) : null
  return {
    ...identity,
    microseconds: summary,
    gflops: multiplies ? identity.flops / (summary.median * 1000) : null,
    peak,
    denseLimit,
    shareOfPeak: denseLimit === null ? null : denseLimit / summary.median,
  }
}
