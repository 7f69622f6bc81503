import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { nativeStatus } from '#native'
import { bench, CASES } from '../../src/bench/bench.js'
import { GROUPS } from '../../src/bench/case.js'
import { type BenchReport, type BenchResult, makeResult } from '../../src/bench/report.js'
import { formatReport } from '../../src/bench/table.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const status = nativeStatus()
const isa = status.available ? status.automatic : 'js'
const identity = { case: 'gemm x', group: 'gemm', backend: 'native', isa: 'avx2', threads: 1, flops: 4e6 } as const

function expectSound(result: BenchResult): void {
  const { median, p10, p90, min, max, samples } = result.microseconds
  const sorted = [0, min, p10, median, p90, max]
  expect(sorted, result.case).toEqual([...sorted].sort((a, b) => a - b))
  expect(min).toBeGreaterThan(0)
  expect(samples).toBeGreaterThanOrEqual(2)
  if (result.gflops !== null) expect(result.gflops).toBeCloseTo(result.flops / median / 1000, 6)
  else expect(result.flops).toBe(0)
  expect(result.peak === null).toBe(result.backend === 'js')
}

describe('the cases', () => {
  it('have names of their own and cover every bar', () => {
    const names = CASES.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(
      expect.arrayContaining([
        'gemm 256x512x784 NN',
        'gemm 784x512x256 TN',
        'gemm 64x128x784 NN',
        'gemm 1024x1024x1024 NN',
        'gemm 2048x2048x2048 NN',
        'gemm 10000x512x784 NN',
        'gemm 256x10x512 NN',
        'gemm 512x10x256 TN',
        'gemm 256x512x10 NT',
        ...['dense', 'mnist'].flatMap((data) => [128, 256, 512].map((H) => `step ${data} B=256 H=${H}`)),
        'step mnist B=64 H=128',
        'step augmented B=256 H=512',
        ...[128, 256].map((B) => `step adamW mnist B=${B} H=512`),
        'step floats 784-512-10 B=256',
        'step floats 384-128-5 B=64',
        'step adamW floats 384-128-5 B=64',
        ...['dense', 'mnist'].map((data) => `part adamW ${data} B=256 H=512 update 1`),
        ...[1, 2, 4].map((n) => `stack mnist B=256 H=128 x${n}`),
        'evaluate mnist H=512',
        ...['30-100-2 B=32', '30-100-2 B=200', '10-32-3 B=32', '100-256-10 B=64', '384-128-5 B=64'].map(
          (size) => `fit ${size}`,
        ),
        ...['4-16-3', '30-100-2', '384-100-20'].map((size) => `predict ${size}`),
      ]),
    )
  })

  it('count the operations of the dense arithmetic', () => {
    const flops = Object.fromEntries(CASES.map((one) => [one.name, one.flops]))
    expect(flops['gemm 256x10x512 NN']).toBe(2 * 256 * 10 * 512)
    // both layers forward, the gradient of the hidden layer, both updates
    const products = [256 * 784 * 128, 256 * 128 * 10, 256 * 128 * 10, 256 * 128 * 10, 784 * 128 * 256]
    expect(flops['step mnist B=256 H=128']).toBe(2 * products.reduce((a, b) => a + b))
    const parts = CASES.filter(({ name }) => name.startsWith('part mnist B=256 H=128'))
    expect(parts.reduce((sum, part) => sum + part.flops, 0)).toBe(flops['step mnist B=256 H=128'])
    expect(flops['step adamW mnist B=256 H=512']).toBe(flops['step mnist B=256 H=512'])
    expect(flops['step floats 784-512-10 B=256']).toBe(flops['step mnist B=256 H=512'])
    expect(flops['evaluate mnist H=512']).toBe(2 * 70_000 * (784 * 512 + 512 * 10))
    expect(flops['fit 30-100-2 B=32']).toBe(2 * 32 * (2 * 30 * 100 + 3 * 100 * 2))
    expect(flops['predict 4-16-3']).toBe(2 * (4 * 16 + 16 * 3))
  })
})

