import { evaluationProgram, type Program } from '../backend/program.js'
import { checking, integerInRange, knownOptions, oneOf } from '../core/checks.js'
import { invalidArgument, orOutOfMemory } from '../core/errors.js'
import { byteTable, INPUT_KINDS, type InputKind } from '../core/scale.js'
import { isFloat32Array, isUint8Array } from '../core/typed-arrays.js'
import { encodeInputs } from '../table/encode-inputs.js'
import type { Rows } from '../table/rows.js'
import type { Table } from '../table/table.js'
import { checkKind, checkScaled, type InputRows } from './inputs.js'
import { type PredictingModel, type Prediction, predictionOf } from './prediction.js'
import { type RowPrediction, rawRows, rowPredictions } from './raw-rows.js'
import { refusedData } from './slices.js'

export interface PredictorOptions {
  /** maximum number of rows per call, 1..65536; default 64; a call blocks the event loop, for many rows noticeably */
  readonly capacity?: number
  /** 'bytes': float32 rows are bytes scaled by the model's scale; default 'floats' */
  readonly kind?: InputKind
}

const MAX_CAPACITY = 65_536
/** V8 stores shorter arrays in its heap, and moves them out of it when an addon accesses them. */
const SHORTEST = 32

/** Memory for rows of one kind, and the forward pass over them. */
interface Side {
  readonly program: Program
  readonly values: Uint8Array | Float32Array
}

/** Predicts the rows of a set validated by `checkInputRows`. */
export let predictSet: (predictor: Predictor, rows: InputRows) => Prediction

/**
 * Predicts small batches synchronously, in memory that is reused, with the current parameters of its model. A call blocks the
 * event loop until it has computed all its rows; for many rows use `MLP.predict`, which does not.
 */
export class Predictor {
  readonly capacity: number
  readonly #model: PredictingModel
  /** of float32 rows */
  readonly #kind: InputKind
  readonly #outputs: Float32Array
  #bytes: Side | null = null
  #floats: Side | null = null

  constructor(model: PredictingModel, options: PredictorOptions = {}) {
    knownOptions('predictor', options, ['capacity', 'kind'])
    this.capacity = integerInRange('predictor.capacity', options.capacity ?? 64, 1, MAX_CAPACITY)
    this.#kind = oneOf('predictor.kind', options.kind ?? 'floats', INPUT_KINDS)
    this.#model = checkPredicting(model)
    const length = Math.max(this.capacity * model.outputs, SHORTEST)
    this.#outputs = orOutOfMemory('predictor', this.#need, () => new Float32Array(length))
  }

  /**
   * @param rows [n][inputs] row-major, 1..capacity rows: bytes, scaled by the model's `inputScale`, or unscaled float32;
   *   copied
   * @throws NativeMlpError INVALID_ARGUMENT for rows of the wrong length or kind or with non-finite values, NOT_FINITE naming
   *   the first non-finite output
   */
  run(rows: Float32Array | Uint8Array): Prediction {
    const { inputs } = this.#model
    const n = isFloat32Array(rows) || isUint8Array(rows) ? rows.length / inputs : 0
    if (!Number.isInteger(n) || !(n >= 1 && n <= this.capacity)) {
      throw invalidArgument('rows', `1 to ${this.capacity} rows of ${inputs} values, float32 or bytes`, rows)
    }
    checkKind(isUint8Array(rows) ? 'bytes' : this.#kind, this.#model, 'rows')
    const side = this.#sideOf(rows)
    if (isFloat32Array(rows)) {
      if (this.#kind === 'bytes') checkScaled(rows, this.#model, 'rows')
      copyFinite(rows, side.values, inputs, 'rows')
    } else side.values.set(rows)
    return this.#run(side, n)
  }

  /**
   * Like `run` for raw rows as a table has them; see `MLP.predictRows`.
   *
   * @param rows 1..capacity rows
   * @throws NativeMlpError INVALID_ARGUMENT as `MLP.predictRows` and for too many rows, NOT_FINITE
   */
  runRows(rows: Rows | Table): RowPrediction[] {
    const { transform, raw } = rawRows(this.#model, rows)
    if (raw.length > this.capacity) throw invalidArgument('rows', `1 to ${this.capacity} rows`, raw.length)
    const prediction = this.run(encodeInputs(transform.inputs, raw))
    return rowPredictions(this.#model, transform, prediction, raw.length)
  }

  static {
    predictSet = (predictor, rows) => predictor.#runSet(rows)
  }

  #runSet({ values, rows, cols }: InputRows): Prediction {
    const side = this.#sideOf(values)
    for (let i = 0; i < rows.length; i++) {
      side.values.set(values.subarray(rows[i] * cols, (rows[i] + 1) * cols), i * cols)
    }
    if (isFloat32Array(values)) copyFinite(side.values.subarray(0, rows.length * cols), side.values, cols, 'inputs')
    return this.#run(side, rows.length)
  }

  #run({ program }: Side, n: number): Prediction {
    const { backend, parameters, outputs: cols } = this.#model
    try {
      backend.forwardPass(program, n, parameters, this.#outputs)
    } catch (error) {
      throw refusedData(error, 'predict', n)
    }
    return predictionOf(this.#model, this.#outputs.slice(0, n * cols), n)
  }

  #sideOf(rows: Float32Array | Uint8Array): Side {
    if (isUint8Array(rows)) {
      this.#bytes ??= orOutOfMemory('predictor', this.#need, () =>
        this.#newSide(new Uint8Array(this.#length), byteTable(this.#model.inputScale)),
      )
      return this.#bytes
    }
    this.#floats ??= orOutOfMemory('predictor', this.#need, () => this.#newSide(new Float32Array(this.#length), null))
    return this.#floats
  }

  get #need(): string {
    return `${this.capacity} rows of ${this.#model.inputs} inputs and ${this.#model.outputs} outputs`
  }

  get #length(): number {
    return Math.max(this.capacity, SHORTEST) * this.#model.inputs
  }

  #newSide(values: Uint8Array | Float32Array, table: Float32Array | null): Side {
    const { backend, layers, inputs, loss } = this.#model
    const dense = { nonzeros: values.length, longestRow: inputs }
    const dataset = backend.dataset(values, values.length / inputs, inputs, table, dense)
    return { program: backend.compile(evaluationProgram(dataset, this.capacity, layers, loss)), values }
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT for what is not a model */
function checkPredicting(model: PredictingModel): PredictingModel {
  const isModel = checking('model', () => {
    const { layers, parameters, inputs, outputs, backend } = Object(model) as Partial<PredictingModel>
    const isSized = Number.isInteger(inputs) && Number.isInteger(outputs)
    return isSized && Array.isArray(layers) && isFloat32Array(parameters) && typeof backend === 'object'
  })
  if (!isModel) throw invalidArgument('model', 'an MLP', model)
  return model
}

function copyFinite(rows: ArrayLike<number>, into: Uint8Array | Float32Array, cols: number, name: string): void {
  let zeros = 0
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i]
    into[i] = value
    zeros += value * 0
  }
  if (zeros === 0) return
  const at = Array.prototype.findIndex.call(rows, (value: number) => !Number.isFinite(value))
  throw invalidArgument(`${name}[${Math.floor(at / cols)}][${at % cols}]`, 'a finite number', rows[at])
}
