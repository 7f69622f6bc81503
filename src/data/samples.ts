import { checking, integerInRange, isObject, knownOptions, oneOf, trueOrFalse } from '../core/checks.js'
import { byteWords, invalidArgument, NativeMlpError, orOutOfMemory } from '../core/errors.js'
import { INSPECT } from '../core/inspect.js'
import { isFloat32Array, isInt32Array, isSharedBuffer, isUint8Array } from '../core/typed-arrays.js'
import type { TableTransform } from '../table/transform.js'
import {
  checkSamples,
  MAX_CLASSES,
  type SamplesFields,
  type SamplesOptions,
  type TableOrigin,
} from './samples-options.js'
import { byteTable, INPUT_KINDS, INPUT_SCALES, type InputKind, type InputScale } from './scale.js'
import { splitPositions } from './split.js'

export type { SamplesFields, SamplesOptions } from './samples-options.js'

/** A set as a plain object that can be posted to a worker thread; see `Samples.describe`. */
export type SamplesDescription = Omit<SamplesFields, 'table' | 'origin'>

export interface SplitOptions {
  /** seed of the stream 'split'; default 1 */
  readonly seed?: number
  /** give both sets the same share of each class; default false */
  readonly stratified?: boolean
}

/** A set of rows with classes, targets, or neither. Sets derived from one another share their arrays. */
export class Samples implements SamplesFields {
  readonly values: Uint8Array | Float32Array
  readonly cols: number
  readonly table: Float32Array | null
  readonly labels: Int32Array | null
  readonly targets: Float32Array | null
  readonly targetCols: number
  readonly classes: number
  readonly classNames: readonly string[]
  readonly kind: InputKind
  readonly rows: Int32Array
  readonly scale: InputScale
  readonly imageShape: readonly [number, number] | null
  /** what the columns of raw rows mean, for sets of a table; null for others */
  readonly transform: TableTransform | null
  /** the raw rows, for sets of a table on the thread that read it; null for others */
  readonly origin: TableOrigin | null

  /**
   * Expects consistent fields; `samples` validates them.
   * @param encode makes `values` when they are first read, in place of those in `fields`
   * @throws NativeMlpError INVALID_ARGUMENT for a field of another type
   */
  constructor(fields: SamplesFields, encode?: () => Float32Array) {
    checkFields(fields)
    this.values = fields.values
    if (encode !== undefined) defer(this, encode)
    this.cols = fields.cols
    this.table = fields.table
    this.labels = fields.labels
    this.targets = fields.targets
    this.targetCols = fields.targetCols
    this.classes = fields.classes
    this.classNames = fields.classNames
    this.kind = fields.kind
    this.rows = fields.rows
    this.scale = fields.scale
    this.imageShape = fields.imageShape
    this.transform = fields.transform ?? null
    this.origin = fields.origin ?? null
  }

  /** Rows in this set. */
  get length(): number {
    return this.rows.length
  }

  /**
   * Splits the rows into round(fraction x length) rows drawn at random without replacement, and the rest. Both sets keep
   * the original order. The columns of a table are learnt again, on the rows of `train` alone.
   * @param options.valid (or `test`, which only names the result) the share to draw, between 0 and 1
   * @throws NativeMlpError INVALID_ARGUMENT if a set would be empty, and for `stratified` without labels
   */
  split(options: SplitOptions & { readonly valid: number }): { train: Samples; valid: Samples }
  split(options: SplitOptions & { readonly test: number }): { train: Samples; test: Samples }
  split(options: SplitOptions & { readonly valid?: number; readonly test?: number }): Record<string, Samples> {
    knownOptions('split', options, ['valid', 'test', 'seed', 'stratified'])
    const name = options?.valid === undefined ? 'test' : 'valid'
    const fraction = options?.[name]
    if (typeof fraction !== 'number' || !(fraction > 0 && fraction < 1)) {
      throw invalidArgument(
        `split: ${options?.test === undefined ? 'valid' : name}`,
        'a number between 0 and 1',
        fraction,
      )
    }
    if (options.valid !== undefined && options.test !== undefined) {
      throw new NativeMlpError('INVALID_ARGUMENT', 'split: expected one of valid and test, got both')
    }
    const { seed = 1 } = options
    const stratified = trueOrFalse('split: stratified', options.stratified ?? false)
    const { kept, drawn } = splitPositions(
      this.length,
      fraction,
      seed,
      stratified ? classesOf(this, 'split: stratified') : null,
    )
    const [train, other] = this.divide(kept, drawn)
    return { train, [name]: other }
  }

