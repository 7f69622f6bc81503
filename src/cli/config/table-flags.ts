import { type Command, Option } from 'commander'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { TableSpec } from '../../data/sources/tables.js'
import type { DataSpec } from '../../data/spec.js'
import { COLUMN_TYPES } from '../../table/schema.js'
import { NUMERIC_SCALES, TASKS } from '../../table/transform.js'

/** What flags say of a table. */
export interface TableFlags {
  readonly target?: string
  readonly task?: string
  readonly test?: string
  readonly testFraction?: string
  readonly separator?: string
  readonly header?: boolean
  readonly missing?: string
  readonly text?: string
  readonly decimal?: string
  readonly types?: string
  readonly numberScale?: string
  readonly bins?: string
}

const TABLE_SOURCES = ['csv', 'jsonl', 'parquet'] as const

/** Flags that say how a file is read. */
export function addFileFlags(command: Command): Command {
  return command
    .optionsGroup('Tables (.csv, .tsv, .jsonl, .parquet):')
    .option('--separator <character>', 'between two cells: , ; | or tab (default: guessed, and printed)')
    .option('--no-header', 'the first line is a row; the columns are x0, x1, ...')
    .option('--missing <words>', 'cells without a value, besides empty ones (default: NA,N/A,#N/A,NaN,null,?)')
    .option('--text <columns>', 'columns of texts, also if they look like numbers: zip,code')
    .addOption(new Option('--decimal <character>', 'of numbers such as 1,5').choices(['.', ',']))
}

/** Flags for a table that is trained on. */
export function addTableFlags(command: Command): Command {
  return addFileFlags(command)
    .option('--target <columns>', 'column to predict, or several: price,rent')
    .addOption(new Option('--task <name>', 'default: by the values of the target').choices([...TASKS]))
    .option('--test <file>', 'test rows, with the same columns')
    .option('--test-fraction <share>', 'share of the rows drawn as test rows, between 0 and 1')
    .option('--types <list>', `types of columns: zip=categorical,day=date; of ${COLUMN_TYPES.join(', ')}`)
    .addOption(new Option('--number-scale <name>', 'of numbers (default: robust)').choices([...NUMERIC_SCALES]))
    .option('--bins <n>', 'bins of a piecewise-linear encoding of each number (default: 0, none)')
}

/** Whether a spec names a table. */
export function isTableSpec(spec: DataSpec): boolean {
  return TABLE_SOURCES.some((name) => name in spec)
}

/** The spec with what the flags say. @throws NativeMlpError INVALID_ARGUMENT for such a flag with other data */
export function withTableFlags(spec: DataSpec, flags: TableFlags): DataSpec {
  const source = TABLE_SOURCES.find((name) => name in spec)
  if (source === undefined) {
    refuseTableFlags(flags, 'only for tables (.csv, .tsv, .jsonl, .parquet)')
    return spec
  }
  const own = (spec as unknown as Record<string, object>)[source]
  return { ...spec, [source]: { ...own, ...optionsOf(flags) } } as unknown as DataSpec
}

/** @throws NativeMlpError INVALID_ARGUMENT for the first of the flags that is given: '--separator: ' and the problem */
export function refuseTableFlags(flags: TableFlags, problem: string): void {
  const [first] = Object.keys(optionsOf(flags))
  if (first === undefined) return
  const flag = first === 'scale' ? 'number-scale' : first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new NativeMlpError('INVALID_ARGUMENT', `--${flag}: ${problem}`)
}

/** A table read with the options of another one of its format, except for those that name rows. */
export function readAlike(spec: DataSpec, other: DataSpec): DataSpec {
  const source = TABLE_SOURCES.find((name) => name in spec)
  if (source === undefined) return spec
  const [own, known] = [spec, other].map((one) => (one as unknown as Record<string, TableSpec>)[source])
  const { path: _, test: __, testFraction: ___, testSeed: ____, ...options } = known ?? {}
  return { [source]: { ...options, ...own } } as unknown as DataSpec
}

function optionsOf(flags: TableFlags): Record<string, unknown> {
  const { target, task, test, testFraction, separator, header, missing, text, decimal, types, numberScale, bins } =
    flags
  const options = {
    target: target === undefined ? undefined : listOrOne(target),
    ...{ task, test, decimal },
    testFraction: testFraction === undefined ? undefined : numberOf('--test-fraction', testFraction),
    separator: separator === 'tab' || separator === '\\t' ? '\t' : separator,
    header: header === false ? false : undefined,
    missing: missing?.split(','),
    text: text?.split(','),
    types: types === undefined ? undefined : typesOf(types),
    scale: numberScale,
    bins: bins === undefined ? undefined : numberOf('--bins', bins),
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function listOrOne(text: string): string | string[] {
  const names = text.split(',')
  return names.length === 1 ? text : names
}

function numberOf(flag: string, text: string): number {
  if (text.trim() === '' || Number.isNaN(Number(text))) throw invalidArgument(flag, 'a number', text)
  return Number(text)
}

function typesOf(text: string): Record<string, string> {
  const entries = text.split(',').map((part) => {
    const [, name, type] = /^(.+)=(\w+)$/.exec(part) ?? []
    if (name === undefined) throw invalidArgument('--types', 'column=type, e.g. zip=categorical', part)
    return [name, type]
  })
  return Object.fromEntries(entries)
}
