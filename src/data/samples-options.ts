import { checking, integerInRange, knownOptions, oneOf } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import {
  copyOf,
  isFloat32Array,
  isFloat64Array,
  isInt32Array,
  isUint8Array,
  typedArrayName,
} from '../core/typed-arrays.js'
import type { LearnOptions, TableSchema } from '../table/learn.js'
import type { Table } from '../table/table.js'
import type { TableTransform } from '../table/transform.js'
import { warnOfMissingClasses } from './missing-classes.js'
import { range } from './range.js'
import {
  byteTable,
  firstUnscaled,
  INPUT_KINDS,
  INPUT_SCALES,
  type InputKind,
  type InputScale,
  kindOf,
  scaledWords,
} from './scale.js'

/** Fields of a set. The arrays cover all rows of `values`; `rows` selects those of the set. */
export interface SamplesFields {
  /** [n][cols] row-major; may lie in a SharedArrayBuffer */
  readonly values: Uint8Array | Float32Array
  readonly cols: number
  /** [256] input value of each byte; null if values are float32 */
  readonly table: Float32Array | null
  /** [n] class of every row of `values`, 0..classes-1; null without classes */
  readonly labels: Int32Array | null
  /** [n][targetCols] targets of a regression; null without targets */
  readonly targets: Float32Array | null
  readonly targetCols: number
  /** 0 without labels */
  readonly classes: number
  readonly classNames: readonly string[]
  /** 'bytes' also for float32 values that are scaled bytes */
  readonly kind: InputKind
  /** the rows of `values` in this set, in order */
  readonly rows: Int32Array
  readonly scale: InputScale
  /** [height, width] if a row is an image */
  readonly imageShape: readonly [number, number] | null
  /** what the columns of raw rows mean, for sets of a table */
  readonly transform?: TableTransform | null
  /** the raw rows, for sets of a table on this thread */
  readonly origin?: TableOrigin | null
}

/** The raw rows that a set was made from. */
export interface TableOrigin {
  readonly table: Table
  /** the row of the table that each row of `values` is; null: the same */
  readonly rows: Int32Array | null
  /** how the transform was learnt, for learning it again on other rows */
  readonly options: LearnOptions
  readonly schema: TableSchema
  /**
   * Two sets of rows of a set of this table (positions in it): the first with a transform learnt on its rows alone, which encodes the
   * second
   */
  divide(set: SamplesFields, kept: Int32Array, drawn: Int32Array): readonly [SamplesFields, SamplesFields]
}

export interface SamplesOptions {
  /** [n][cols] as one flat row-major array; copied, into a SharedArrayBuffer if it is in one */
  readonly values: Uint8Array | Float32Array | Float64Array | readonly number[]
  readonly cols: number
  /** [n] class of each row, integers 0..classes-1, also as bigints; copied */
  readonly labels?: ArrayLike<number | bigint>
  /**
   * [n][targetCols] targets of a regression, instead of labels: one flat row-major array; targetCols follows from its
   * length; copied
   */
  readonly targets?: Float32Array | Float64Array | readonly number[]
  /** Scale of bytes: 'unit' x / 255 (default) or 'raw' x. Other values are not scaled. */
  readonly scale?: InputScale
  /** 'bytes': floats are scaled bytes, so that a model trained on bytes accepts them */
  readonly kind?: InputKind
  /**
   * default: the largest label + 1, with a process warning if a smaller class has no row. Classes without rows are allowed:
   * they are outputs of the network that no row trains, and have support 0 in `evaluate`.
   */
  readonly classes?: number
  /** default: '0', '1', ... */
  readonly classNames?: readonly string[]
  /** [height, width] if a row is an image */
  readonly imageShape?: readonly [number, number]
}

/** Larger labels are rejected as a likely mistake, e.g. identifiers read as labels. */
export const MAX_CLASSES = 65_536

const OPTIONS = ['values', 'cols', 'labels', 'targets', 'scale', 'kind', 'classes', 'classNames', 'imageShape']

/** Validates the options of `samples`. @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION */
export function checkSamples(options: SamplesOptions): SamplesFields {
  return checking('samples', () => checkedSamples(options))
}

function checkedSamples(options: SamplesOptions): SamplesFields {
  if (options !== undefined && 'targetCols' in Object(options)) {
    const hint = 'the number of targets per row follows from the length of targets'
    throw new NativeMlpError('UNKNOWN_OPTION', `samples: unknown option 'targetCols': ${hint}`)
  }
  knownOptions('samples', options, OPTIONS)
  if (options === undefined) throw invalidArgument('samples', 'an options object', options)
  const cols = integerInRange('cols', options.cols, 1)
  const values = checkValues(options.values, cols)
  const n = values.length / cols
  if (options.labels !== undefined && options.targets !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'samples: expected labels (classes) or targets (regression), got both')
  }
  const labels = options.labels === undefined ? null : checkLabelArray(options.labels, n)
  const targets = options.targets === undefined ? null : checkTargets(options.targets, n)
  const scale = oneOf('scale', options.scale ?? 'unit', INPUT_SCALES)
  const kind = checkKind(options.kind, values, scale, cols)
  return {
    values,
    cols,
    table: isUint8Array(values) ? byteTable(scale) : null,
    labels,
    targets,
    targetCols: targets === null ? 0 : targets.length / n,
    ...checkClasses(options, labels),
    kind,
    rows: range(n),
    scale,
    imageShape: checkImageShape(options.imageShape, cols),
  }
}

