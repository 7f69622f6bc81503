import { checking, integerInRange, listOf, objectOf, textOrNone } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import type { Group } from './case.js'
import { isBusy } from './machine.js'
import type { BenchReport, BenchResult } from './report.js'

const TITLES: Readonly<Record<Group, string>> = {
  gemm: 'products of row-major matrices, C = op(A) op(B), M x N x K',
  step: 'training steps of 784-H-10, or of the network named, by SGD or the optimizer named, batch of B, gathering it included',
  stack: 'steps of n networks of 784-H-10 in lock-step (xn): the time of one step of one of them',
  part: 'the operations of a step one by one',
  fit: "a step of fit, an epoch's bookkeeping included",
  evaluate: 'loss and accuracy of 70,000 rows by 784-H-10',
  predict: 'one row predicted',
  delay:
    'delay of the event loop, 99th percentile of a run of 784-512-10; a run never blocks it for much longer than 8 ms',
}

/** 'avx512, 1 thread' */
/** @throws NativeMlpError INVALID_ARGUMENT */
export function settingWords(setting: Pick<BenchResult, 'isa' | 'threads'>): string {
  const { isa, threads } = checking('setting', () => checkSetting(setting))
  if (isa === 'js') return 'js (pure TypeScript), 1 thread'
  return `${isa}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
}

/** The report for people. */
/** @throws NativeMlpError INVALID_ARGUMENT */
export function formatReport(report: BenchReport): string {
  return checking('report', () => reportText(checkReport(report)))
}

function reportText(report: BenchReport): string {
  const { machine, version, date, quick, nativeMissing, results } = report
  const lines = [
    `native-mlp ${version} bench, ${date}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.platform} ${machine.os} ${machine.arch}, Node ${machine.node}`,
    `load before: ${machine.load}${isBusy(machine) ? ' - the machine is busy, so these figures are noise' : ''}`,
  ]
  if (quick) lines.push('--quick: few rows and samples, unreliable figures')
  if (nativeMissing) lines.push(`native backend not measured: ${nativeMissing}`)
  lines.push('times in microseconds: median (10th..90th percentile); dense limit: all multiply-adds at the peak')
  for (const [setting, ofSetting] of groupBy(results, settingWords)) {
    for (const [group, ofGroup] of groupBy(ofSetting, (result) => result.group)) {
      lines.push('', `${setting}: ${TITLES[group]}`, resultTable(ofGroup))
    }
  }
  return lines.join('\n')
}

function resultTable(results: readonly BenchResult[]): string {
  const [limit, share] = results[0].group === 'gemm' ? ['peak', 'of peak'] : ['dense limit', 'of limit']
  const rows = results.map((result) => {
    const { microseconds, gflops } = result
    return [
      result.case.slice(result.case.indexOf(' ') + 1),
      time(microseconds.median),
      `${time(microseconds.p10)}..${time(microseconds.p90)}`,
      gflops === null ? '' : gflops.toFixed(1),
      ...limitCells(result),
    ]
  })
  return alignColumns([['case', 'median', '10th..90th', 'GFLOP/s', limit, share], ...rows])
}

/** For a product the peak and the share of it, else the dense limit and the ratio of the time to it. */
function limitCells({ group, peak, denseLimit, shareOfPeak }: BenchResult): string[] {
  if (peak === null || denseLimit === null || shareOfPeak === null) return ['', '']
  if (group === 'gemm') return [peak.toFixed(1), shareOfPeak.toFixed(3)]
  return [time(denseLimit), (1 / shareOfPeak).toFixed(3)]
}

/** Three or four significant digits. */
export function time(microseconds: number): string {
  return microseconds.toFixed(microseconds < 10 ? 2 : microseconds < 1000 ? 1 : 0)
}

/** Columns separated by two spaces, all except the first right-aligned. */
/** @throws NativeMlpError INVALID_ARGUMENT */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  return checking('rows', () => aligned(checkRows(rows)))
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)))
  const line = (row: readonly string[]) =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

function checkSetting(setting: Pick<BenchResult, 'isa' | 'threads'>): Pick<BenchResult, 'isa' | 'threads'> {
  const { isa, threads } = objectOf('setting', setting, 'an instruction set with a number of threads')
  if (typeof isa !== 'string') throw invalidArgument('setting.isa', 'an instruction set', isa)
  return { isa, threads: integerInRange('setting.threads', threads, 1) }
}

function checkReport(report: BenchReport): BenchReport {
  if (Object(report).format !== 'native-mlp bench') throw invalidArgument('report', 'a report of bench()', report)
  listOf('report.results', report.results, 'results')
  objectOf('report.machine', report.machine, 'a machine')
  for (const key of ['version', 'date'] as const) textOrNone(`report.${key}`, report[key])
  if (report.nativeMissing !== null) textOrNone('report.nativeMissing', report.nativeMissing)
  return report
}

function checkRows(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const isTable = Array.isArray(rows) && rows.length > 0 && rows.every(Array.isArray)
  if (!isTable) throw invalidArgument('rows', 'at least one list of texts', rows)
  rows.forEach((row, r) => {
    const at = row.findIndex((cell) => typeof cell !== 'string')
    if (at >= 0) throw invalidArgument(`rows[${r}][${at}]`, 'a text', row[at])
    if (row.length !== rows[0].length) throw invalidArgument(`rows[${r}]`, `${rows[0].length} texts`, row)
  })
  return rows
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}