describe('a result', () => {
  it('compares the median with the best peak of the same moments', () => {
    const result = makeResult(identity, [30, 20, 40], [90, 100, 80])
    expect(result).toMatchObject({ gflops: 4e6 / 30e3, peak: 100, denseLimit: 40 })
    expect(result.shareOfPeak).toBeCloseTo(40 / 30, 12)
  })

  it('has no limit without a peak, and no rate where nothing is multiplied', () => {
    expect(makeResult(identity, [30], [])).toMatchObject({ peak: null, denseLimit: null, shareOfPeak: null })
    const nothing = makeResult({ ...identity, flops: 0 }, [30], [100])
    expect(nothing).toMatchObject({ gflops: null, denseLimit: null, shareOfPeak: null })
  })
})

describe('bench', () => {
  it('refuses unknown options, instruction sets and thread counts, and a pattern that matches nothing', async () => {
    await expect(bench({ thread: 1 } as object)).rejects.toThrow(/'thread'; did you mean 'threads'/)
    await expect(bench({ isas: ['sse9'] })).rejects.toThrow(/isas\[0\]: expected one of .*'js', got "sse9"/)
    await expect(bench({ threads: [0] })).rejects.toThrow(/threads\[0\]: expected an integer from 1 to 64/)
    await expect(bench({ only: 'gem{' })).rejects.toThrow(/only: expected/)
    await expect(bench({ only: '3x3x3' })).rejects.toThrow(/only: expected a pattern that matches a case/)
    for (const only of ['(', 'x'.repeat(1_000_000)]) {
      await expect(bench({ only })).rejects.toThrow(/only: expected a regular expression/)
    }
    await expect(bench({ isas: [] })).rejects.toThrow(/at least one/)
  })

  it('measures every group on every backend, and says where', async () => {
    const seen: string[] = []
    const report = await bench({
      isas: [...new Set([isa, 'js'])],
      threads: [1, 2],
      only: 'gemm 64x|step .* B=64|stack .* x2|part mnist .* H=128|fit .* (H=128|B=200)|evaluate mnist H=128|predict 4-|delay predict',
      quick: true,
      onResult: (result) => seen.push(`${result.isa} ${result.threads} ${result.case}`),
    })
    expect(report).toMatchObject({ format: 'native-mlp bench', quick: true, machine: { node: process.version } })
    expect(report.machine.cpu).not.toBe('')
    expect(seen).toEqual(report.results.map((result) => `${result.isa} ${result.threads} ${result.case}`))
    report.results.forEach(expectSound)
    const groups = (backend: string) =>
      new Set(report.results.filter((result) => result.backend === backend).map(({ group }) => group))
    expect(groups('js')).toEqual(new Set(['gemm', 'step', 'stack', 'part', 'predict']))
    if (status.available) expect(groups('native')).toEqual(new Set(GROUPS))
    const text = formatReport(report)
    for (const result of report.results) expect(text).toContain(result.case.slice(result.case.indexOf(' ') + 1))
    expect(text).toMatch(/Node v\d+/)
    const at = (load: number) => formatReport({ ...report, machine: { ...report.machine, load } })
    expect(at(1.49)).not.toContain('noise')
    expect(at(1.5)).toContain('these figures are noise')
    expect(text).toContain('js (pure TypeScript), 1 thread')
  })

  it('prints JSON for machines through its program', async () => {
    const flags = ['--quick', '--json', '--isa', isa, '--threads', '1', '--only', 'step mnist B=64']
    const program = ['--import', 'tsx', 'scripts/bench.ts', ...flags]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, program, { cwd: ROOT })
    const report: BenchReport = JSON.parse(stdout)
    expect(report).toMatchObject({
      format: 'native-mlp bench',
      formatVersion: 1,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      machine: { cores: expect.any(Number), load: expect.any(Number) },
    })
    expect(report.results).toHaveLength(1)
    expect(report.results[0]).toMatchObject({ case: 'step mnist B=64 H=128', group: 'step', isa, threads: 1 })
    report.results.forEach(expectSound)
    expect(stderr).toContain('step mnist B=64 H=128')
  })
})
