import { checking, knownOptions, trueOrFalse } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import { isUint8Array } from '../core/typed-arrays.js'
import type { TableSchema } from '../table/learn.js'
import { dataDigest } from './digest.js'
import { warnOfMissingClasses } from './missing-classes.js'
import { findMnistData } from './mnist-sources.js'
import { range } from './range.js'
import { Samples } from './samples.js'
import { byteTable, type InputScale, kindOf } from './scale.js'
import type { LoadDataOptions, RawData, RawSet, RawTables, Surroundings } from './sources/source.js'
import { checkSpec, type DataRecipe, type DataSpec } from './spec.js'
import { learnAgain, positionsOf, tableSamples, tableSamplesLike, withTransform } from './table-samples.js'

/** Describes the rows, as plain JSON. */
export interface DataSchema {
  /** values per row */
  readonly inputs: number
  /** bytes are scaled, floats are not */
  readonly values: 'bytes' | 'floats'
  /** [height, width] if a row is an image */
  readonly imageShape: readonly [number, number] | null
  readonly classes: number
  readonly classNames: readonly string[]
  /** of a table: its columns, and the task that follows from its target */
  readonly table?: TableSchema
}

export interface LoadedData {
  readonly train: Samples
  readonly test?: Samples
  readonly recipe: DataRecipe
  readonly schema: DataSchema
  /** readable description of the origin */
  readonly source: string
  /** what was found out about the files, for people */
  readonly notes: readonly string[]
}

const OPTIONS: readonly (keyof LoadDataOptions)[] = [
  ...(['shared', 'download', 'mirrors', 'cacheDir', 'signal', 'onProgress'] as const),
]

/**
 * Loads data for training and evaluation from any source.
 *
 *     const { train, test } = await loadData({ idx: { folder: 'fashion-mnist' } })
 *
 * @param spec the source; for the recipe of an earlier load, the digest is verified
 * @returns classes counted from the training labels; a recipe that loads the same data again
 * @throws NativeMlpError INVALID_ARGUMENT if the data digest does not match the recipe, and for an invalid spec;
 *   DATA_NOT_FOUND, INVALID_FILE, FILE_SYSTEM naming the file; of downloads CHECKSUM_MISMATCH, DOWNLOAD_FAILED, ABORTED
 */
export async function loadData(spec: DataSpec | DataRecipe, options: LoadDataOptions = {}): Promise<LoadedData> {
  return await loadDataIn(spec, options, { env: process.env, findPackage: findMnistData })
}

export async function loadDataIn(
  spec: DataSpec | DataRecipe,
  options: LoadDataOptions,
  surroundings: Surroundings,
): Promise<LoadedData> {
  knownOptions('loadData', options, OPTIONS)
  const shared = trueOrFalse('shared', options.shared ?? false)
  const { name, options: own, source, scale, digest: expected } = checking('data', () => checkSpec(spec))
  const raw = await source.read(own, options, surroundings)
  const sets = 'table' in raw ? setsOfTables(raw) : makeSets(raw, scale, shared)
  const digest = dataDigest(sets)
  if (expected !== null) checkDigest(expected, digest, raw.source)
  const { train } = sets
  return {
    ...sets,
    recipe: { [name]: own, scale, digest } as unknown as DataRecipe,
    schema: {
      inputs: train.cols,
      values: train.table === null ? 'floats' : 'bytes',
      imageShape: train.imageShape,
      classes: train.classes,
      classNames: train.classNames,
      ...(train.origin && { table: train.origin.schema }),
    },
    source: raw.source,
    notes: 'notes' in raw ? [...raw.notes, ...(train.origin?.schema.notes ?? [])] : [],
  }
}

/**
 * Reads the rows of a table for a model that knows what they mean.
 *
 * @param alsoText columns that are texts for it
 * @throws NativeMlpError INVALID_ARGUMENT for a source of other data; as `loadData`
 */
export async function readTablesOf(
  spec: DataSpec,
  options: LoadDataOptions,
  alsoText: readonly string[],
): Promise<RawTables> {
  const { options: own, source } = checking('data', () => checkSpec(spec))
  const raw = await source.read(own, options, { env: process.env, findPackage: findMnistData, alsoText })
  if ('table' in raw) return raw
  throw new NativeMlpError('INVALID_ARGUMENT', `data: the model was trained on a table, ${raw.source} is none`)
}

