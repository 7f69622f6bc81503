import type { Backend } from '../backend/backend.js'
import { defaultBackend } from '../backend/index.js'
import type { Layer } from '../backend/operands.js'
import { isCallable } from '../core/callable.js'
import { checking, integerInRange, knownOptions, oneOf, signalOrNone } from '../core/checks.js'
import { byteWords, invalidArgument, orOutOfMemory } from '../core/errors.js'
import { INSPECT } from '../core/inspect.js'
import type { Signal } from '../core/platform.js'
import type { LayerParameters } from '../core/results.js'
import { INPUT_KINDS, INPUT_SCALES, type InputKind, type InputScale } from '../core/scale.js'
import { isFloat32Array } from '../core/typed-arrays.js'
import { ACTIVATIONS, type Activation, LOSSES, type Loss, type NumericFamily } from '../core/types.js'
import { checkTransform } from '../table/check-transform.js'
import type { Rows } from '../table/rows.js'
import type { Table } from '../table/table.js'
import type { TableTransform } from '../table/transform.js'
import { fnv1a } from './digest.js'
import { checkInit, type Init, initialParameters } from './initializers.js'
import type { InputRows } from './inputs.js'
import { checkLayers } from './layer-sizes.js'
import { checkLoss, nameCount } from './losses.js'
import { type PredictOptions, predict } from './predict.js'
import { predictRows } from './predict-rows.js'
import type { Prediction } from './prediction.js'
import { Predictor, type PredictorOptions } from './predictor.js'
import { checkFits, type RowPrediction } from './raw-rows.js'

export interface MLPOptions {
  /** sizes from inputs to outputs, e.g. [784, 512, 10]: 2 to 1025, each 1..65536 */
  readonly layers: readonly number[]
  /** of the hidden layers; default 'relu' */
  readonly activation?: Activation
  /** of the last layer; default 'identity', which softmaxCrossEntropy and binaryCrossEntropy require */
  readonly outputActivation?: Activation
  /** default 'softmaxCrossEntropy' */
  readonly loss?: Loss
  /** default 'he' */
  readonly init?: Init
  /** seed of the initial parameters; default 1 */
  readonly seed?: number
  /** scale of bytes; default 'unit' */
  readonly inputScale?: InputScale
  /** accepted inputs: bytes, or unscaled floats; null (default): the kind of the first training rows, until then both */
  readonly inputKind?: InputKind | null
  /** one name per class, or per output for multi-label and regression; null (default): those of the first training rows */
  readonly classNames?: readonly string[] | null
  /** what the columns of raw rows mean to the network, from `learnTable`; null (default): the model takes encoded rows only */
  readonly table?: TableTransform | null
  /** default: `defaultBackend()` */
  readonly backend?: Backend
}

const OPTION_NAMES = [
  'layers',
  'activation',
  'outputActivation',
  'loss',
  'init',
  'seed',
  'inputScale',
  'inputKind',
  'classNames',
  'table',
  'backend',
]

/**
 * A multi-layer perceptron: `a_l = act(a_(l-1) W_l + b_l)`, W_l [K][N]. Its parameters are stored in one packed array in
 * the layout of the backend; `getParameters` and `setParameters` use row-major arrays.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong; OUT_OF_MEMORY naming the size
 */
export class MLP {
  /** inputs, hidden..., outputs */
  readonly layerSizes: readonly number[]
  readonly activation: Activation
  readonly outputActivation: Activation
  readonly loss: Loss
  readonly inputScale: InputScale
  readonly backend: Backend
  /** one per weight matrix; `parameters` of each are views of `parameters` */
  readonly layers: readonly Layer[]
  /** all parameters, in the backend's layout including padding */
  readonly parameters: Float32Array
  /** what the columns of raw rows mean; null: the model takes encoded rows only. Saved in the model file. */
  readonly table: TableTransform | null
  #inputKind: InputKind | null
  #classNames: readonly string[] | null

  constructor(options: MLPOptions) {
    knownOptions('MLP', options ?? null, OPTION_NAMES)
    this.layerSizes = checking('layers', () => checkLayers(options.layers))
    this.activation = oneOf('activation', options.activation ?? 'relu', ACTIVATIONS)
    this.outputActivation = oneOf('outputActivation', options.outputActivation ?? 'identity', ACTIVATIONS)
    this.loss = oneOf('loss', options.loss ?? 'softmaxCrossEntropy', LOSSES)
    checkLoss(this.loss, this.outputActivation, this.outputs)
    this.inputScale = oneOf('inputScale', options.inputScale ?? 'unit', INPUT_SCALES)
    const kind = options.inputKind ?? null
    this.#inputKind = kind === null ? null : oneOf('inputKind', kind, INPUT_KINDS)
    const count = nameCount(this.loss, this.outputs)
    this.#classNames = checking('classNames', () => checkClassNames(options.classNames ?? null, count))
    this.table = (options.table ?? null) === null ? null : checkTransform('table', options.table)
    if (this.table !== null) checkFits(this.table, this)
    const init = checkInit(options.init ?? 'he')
    const seed = integerInRange('seed', options.seed ?? 1, 0)
    this.backend = options.backend === undefined ? defaultBackend() : checkBackend(options.backend)
    const length = packedLength(this.backend, this.layerSizes)
    const what = `MLP ${this.layerSizes.join('-')}`
    const need = `${byteWords(4 * length)} of parameters`
    this.parameters = orOutOfMemory(what, need, () => this.backend.allocate(length))
    checkFloats('backend.allocate', this.parameters, length, 'the packed parameters')
    this.layers = layerViews(this)
    this.setParameters(orOutOfMemory(what, need, () => initialParameters(this.layerSizes, init, seed)))
  }