  /**
   * Two subsets of which the first is for training: of a set of a table, what its columns mean is learnt on these rows alone.
   * @param kept positions @param drawn positions
   */
  divide(kept: Int32Array, drawn: Int32Array): readonly [Samples, Samples] {
    if (this.origin) return this.origin.divide(this, kept, drawn) as [Samples, Samples]
    return [this.subset(kept), this.subset(drawn)]
  }

  /** The first `n` rows. @throws NativeMlpError INVALID_ARGUMENT unless n is an integer from 1 to length */
  take(n: number): Samples {
    const count = integerInRange('take', n, 1, this.length)
    return this.#withRows(checking('take', () => this.rows.slice(0, count)))
  }

  /**
   * The rows at these positions of this set, in that order; repetitions are allowed.
   * @throws NativeMlpError INVALID_ARGUMENT for a position outside 0..length-1, and for an empty list
   */
  subset(positions: Int32Array | readonly number[]): Samples {
    return this.#withRows(checking('subset', () => this.#rowsAt(positions)))
  }

  #rowsAt(positions: Int32Array | readonly number[]): Int32Array {
    if (!isInt32Array(positions) && !Array.isArray(positions)) {
      throw invalidArgument('subset', 'an Int32Array or a list of positions', positions)
    }
    if (positions.length === 0) throw invalidArgument('subset', 'at least one position', positions)
    const rows = orOutOfMemory('subset', `${positions.length} rows`, () => new Int32Array(positions.length))
    for (let i = 0; i < rows.length; i++) {
      rows[i] = this.rows[integerInRange(`subset: positions[${i}]`, positions[i], 0, this.length - 1)]
    }
    return rows
  }

  /**
   * The same set with its arrays in SharedArrayBuffers, copied if necessary. Sets split from the result share one copy, so
   * call this before splitting.
   * @throws NativeMlpError INVALID_ARGUMENT without SharedArrayBuffer (in pages that are not cross-origin isolated)
   */
  toShared(): Samples {
    const { values, labels, targets, rows } = this
    return checking(
      'toShared',
      () =>
        new Samples({
          ...this,
          values: shared(values),
          labels: labels && shared(labels),
          targets: targets && shared(targets),
          rows: shared(rows),
        }),
    )
  }

  /**
   * A plain object to post to a worker thread, where `Samples.fromDescription` restores the set. Posting copies arrays,
   * except those in SharedArrayBuffers (`toShared`).
   */
  describe(): SamplesDescription {
    const { table: _, origin: __, ...description } = this as SamplesFields
    return description
  }

  /** @param description the result of `describe`, from any thread */
  static fromDescription(description: SamplesDescription): Samples {
    const { values, scale } = checking('description', () => ({ ...description }))
    return new Samples({ ...description, table: isUint8Array(values) ? byteTable(scale) : null })
  }

  /** Whether the value is a set of this copy of the package. */
  static isOwn(value: unknown): value is Samples {
    return typeof value === 'object' && value !== null && #withRows in value
  }

  /** 'Samples 48000 x 784 bytes, 10 classes' */
  [INSPECT](): string {
    const { length, cols, values, labels, classes, targets, targetCols } = this
    const known = [
      ...(labels ? [classes === 1 ? '1 class' : `${classes} classes`] : []),
      ...(targets ? [targetCols === 1 ? '1 target' : `${targetCols} targets`] : []),
    ]
    return [`Samples ${length} x ${cols} ${isUint8Array(values) ? 'bytes' : 'floats'}`, ...known].join(', ')
  }

  #withRows(rows: Int32Array): Samples {
    return new Samples({ ...this, rows })
  }
}

