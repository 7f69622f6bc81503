import { resolve } from 'node:path'
import { finiteInRange, integerInRange, isObject, knownOptions, listOf, oneOf } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { LearnOptions } from '../../table/learn.js'
import type { ColumnType } from '../../table/schema.js'
import { NUMERIC_SCALES, type NumericScale, TASKS, type TargetTask } from '../../table/transform.js'
import { pathOrNone } from '../idx-rows.js'
import { type CsvOptions, readCsv } from '../tables/csv.js'
import { type JsonlOptions, readJsonRows } from '../tables/jsonl.js'
import { type ParquetOptions, readParquet } from '../tables/parquet.js'
import type { ReadTable, TableLoad } from '../tables/table-builder.js'
import type { DataSource, LoadDataOptions, RawTables } from './source.js'

/** The files of a table and what their columns mean, as plain JSON. */
export interface TableSpec {
  /** training rows */
  readonly path: string
  /** test rows, in a file with the same columns */
  readonly test?: string
  /** share of the rows of `path` drawn as test rows, between 0 and 1; default: none */
  readonly testFraction?: number
  /** of that draw; default 1 */
  readonly testSeed?: number
  /** column or columns to predict */
  readonly target?: string | readonly string[]
  /** default: by the values of the target */
  readonly task?: TargetTask
  /** types of columns by name; default: by their values */
  readonly types?: Readonly<Record<string, ColumnType>>
  /** of numbers; default 'robust' */
  readonly scale?: NumericScale
  /** bins of the piecewise-linear encoding of each number; 0 (default): none */
  readonly bins?: number
  /** inputs of a categorical column at most; default 100 */
  readonly maxLevels?: number
}

export type CsvSpec = TableSpec & CsvOptions
export type JsonlSpec = TableSpec & JsonlOptions
export type ParquetSpec = TableSpec & ParquetOptions

const LEARN_NAMES = ['target', 'task', 'types', 'scale', 'bins', 'maxLevels'] as const
const TABLE_NAMES = ['path', 'test', 'testFraction', 'testSeed', ...LEARN_NAMES]
const TEXT_NAMES = ['missing', 'text']

/** Options of every kind of table, checked. */
function checkTableSpec(options: unknown, name: string, base: string, own: readonly string[]): TableSpec {
  knownOptions(name, options ?? null, [...TABLE_NAMES, ...own])
  const given = options as TableSpec & CsvOptions
  const path = pathOrNone(`${name}.path`, given.path)
  if (path === undefined) throw invalidArgument(`${name}.path`, 'a path', path)
  if (given.test !== undefined && given.testFraction !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected test or testFraction, got both`)
  }
  const test = pathOrNone(`${name}.test`, given.test)
  const { testFraction, target, types } = given
  if (testFraction !== undefined && !(finiteInRange(`${name}.testFraction`, testFraction, 0, 1) % 1 > 0)) {
    throw invalidArgument(`${name}.testFraction`, 'a number between 0 and 1', testFraction)
  }
  if (given.testSeed !== undefined) integerInRange(`${name}.testSeed`, given.testSeed, 0)
  if (target !== undefined && typeof target !== 'string') checkTexts(`${name}.target`, target)
  if (given.task !== undefined) oneOf(`${name}.task`, given.task, TASKS)
  if (types !== undefined && !isObject(types)) {
    throw invalidArgument(`${name}.types`, "types by column, e.g. { zip: 'categorical' }", types)
  }
  if (given.scale !== undefined) oneOf(`${name}.scale`, given.scale, NUMERIC_SCALES)
  if (given.bins !== undefined) integerInRange(`${name}.bins`, given.bins, 0, 256)
  if (given.maxLevels !== undefined) integerInRange(`${name}.maxLevels`, given.maxLevels, 2, 65_536)
  for (const list of ['missing', 'text'] as const) {
    if (given[list] !== undefined) checkTexts(`${name}.${list}`, given[list])
  }
  return { ...given, path: resolve(base, path), ...(test !== undefined && { test: resolve(base, test) }) }
}

function checkTexts(name: string, texts: readonly string[]): void {
  listOf(name, texts, 'texts')
  const wrong = texts.findIndex((text) => typeof text !== 'string')
  if (wrong >= 0) throw invalidArgument(`${name}[${wrong}]`, 'a text', texts[wrong])
}

function checkCsv(options: unknown, name: string, base: string): CsvSpec {
  const spec: CsvSpec = checkTableSpec(options, name, base, [...TEXT_NAMES, 'separator', 'header', 'decimal'])
  const { separator, header, decimal } = spec
  const isSeparator = typeof separator === 'string' && separator.length === 1 && !/["\r\n]/.test(separator)
  if (separator !== undefined && !isSeparator) throw invalidArgument(`${name}.separator`, 'one character', separator)
  if (header !== undefined && typeof header !== 'boolean') {
    throw invalidArgument(`${name}.header`, 'true or false', header)
  }
  if (decimal !== undefined) oneOf(`${name}.decimal`, decimal, ['.', ','])
  if (decimal === ',' && separator === ',') {
    throw invalidArgument(`${name}.separator`, 'another character than that of decimals', separator)
  }
  return spec
}

type Read<Spec> = (path: string, options: Spec, load: TableLoad) => Promise<ReadTable>

function tableSource<Spec extends TableSpec>(
  ending: RegExp,
  check: DataSource<Spec>['check'],
  readFile: Read<Spec>,
): DataSource<Spec> {
  return {
    check,
    recognize: async (path) => (ending.test(path) ? ({ path: resolve(path) } as Spec) : null),
    path: ({ path, ...rest }) => (Object.keys(rest).length === 0 ? path : null),
    read: (spec, load, { alsoText }) => readTables(spec, load, alsoText, readFile),
  }
}

async function readTables<Spec extends TableSpec>(
  spec: Spec,
  { signal, onProgress }: LoadDataOptions,
  alsoText: readonly string[] | undefined,
  readFile: Read<Spec>,
): Promise<RawTables> {
  const load: TableLoad = { signal, onProgress, alsoText }
  const train = await readFile(spec.path, spec, load)
  const test = spec.test === undefined ? null : await readFile(spec.test, spec, load)
  const learn = Object.fromEntries(
    LEARN_NAMES.flatMap((name) => (spec[name] === undefined ? [] : [[name, spec[name]]])),
  )
  const { testFraction, testSeed = 1 } = spec
  return {
    table: train.table,
    testTable: test?.table ?? null,
    draw: testFraction === undefined ? null : { fraction: testFraction, seed: testSeed },
    learn: learn as LearnOptions,
    notes: train.notes,
    source: spec.test === undefined ? spec.path : `${spec.path}, ${spec.test}`,
  }
}

export const csvSource = tableSource<CsvSpec>(/\.(csv|tsv|tab)(\.gz)?$/i, checkCsv, readCsv)

export const jsonlSource = tableSource<JsonlSpec>(
  /\.(jsonl|ndjson)(\.gz)?$/i,
  (options, name, base) => checkTableSpec(options, name, base, TEXT_NAMES),
  readJsonRows,
)

export const parquetSource = tableSource<ParquetSpec>(
  /\.(parquet|pq)$/i,
  (options, name, base) => checkTableSpec(options, name, base, TEXT_NAMES),
  readParquet,
)