  get inputs(): number {
    return this.layerSizes[0]
  }

  /** Kind of the training rows; rows of the other kind are rejected. Null: unknown, both are accepted. */
  get inputKind(): InputKind | null {
    return this.#inputKind
  }

  /** `fit` calls it with the kind of its training rows. */
  setInputKind(kind: InputKind): void {
    this.#inputKind = oneOf('inputKind', kind, INPUT_KINDS)
  }

  /** One name per class, or per output for multi-label and regression; null: none, numbers stand for them. */
  get classNames(): readonly string[] | null {
    return this.#classNames
  }

  /**
   * `fit` calls it with the names of its training set, if the model has none.
   *
   * @throws NativeMlpError INVALID_ARGUMENT unless there is one name per class or output
   */
  setClassNames(names: readonly string[] | null): void {
    const count = nameCount(this.loss, this.outputs)
    this.#classNames = checking('classNames', () => checkClassNames(names, count))
  }

  get outputs(): number {
    return this.layerSizes[this.layerSizes.length - 1]
  }

  /** Number of weights and biases, without padding. */
  get parameterCount(): number {
    return this.layers.reduce((sum, layer) => sum + (layer.inputs + 1) * layer.outputs, 0)
  }

  /** Numeric family of this model's results. */
  get family(): NumericFamily {
    return this.backend.family
  }

  /** Row-major copies, first layer first. */
  getParameters(): LayerParameters[] {
    return this.layers.map((layer, l) => {
      const [weights, biases] = orOutOfMemory('getParameters', byteWords(4 * layer.parameters.length), () => [
        new Float32Array(layer.inputs * layer.outputs),
        new Float32Array(layer.outputs),
      ])
      this.backend.unpack(layer, weights, biases)
      return { name: `layer ${l + 1}`, weights, biases, inputs: layer.inputs, outputs: layer.outputs }
    })
  }

  /**
   * @param parameters per layer, weights [K][N] row-major and biases [N]; copied
   * @throws NativeMlpError INVALID_ARGUMENT if a length is wrong or a value is not finite; the model is then unchanged
   */
  setParameters(parameters: readonly Pick<LayerParameters, 'weights' | 'biases'>[]): void {
    checking('parameters', () => this.#checkParameters(parameters))
    this.layers.forEach((layer, l) => {
      this.backend.pack(parameters[l].weights, parameters[l].biases, layer)
    })
  }

  #checkParameters(parameters: readonly Pick<LayerParameters, 'weights' | 'biases'>[]): void {
    if (!Array.isArray(parameters) || parameters.length !== this.layers.length) {
      throw invalidArgument('parameters', `one entry for each of ${this.layers.length} layers`, parameters)
    }
    this.layers.forEach(({ inputs, outputs }, l) => {
      checkFloats(`parameters[${l}].weights`, parameters[l]?.weights, inputs * outputs, `${inputs} x ${outputs}`)
      checkFloats(`parameters[${l}].biases`, parameters[l]?.biases, outputs, `${outputs}`)
      checkFinite(this.backend, `parameters[${l}].weights`, parameters[l].weights)
      checkFinite(this.backend, `parameters[${l}].biases`, parameters[l].biases)
    })
  }

  /** An independent copy of the model on the same backend. */
  clone(): MLP {
    const copy = new MLP({
      layers: this.layerSizes,
      activation: this.activation,
      outputActivation: this.outputActivation,
      loss: this.loss,
      init: { weights: 0, biases: 0 },
      inputScale: this.inputScale,
      inputKind: this.inputKind,
      classNames: this.classNames,
      table: this.table,
      backend: this.backend,
    })
    copy.restore(this.parameters)
    return copy
  }

  /** Copies the packed parameters, into `into` (an earlier snapshot) if given. */
  snapshot(into?: Float32Array): Float32Array {
    const { length } = this.parameters
    const copy = into ?? orOutOfMemory('snapshot', byteWords(4 * length), () => new Float32Array(length))
    checkFloats('snapshot', copy, length, 'the packed parameters')
    copy.set(this.parameters)
    return copy
  }

  /** @param snapshot a snapshot of this model, or of a model with the same shape and backend */
  restore(snapshot: Float32Array): void {
    checkFloats('snapshot', snapshot, this.parameters.length, 'the packed parameters')
    this.parameters.set(snapshot)
  }

  /** FNV-1a hash over the bits of the row-major parameters, to compare models. */
  parametersDigest(): string {
    return fnv1a(this.getParameters().flatMap(({ weights, biases }) => [weights, biases]))
  }

