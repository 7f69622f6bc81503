import { createNativeBackend, nativePeak, nativeStatus } from '#native'
import type { Backend } from '../backend/backend.js'
import { createJsBackend } from '../backend/js/index.js'
import { checking, functionOrNone, integerInRange, knownOptions, listOf, oneOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { packageVersion } from '../core/version.js'
import type { BenchCase } from './case.js'
import { BenchData } from './data.js'
import { DELAY_CASES } from './delay-cases.js'
import { GEMM_CASES } from './gemm-cases.js'
import { describeMachine } from './machine.js'
import { PART_CASES } from './part-cases.js'
import { PREDICT_CASES } from './predict-cases.js'
import { type BenchReport, type BenchResult, makeResult } from './report.js'
import { EVALUATE_CASES, FIT_CASES } from './run-cases.js'
import { SMALL_FIT_CASES } from './small-cases.js'
import { STACK_CASES } from './stack-cases.js'
import { STEP_CASES } from './step-cases.js'
import { type Effort, FULL_EFFORT, QUICK_EFFORT, Stopwatch } from './timing.js'

export interface BenchOptions {
  /** instruction sets to measure, 'js' for the TypeScript backend; default: all of this machine except 'portable' */
  readonly isas?: readonly string[]
  /** thread counts of the native backend, each 1..64; default 1 and 2 */
  readonly threads?: readonly number[]
  /** a regular expression; measures only cases with a matching name */
  readonly only?: string
  /** smoke test: few rows and samples, unreliable figures */
  readonly quick?: boolean
  /** called for each result */
  readonly onResult?: (result: BenchResult) => void
}

/** All cases of the benchmark. */
export const CASES: readonly BenchCase[] = [
  ...GEMM_CASES,
  ...STEP_CASES,
  ...STACK_CASES,
  ...PART_CASES,
  ...FIT_CASES,
  ...SMALL_FIT_CASES,
  ...EVALUATE_CASES,
  ...PREDICT_CASES,
  ...DELAY_CASES,
]

const OPTIONS: readonly (keyof BenchOptions)[] = ['isas', 'threads', 'only', 'quick', 'onResult']
const FULL_ROWS = 60_000
const QUICK_ROWS = 1536

/** A backend to measure, and its peak. */
interface Setting {
  readonly backend: Backend
  readonly peak: ((milliseconds: number) => number) | null
}

/**
 * Measures products, training steps, their parts and evaluation on each instruction set and number of threads, with the
 * processor's peak multiply-adds at the same time. Seeded, warmed up; medians with their spread.
 *
 * @throws NativeMlpError INVALID_ARGUMENT, UNKNOWN_OPTION, BACKEND_UNAVAILABLE for an unavailable instruction set
 */
export async function bench(options: BenchOptions = {}): Promise<BenchReport> {
  knownOptions('bench', options, OPTIONS)
  functionOrNone('onResult', options.onResult)
  const quick = trueOrFalse('quick', options.quick ?? false)
  const cases = chooseCases(options.only)
  const settings = checking('bench', () => chooseSettings(options))
  const machine = describeMachine()
  const date = new Date().toISOString()
  const data = new BenchData(quick ? QUICK_ROWS : FULL_ROWS)
  const results: BenchResult[] = []
  for (const setting of settings) {
    for (const one of cases.filter((each) => suits(each, setting.backend))) {
      const result = await measure(one, setting, data, quick ? QUICK_EFFORT : FULL_EFFORT)
      results.push(result)
      options.onResult?.(result)
    }
  }
  const status = nativeStatus()
  return {
    format: 'native-mlp bench',
    formatVersion: 1,
    version: packageVersion,
    date,
    quick,
    machine,
    nativeMissing: status.available ? null : status.reason,
    results,
  }
}

/** Names of the cases that match a pattern. @throws NativeMlpError INVALID_ARGUMENT if there are none */
export function caseNames(only?: string): string[] {
  return chooseCases(only).map(({ name }) => name)
}

function chooseCases(only: string | undefined): readonly BenchCase[] {
  if (only === undefined) return CASES
  if (typeof only !== 'string') throw invalidArgument('only', 'a regular expression as text', only)
  const chosen = casesLike(only)
  if (chosen.length > 0) return chosen
  throw invalidArgument('only', `a pattern that matches a case, such as '${CASES[0].name}' or 'step mnist'`, only)
}

function casesLike(only: string): readonly BenchCase[] {
  try {
    const pattern = new RegExp(only, 'i')
    // which also throws for a pattern that is too large
    return CASES.filter(({ name }) => pattern.test(name))
  } catch {
    throw invalidArgument('only', 'a regular expression', only)
  }
}

function chooseSettings({ isas, threads = [1, 2] }: BenchOptions): Setting[] {
  const status = nativeStatus()
  const native = status.available ? status.isas : []
  const known = [...native, 'js']
  const chosen = isas ?? known.filter((isa) => isa !== 'portable')
  listOf('isas', chosen, 'instruction sets')
  listOf('threads', threads, 'thread counts')
  for (const [i, isa] of chosen.entries()) oneOf(`isas[${i}]`, isa, known)
  for (const [i, n] of threads.entries()) integerInRange(`threads[${i}]`, n, 1, 64)
  const settings: Setting[] = chosen
    .filter((isa) => isa !== 'js')
    .flatMap((isa) =>
      threads.map((n) => ({
        backend: createNativeBackend({ isa, threads: n }),
        peak: nativePeak({ isa, threads: n }),
      })),
    )
  if (chosen.includes('js')) settings.push({ backend: createJsBackend(), peak: null })
  if (settings.length === 0) throw invalidArgument('isas and threads', 'at least one of each', [])
  return settings
}

/** The TypeScript backend takes minutes for the larger ones. */
function suits({ group, flops }: BenchCase, { name }: Backend): boolean {
  return name === 'native' || (flops < 1e9 && group !== 'fit' && group !== 'delay')
}

async function measure(one: BenchCase, { backend, peak }: Setting, data: BenchData, effort: Effort) {
  const stopwatch = new Stopwatch(await one.prepare(backend, data))
  await stopwatch.warmUp(effort.warmUp)
  const microseconds: number[] = []
  const peaks: number[] = []
  const least = Math.ceil(effort.least / effort.rounds)
  for (let round = 0; round < effort.rounds; round++) {
    if (peak) peaks.push(peak(effort.peak) / 1e9)
    microseconds.push(...(await stopwatch.samples(effort.sampling / effort.rounds, least)))
  }
  if (peak) peaks.push(peak(effort.peak) / 1e9)
  const { name, group, flops } = one
  const { isa, threads } = backend
  return makeResult({ case: name, group, backend: backend.name, isa, threads, flops }, microseconds, peaks)
}