/**
 * Creates a set of rows from arrays.
 * @throws NativeMlpError INVALID_ARGUMENT for a non-finite value (with row and column), a label out of range (with row),
 * inconsistent lengths, and no rows; UNKNOWN_OPTION for a misspelt option; OUT_OF_MEMORY
 */
export function samples(options: SamplesOptions): Samples {
  const need = () => `a copy of ${options.values.length} values in rows of ${options.cols}`
  return new Samples(orOutOfMemory('samples', need, () => checkSamples(options)))
}

function checkFields(fields: SamplesFields): void {
  checking('Samples', () => {
    const { values, cols, table, labels, targets, targetCols, classes, classNames, kind, rows, scale, imageShape } =
      Object(fields) as SamplesFields
    const { transform = null, origin = null } = Object(fields) as SamplesFields
    const expect = (name: string, what: string, value: unknown, isRight: boolean) => {
      if (!isRight) throw invalidArgument(`Samples.${name}`, what, value)
    }
    expect('values', 'a Uint8Array or a Float32Array', values, isUint8Array(values) || isFloat32Array(values))
    integerInRange('Samples.cols', cols, 1)
    expect('table', 'a Float32Array or null', table, table === null || isFloat32Array(table))
    expect('labels', 'an Int32Array or null', labels, labels === null || isInt32Array(labels))
    expect('targets', 'a Float32Array or null', targets, targets === null || isFloat32Array(targets))
    integerInRange('Samples.targetCols', targetCols, 0)
    integerInRange('Samples.classes', classes, 0, MAX_CLASSES)
    expect('classNames', 'a list of names', classNames, Array.isArray(classNames))
    oneOf('Samples.kind', kind, INPUT_KINDS)
    expect('rows', 'an Int32Array', rows, isInt32Array(rows))
    oneOf('Samples.scale', scale, INPUT_SCALES)
    expect('imageShape', '[height, width] or null', imageShape, imageShape === null || Array.isArray(imageShape))
    expect('transform', 'a TableTransform or null', transform, transform === null || isObject(transform))
    expect('origin', 'the table of the rows or null', origin, origin === null || isObject(origin))
  })
}

/** The classes of these rows. @throws NativeMlpError INVALID_ARGUMENT for one out of range, e.g. in an array that has been transferred */
export function classesOf({ labels, rows, classes }: Samples, name: string): Int32Array {
  if (labels === null) throw invalidArgument(name, 'false for a set without labels', true)
  return checking(name, () =>
    rows.map((row, i) => integerInRange(`${name}: label of row ${i}`, labels[row], 0, classes - 1)),
  )
}

/** Values that are needed late, or never: those of a table of which only parts are trained on. */
function defer(set: Samples, encode: () => Float32Array): void {
  const define = (property: PropertyDescriptor) =>
    Object.defineProperty(set, 'values', { ...property, enumerable: true, configurable: true })
  define({
    get() {
      const value = encode()
      define({ value })
      return value
    },
  })
}

function shared<A extends Uint8Array | Float32Array | Int32Array>(array: A): A {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new NativeMlpError('INVALID_ARGUMENT', 'toShared: SharedArrayBuffer is not available')
  }
  if (isSharedBuffer(array.buffer)) return array
  const Copy = array.constructor as new (buffer: SharedArrayBuffer) => A
  const need = byteWords(array.byteLength)
  const copy = orOutOfMemory('toShared', need, () => new Copy(new SharedArrayBuffer(array.byteLength)))
  copy.set(array)
  return copy
}

/** Also true for sets of another copy of this package, such as a test framework makes. */
export function isSamples(value: unknown): value is Samples {
  // without reading `values`, which may not be encoded yet
  if (Samples.isOwn(value)) return true
  return checking('Samples', () => {
    const { values, rows, subset } = Object(value) as Partial<Samples>
    return isInt32Array(rows) && (isUint8Array(values) || isFloat32Array(values)) && typeof subset === 'function'
  })
}
