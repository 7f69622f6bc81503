// What native-mlp/bench exports: the benchmark of the command line and of scripts/bench.ts. No logic here.
export { type BenchOptions, bench, caseNames } from './bench.js'
export { describeMachine, isBusy, type Machine } from './machine.js'
export type { BenchReport, BenchResult } from './report.js'
export { median, type Summary, summarize } from './statistics.js'
export { alignColumns, formatReport, settingWords } from './table.js'