function checkKind(
  kind: InputKind | undefined,
  values: Uint8Array | Float32Array,
  scale: InputScale,
  cols: number,
): InputKind {
  const natural = kindOf(values)
  const given = oneOf('kind', kind ?? natural, INPUT_KINDS)
  if (natural === 'bytes' && given !== 'bytes') throw invalidArgument('kind', "'bytes' for a Uint8Array", given)
  const at = natural !== given ? firstUnscaled(values, scale) : -1
  if (at >= 0) {
    const where = `values: row ${Math.floor(at / cols)}, column ${at % cols}`
    throw invalidArgument(where, scaledWords(scale), values[at])
  }
  return given
}

function checkValues(values: unknown, cols: number): Uint8Array | Float32Array {
  const known = isUint8Array(values) || isReals(values)
  if (!known) throw invalidArgument('values', 'a Uint8Array, Float32Array, Float64Array or number[]', values)
  checkFlat('values', values)
  if (values.length === 0) throw invalidArgument('values', 'at least one row', values)
  if (values.length % cols !== 0) throw invalidArgument('values', `whole rows of ${cols} columns`, values)
  if (values.length / cols > 0x7fffffff) throw invalidArgument('values', 'at most 2^31 - 1 rows', values)
  return isUint8Array(values) ? copyOf(values) : finiteFloats('values', values, cols)
}

/** Rejects an array of rows. */
function checkFlat(name: string, values: ArrayLike<unknown>): void {
  const isRow = Array.isArray(values[0]) || ArrayBuffer.isView(values[0])
  if (isRow) throw invalidArgument(name, 'one flat row-major array, e.g. rows.flatMap((row) => [...row])', values)
}

function isReals(values: unknown): values is Float32Array | Float64Array | number[] {
  return isFloat32Array(values) || isFloat64Array(values) || Array.isArray(values)
}

/** A copy of the values as float32. */
function finiteFloats(name: string, values: Float32Array | Float64Array | number[], cols: number): Float32Array {
  const floats = isFloat32Array(values) ? copyOf(values) : asFloats(values)
  for (let i = 0; i < floats.length; i++) {
    if (Number.isFinite(floats[i]) && typeof values[i] === 'number') continue
    const where = `${name}: row ${Math.floor(i / cols)}, column ${i % cols}`
    throw invalidArgument(where, 'a finite number in the range of float32', values[i])
  }
  return floats
}

/** What is not a number becomes NaN: conversion of a bigint or a symbol would throw. */
function asFloats(values: Float64Array | number[]): Float32Array {
  if (isFloat64Array(values)) return Float32Array.from(values)
  return Float32Array.from(values, (value) => (typeof value === 'number' ? value : Number.NaN))
}

/** 64-bit integers, as NumPy makes them, come as bigints. */
function asNumbers(labels: ArrayLike<number | bigint>): ArrayLike<number> {
  const isBig = (label: number | bigint) => typeof label === 'bigint'
  return Array.prototype.some.call(labels, isBig) ? Array.from(labels, Number) : (labels as ArrayLike<number>)
}

function checkLabelArray(given: ArrayLike<number | bigint>, n: number): Int32Array {
  if (!Array.isArray(given) && typedArrayName(given) === undefined) {
    throw invalidArgument('labels', 'an array of integers', given)
  }
  const labels = asNumbers(given)
  if (labels.length !== n) throw invalidArgument('labels', `one label per row, ${n} in total`, labels)
  for (let row = 0; row < n; row++) {
    if (Number.isInteger(labels[row]) && labels[row] >= 0 && labels[row] < MAX_CLASSES) continue
    throw invalidArgument(`labels: row ${row}`, `an integer from 0 to ${MAX_CLASSES - 1}`, labels[row])
  }
  return isInt32Array(labels) ? copyOf(labels) : Int32Array.from(labels)
}

function checkTargets(targets: unknown, n: number): Float32Array {
  if (!isReals(targets)) throw invalidArgument('targets', 'a Float32Array, Float64Array or number[]', targets)
  checkFlat('targets', targets)
  if (targets.length === 0 || targets.length % n !== 0) {
    throw invalidArgument('targets', `the same number of values for each of the ${n} rows`, targets)
  }
  return finiteFloats('targets', targets, targets.length / n)
}

function checkClasses(options: SamplesOptions, labels: Int32Array | null): { classes: number; classNames: string[] } {
  if (labels === null) {
    if (options.classes !== undefined || options.classNames !== undefined) {
      throw new NativeMlpError('INVALID_ARGUMENT', 'classes, classNames: require labels')
    }
    return { classes: 0, classNames: [] }
  }
  const names = options.classNames
  if (names !== undefined && (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))) {
    throw invalidArgument('classNames', 'an array of strings', names)
  }
  const largest = labels.reduce((max, label) => Math.max(max, label), 0)
  const classes = integerInRange('classes', options.classes ?? names?.length ?? largest + 1, 1, MAX_CLASSES)
  if (largest >= classes) {
    const row = labels.indexOf(largest)
    throw invalidArgument(`labels: row ${row}`, `an integer from 0 to ${classes - 1}`, largest)
  }
  if (names !== undefined && names.length !== classes) {
    throw invalidArgument('classNames', `a name for each of the ${classes} classes`, names)
  }
  if (options.classes === undefined && names === undefined) {
    warnOfMissingClasses(labels, classes, 'samples: labels', `pass classes: ${classes}`)
  }
  return { classes, classNames: names ? [...names] : Array.from({ length: classes }, (_, c) => String(c)) }
}

function checkImageShape(shape: readonly number[] | undefined, cols: number): readonly [number, number] | null {
  if (shape === undefined) return null
  const fits = Array.isArray(shape) && shape.length === 2 && shape.every((size) => Number.isInteger(size) && size > 0)
  if (!fits || shape[0] * shape[1] !== cols) {
    throw invalidArgument('imageShape', `[height, width] with height x width = ${cols}`, shape)
  }
  return [shape[0], shape[1]]
}