  /**
   * Predicts any number of rows, in slices that do not block the event loop; until it ends the arrays must not be written to.
   *
   * @param inputs `Samples`, or rows [n][inputs] row-major, copied: bytes, scaled by `inputScale`, or unscaled float32
   * @throws NativeMlpError INVALID_ARGUMENT for rows of the wrong length or kind or with non-finite values, NOT_FINITE naming
   *   the first row with a non-finite output, ABORTED when the signal fires
   */
  async predict(inputs: InputRows | Float32Array | Uint8Array, options: PredictOptions = {}): Promise<Prediction> {
    knownOptions('predict', options, ['signal', 'kind'])
    const kind = oneOf('kind', options.kind ?? 'floats', INPUT_KINDS)
    return predict(this, inputs, { signal: signalOrNone('signal', options.signal), kind })
  }

  /**
   * Predicts raw rows as a table has them: numbers, texts, missing cells. Columns are found by name, in any order; a text that no
   * training row has counts as none.
   *
   * @param rows a table, objects, lists of cells in the order of the training table without its target, or columns by name
   * @returns class and probabilities by name, or values in their units, of each row
   * @throws NativeMlpError INVALID_ARGUMENT for a model without `table`, for a column that is missing, and naming row and column
   *   of a cell that does not fit; NOT_FINITE, ABORTED as `predict`
   */
  async predictRows(rows: Rows | Table, options: { readonly signal?: Signal } = {}): Promise<RowPrediction[]> {
    knownOptions('predictRows', options, ['signal'])
    const signal = signalOrNone('signal', options.signal)
    return predictRows(this, rows, signal ? { signal } : {})
  }

  /** Returns a predictor for small batches, synchronous and with reused memory, for servers and loops; `predict` for many rows. */
  predictor(options: PredictorOptions = {}): Predictor {
    return new Predictor(this, options)
  }

  /** 'MLP 784-512-10 relu softmaxCrossEntropy (407,050 parameters, native)' */
  [INSPECT](): string {
    const { layerSizes, activation, outputActivation, loss, backend } = this
    const names = [...(layerSizes.length > 2 ? [activation] : []), outputActivation, loss]
    const shown = names.filter((name) => name !== 'identity').join(' ')
    const count = this.parameterCount.toLocaleString('en-US')
    return `MLP ${layerSizes.join('-')} ${shown} (${count} parameters, ${backend.name})`
  }
}

function checkClassNames(names: unknown, count: number): readonly string[] | null {
  if (names === null) return null
  if (!Array.isArray(names) || names.length !== count || !Array.from(names).every((name) => typeof name === 'string')) {
    throw invalidArgument('classNames', `${count} strings, one for each class or output`, names)
  }
  return Object.freeze([...names])
}

function packedLength(backend: Backend, sizes: readonly number[]): number {
  let length = 0
  for (let l = 0; l + 1 < sizes.length; l++) length += backend.parameterLength(sizes[l], sizes[l + 1])
  return length
}

function layerViews({ backend, layerSizes, activation, outputActivation, parameters }: MLP): readonly Layer[] {
  const layers: Layer[] = []
  let offset = 0
  for (let l = 0; l + 1 < layerSizes.length; l++) {
    const [inputs, outputs] = [layerSizes[l], layerSizes[l + 1]]
    const length = backend.parameterLength(inputs, outputs)
    layers.push({
      inputs,
      outputs,
      activation: l + 2 < layerSizes.length ? activation : outputActivation,
      parameters: parameters.subarray(offset, offset + length),
    })
    offset += length
  }
  return Object.freeze(layers)
}

function checkFloats(name: string, value: unknown, length: number, meaning: string): void {
  if (!isFloat32Array(value) || value.length !== length) {
    throw invalidArgument(name, `a Float32Array of length ${length} (${meaning})`, value)
  }
}

function checkFinite(backend: Backend, name: string, values: Float32Array): void {
  if (backend.allFinite(values)) return
  const at = values.findIndex((value) => !Number.isFinite(value))
  throw invalidArgument(`${name}[${at}]`, 'a finite number', values[at])
}

/** @throws NativeMlpError INVALID_ARGUMENT */
export function checkBackend(backend: Backend): Backend {
  if (!checking('backend', () => OPERATIONS.every((name) => isCallable(backend?.[name])))) {
    throw invalidArgument('backend', 'a backend from defaultBackend() or createJsBackend()', backend)
  }
  return backend
}

/** Of a backend; those that a model calls. */
const OPERATIONS = ['allocate', 'parameterLength', 'pack', 'unpack', 'allFinite', 'dataset', 'compile', 'run'] as const

/** @throws NativeMlpError INVALID_ARGUMENT */
export function checkModel(model: MLP): void {
  const isModel = checking('model', () => {
    const { getParameters, layers, layerSizes, parameters, backend } = Object(model) as Partial<MLP>
    const isWhole = Array.isArray(layers) && Array.isArray(layerSizes) && isFloat32Array(parameters)
    return typeof getParameters === 'function' && isWhole && typeof backend === 'object'
  })
  if (!isModel) {
    throw invalidArgument('model', 'an MLP', model)
  }
}
