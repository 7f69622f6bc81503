import { checking } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { byteTable, firstUnscaled, type InputKind, type InputScale, scaledWords } from '../core/scale.js'
import { isFloat32Array, isInt32Array, isUint8Array } from '../core/typed-arrays.js'

/** A set of rows as the model uses it, e.g. `Samples`. Its arrays must not change after the first use. */
export interface InputRows {
  /** [n][cols] row-major */
  readonly values: Uint8Array | Float32Array
  readonly cols: number
  /** [256] input value of each byte; null if values are float32 */
  readonly table: Float32Array | null
  /** the rows of `values` that belong to this set, in order */
  readonly rows: Int32Array
  readonly scale: InputScale
  /** 'bytes' also for float32 values that are scaled bytes */
  readonly kind: InputKind
}

/** The inputs that a model accepts. */
export interface InputContract {
  /** values per row */
  readonly inputs: number
  readonly inputScale: InputScale
  /** kind of the training rows; null: unknown, both are accepted */
  readonly inputKind: InputKind | null
}

/**
 * Converts rows given as a plain array to a set.
 *
 * @param kind of plain float32; default 'floats'
 * @throws NativeMlpError INVALID_ARGUMENT if `inputs` does not match the model
 */
export function asInputRows(
  inputs: InputRows | Float32Array | Uint8Array,
  model: InputContract,
  kind?: InputKind,
  name = 'inputs',
): InputRows {
  if (isFloat32Array(inputs) || isUint8Array(inputs)) {
    const { inputs: cols, inputScale: scale } = model
    const isBytes = isUint8Array(inputs)
    if (inputs.length === 0 || inputs.length % cols !== 0) {
      throw invalidArgument(name, `at least one row of ${cols} values`, inputs)
    }
    const rows = new Int32Array(inputs.length / cols)
    for (let i = 0; i < rows.length; i++) rows[i] = i
    const set = { rows, scale, kind: isBytes ? 'bytes' : (kind ?? 'floats') } as const
    checkKind(set.kind, model, name)
    if (!isBytes && set.kind === 'bytes') checkScaled(inputs, model, name)
    return { values: inputs, cols, table: isBytes ? byteTable(scale) : null, ...set }
  }
  checking(name, () => {
    if (!isInt32Array(Object(inputs).rows)) {
      throw invalidArgument(name, 'Samples, or rows as a Float32Array or Uint8Array', inputs)
    }
    checkInputRows(inputs, model, name)
  })
  return inputs
}

/** @throws NativeMlpError INVALID_ARGUMENT if the set is empty or does not match the model */
export function checkInputRows(inputs: InputRows, model: InputContract, name: string): void {
  const { inputs: cols, inputScale: scale } = model
  if (inputs.cols !== cols) throw invalidArgument(`${name}.cols`, `${cols}, the inputs of the model`, inputs.cols)
  if (!isFloat32Array(inputs.values) && !isUint8Array(inputs.values)) {
    throw invalidArgument(`${name}.values`, 'a Float32Array or Uint8Array', inputs.values)
  }
  if (inputs.values.length === 0) {
    throw invalidArgument(`${name}.values`, 'values that have not been transferred to another thread', inputs.values)
  }
  if (inputs.rows.length === 0) throw invalidArgument(name, 'at least one row', 'an empty set')
  checkTable(inputs, name)
  checkRowNumbers(inputs, name)
  checkKind(inputs.kind, model, name)
  if (inputs.kind === 'bytes' && inputs.scale !== scale) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `${name}.scale: expected '${scale}', the inputScale of the model, got '${inputs.scale}'; load the data with the ` +
        `scale of the model, or create the model with inputScale: '${inputs.scale}'`,
    )
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT naming the first value that is no byte in the scale of the model */
export function checkScaled(values: Float32Array, { inputs: cols, inputScale }: InputContract, name: string): void {
  const at = firstUnscaled(values, inputScale)
  if (at >= 0)
    throw invalidArgument(`${name}[${Math.floor(at / cols)}][${at % cols}]`, scaledWords(inputScale), values[at])
}

function checkTable({ values, table }: InputRows, name: string): void {
  const isRight = isUint8Array(values) ? isFloat32Array(table) && table.length === 256 : table === null
  if (!isRight) throw invalidArgument(`${name}.table`, 'a Float32Array of length 256 for bytes, null for floats', table)
}

/** A number out of range would read another row: `subarray` counts negative ones from the end. */
function checkRowNumbers({ values, cols, rows }: InputRows, name: string): void {
  const count = values.length / cols
  if (!Number.isInteger(count)) throw invalidArgument(`${name}.values`, `whole rows of ${cols} values`, values)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    if (!(row >= 0 && row < count)) throw invalidArgument(`${name}.rows[${i}]`, `a row of values, 0..${count - 1}`, row)
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT unless the kind is that of the model's training rows */
export function checkKind(kind: InputKind, { inputKind, inputScale }: InputContract, name: string): void {
  if (inputKind === null || kind === inputKind) return
  const hint = kind === 'floats' ? `; if they are bytes scaled by '${inputScale}', pass kind: 'bytes'` : ''
  const problem = `expected ${inputKind}, which the model was trained on, got ${kind}${hint}`
  throw new NativeMlpError('INVALID_ARGUMENT', `${name}: ${problem}`)
}