/** Test rows have the meaning that the training rows give their columns. */
function setsOfTables({ table, testTable, draw, learn }: RawTables): { train: Samples; test?: Samples } {
  const all = tableSamples(table, learn)
  if (testTable !== null) return { train: all, test: tableSamplesLike(testTable, all) }
  if (draw === null) return { train: all }
  const { train: kept, test: drawn } = drawTest(positionsOf(all), draw)
  const train = learnAgain(all, kept.rows)
  return { train, test: withTransform(all, train, drawn.rows) }
}

/** The training and the test rows of a table that is one file. @param all its rows */
export function drawTest(all: Samples, { fraction, seed }: NonNullable<RawTables['draw']>) {
  return all.split({ test: fraction, seed, stratified: all.labels !== null })
}

/** @throws NativeMlpError INVALID_ARGUMENT naming both digests */
export function checkDigest(expected: string, actual: string, source: string): void {
  if (expected === actual) return
  const digests = `expected ${expected}, got ${actual} from ${source}`
  throw new NativeMlpError('INVALID_ARGUMENT', `data digest does not match: ${digests}`)
}

function makeSets({ train, test, classes: known, classNames }: RawData, scale: InputScale, shared: boolean) {
  if (train.labels === null) {
    if (known !== null) throw invalidArgument('classes', 'none for targets, which are no classes', known)
    return bothSets(train, test, [], scale, shared)
  }
  const classes = known ?? largest(train.labels) + 1
  checkLabels(train, classes, null)
  if (known === null) warnOfMissingClasses(train.labels, classes, train.names.labels, `set classes: ${classes}`)
  if (test !== null) checkLabels(test, classes, known === null ? train.labels : null)
  const names = classNames ?? Array.from({ length: classes }, (_, c) => String(c))
  return bothSets(train, test, names, scale, shared)
}

function bothSets(train: RawSet, test: RawSet | null, names: readonly string[], scale: InputScale, shared: boolean) {
  if (test !== null) checkSameRows(train, test)
  const make = (set: RawSet) => makeSamples(set, names, scale, shared)
  return { train: make(train), ...(test !== null && { test: make(test) }) }
}

function makeSamples(set: RawSet, classNames: readonly string[], scale: InputScale, shared: boolean) {
  const { values, cols, labels, targets, imageShape } = set
  const rows = values.length / cols
  const made = new Samples({
    kind: kindOf(values),
    ...{ values, cols, labels, targets, imageShape, classes: classNames.length, scale },
    table: isUint8Array(values) ? byteTable(scale) : null,
    targetCols: targets === null ? 0 : targets.length / rows,
    classNames,
    rows: range(rows),
  })
  return shared ? made.toShared() : made
}

/** @param training labels that must include those of a test set; null: any below `classes` */
function checkLabels({ names, labels }: RawSet, classes: number, training: Int32Array | null): void {
  if (labels === null) throw invalidFile(names.labels, 'expected labels, as for the training rows')
  const row = labels.findIndex((label) => label >= classes)
  if (row >= 0 && training === null) {
    throw invalidFile(
      names.labels,
      `label of row ${row}: expected an integer from 0 to ${classes - 1}, got ${labels[row]}`,
    )
  }
  if (training === null) return
  const isSeen = new Uint8Array(classes)
  for (const label of training) isSeen[label] = 1
  const unseen = labels.findIndex((label) => !isSeen[label])
  if (unseen < 0) return
  const which = `class ${labels[unseen]} of test row ${unseen}`
  throw invalidFile(names.labels, `${which} does not occur in the training labels; set classes if that is intended`)
}

function checkSameRows(train: RawSet, test: RawSet): void {
  const words = ({ imageShape, cols }: RawSet) => imageShape?.join(' x ') ?? `${cols} values`
  if (words(train) !== words(test)) {
    throw invalidFile(test.names.values, `training rows are ${words(train)}, test rows ${words(test)}`)
  }
  const targetsOf = ({ targets, values, cols }: RawSet) =>
    targets === null ? 0 : (targets.length * cols) / values.length
  if (targetsOf(train) !== targetsOf(test)) {
    const words = `training rows have ${targetsOf(train)} targets, test rows ${targetsOf(test)}`
    throw invalidFile(test.names.labels, words)
  }
  const kinds = [train, test].map(({ values }) => (isUint8Array(values) ? 'bytes' : 'floats'))
  if (kinds[0] !== kinds[1])
    throw invalidFile(test.names.values, `training rows are ${kinds[0]}, test rows ${kinds[1]}`)
}

function largest(labels: Int32Array): number {
  return labels.reduce((max, label) => Math.max(max, label), 0)
}
