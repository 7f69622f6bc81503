import { oneOf } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import { byteTable, INPUT_KINDS, INPUT_SCALES } from '../core/scale.js'
import { isFloat32Array, isUint8Array } from '../core/typed-arrays.js'
import { ACTIVATIONS, LOSSES } from '../core/types.js'
import { parseSafetensors } from '../formats/safetensors.js'
import { type ModelContents, modelContents } from '../io/model-contents.js'
import { checkKind } from '../model/inputs.js'
import { checkLoss } from '../model/losses.js'
import { type Prediction, predictionOf } from '../model/prediction.js'
import { checkFits, type RowPrediction, rawRows, rowPredictions } from '../model/raw-rows.js'
import { checkTransform } from '../table/check-transform.js'
import { encodeInputs } from '../table/encode-inputs.js'
import type { Rows } from '../table/rows.js'
import type { Table } from '../table/table.js'
import type { TableTransform } from '../table/transform.js'
import { forwardRows, type TrainedLayer } from './forward.js'

/**
 * A network that predicts and does nothing else. Its results have the bits that the TypeScript backend gives; calls are
 * synchronous, so use few rows where nothing may wait.
 */
export class TrainedModel {
  readonly layers: readonly TrainedLayer[]
  readonly loss: ModelContents['loss']
  readonly classNames: readonly string[] | null
  /** what the columns of raw rows mean; null: the model takes encoded rows only */
  readonly table: TableTransform | null
  readonly inputScale: ModelContents['inputScale']
  /** kind of the training rows; null: unknown, both are accepted */
  readonly inputKind: ModelContents['inputKind']

  /** @throws NativeMlpError INVALID_ARGUMENT for options that no network has */
  constructor({ layers: sizes, parameters, table, ...contents }: ModelContents) {
    const activation = oneOf('activation', contents.activation, ACTIVATIONS)
    const outputActivation = oneOf('output_activation', contents.outputActivation, ACTIVATIONS)
    this.layers = parameters.map(({ weights, biases }, l) => ({
      ...{ inputs: sizes[l], outputs: sizes[l + 1], weights, biases },
      activation: l + 1 < parameters.length ? activation : outputActivation,
    }))
    this.loss = oneOf('loss', contents.loss, LOSSES)
    checkLoss(this.loss, outputActivation, this.outputs)
    this.inputScale = oneOf('input_scale', contents.inputScale, INPUT_SCALES)
    this.inputKind = contents.inputKind === null ? null : oneOf('input_kind', contents.inputKind, INPUT_KINDS)
    this.classNames = contents.classNames
    this.table = table === null ? null : checkTransform('table', table)
    if (this.table !== null) checkFits(this.table, { layerSizes: sizes, loss: this.loss, outputs: this.outputs })
  }

  get inputs(): number {
    return this.layers[0].inputs
  }

  get outputs(): number {
    return this.layers[this.layers.length - 1].outputs
  }

  /**
   * @param rows [n][inputs] row-major, n >= 1: bytes, scaled by `inputScale`, or unscaled float32
   * @throws NativeMlpError INVALID_ARGUMENT for rows of the wrong length or kind, NOT_FINITE naming the first output that is not finite
   */
  predict(rows: Float32Array | Uint8Array): Prediction {
    const n = isFloat32Array(rows) || isUint8Array(rows) ? rows.length / this.inputs : 0
    if (!Number.isInteger(n) || n < 1) {
      throw invalidArgument('rows', `whole rows of ${this.inputs} values, float32 or bytes`, rows)
    }
    checkKind(isUint8Array(rows) ? 'bytes' : 'floats', this, 'rows')
    const scale = isUint8Array(rows) ? byteTable(this.inputScale) : null
    const values = isFloat32Array(rows) ? rows : Float32Array.from(rows, (byte) => scale![byte])
    return predictionOf(this, forwardRows(this.layers, values, n), n)
  }

  /** See `MLP.predictRows`. @throws NativeMlpError INVALID_ARGUMENT, NOT_FINITE */
  predictRows(rows: Rows | Table): RowPrediction[] {
    const { transform, raw } = rawRows(this, rows)
    return rowPredictions(this, transform, this.predict(encodeInputs(transform.inputs, raw)), raw.length)
  }
}

/**
 * The model in bytes that `saveModel` or `encodeModel` made.
 *
 * @param name what to call the bytes in errors
 * @throws NativeMlpError INVALID_FILE for anything else, INVALID_ARGUMENT
 */
export function decodeTrainedModel(bytes: Uint8Array, name = 'model'): TrainedModel {
  if (!isUint8Array(bytes)) throw invalidArgument('bytes', 'a Uint8Array', bytes)
  if (typeof name !== 'string') throw invalidArgument('name', 'a string', name)
  const contents = modelContents(parseSafetensors(bytes, name), name)
  try {
    return new TrainedModel(contents)
  } catch (error) {
    if (error instanceof NativeMlpError) throw invalidFile(name, error.message)
    throw error
  }
}
