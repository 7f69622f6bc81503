import type { Backend } from '../backend/backend.js'
import { checking, knownOptions } from '../core/checks.js'
import { invalidArgument, invalidFile, shortened } from '../core/errors.js'
import type { Activation, Loss } from '../core/types.js'
import { type ElementArray, elementTypeOf } from '../formats/elements.js'
import { shapeWords, type Tensor } from '../formats/safetensors.js'
import { MAX_LAYER_SIZE } from '../model/layer-sizes.js'
import { checkBackend, MLP } from '../model/mlp.js'

/** What files of weights do not say. */
export interface ImportOptions {
  /** default 'softmaxCrossEntropy' with two or more outputs; with one it must be given: 'binaryCrossEntropy', or that of a regression */
  readonly loss?: Loss
  /** one name per class, or per output; default: none */
  readonly classNames?: readonly string[]
  /** default: the one chosen for the process */
  readonly backend?: Backend
}

export interface WeightsOptions extends ImportOptions {
  /** of the hidden layers; default 'relu' */
  readonly activation?: Activation
  /** of the last layer; default 'identity' */
  readonly outputActivation?: Activation
}

const IMPORT_OPTIONS = ['loss', 'classNames', 'backend']
export const WEIGHTS_OPTIONS = [...IMPORT_OPTIONS, 'activation', 'outputActivation']

/** @throws NativeMlpError INVALID_ARGUMENT, UNKNOWN_OPTION */
export function checkImportOptions(caller: string, options: ImportOptions, more: readonly string[] = []): void {
  knownOptions(caller, options, [...IMPORT_OPTIONS, ...more])
  if (options.backend !== undefined) checkBackend(options.backend)
  if (options.classNames !== undefined && !checking('classNames', () => Array.isArray(options.classNames))) {
    throw invalidArgument('classNames', 'a list of texts', options.classNames)
  }
}

/** One layer of weights, with the names of its tensors for messages. */
export interface ForeignLayer {
  readonly name: string
  /** [inputs][outputs] row-major */
  readonly weights: Float32Array
  readonly biases: Float32Array
  readonly inputs: number
  readonly outputs: number
}

/**
 * A model of layers that another program has trained.
 *
 * @throws NativeMlpError INVALID_FILE naming the tensor for layers that do not follow each other; INVALID_ARGUMENT for options that
 *   do not fit the layers
 */
export function foreignModel(file: string, layers: readonly ForeignLayer[], options: WeightsOptions): MLP {
  layers.forEach(({ name, inputs, outputs }, l) => {
    if (l === 0 || layers[l - 1].outputs === inputs) return
    const before = `${layers[l - 1].name} has ${layers[l - 1].outputs} outputs`
    throw invalidFile(file, `tensor '${shortened(name)}': ${inputs} inputs and ${outputs} outputs, but ${before}`)
  })
  const { classNames, ...rest } = options
  if (options.loss === undefined && layers.at(-1)!.outputs === 1) {
    throw invalidArgument('loss', "'binaryCrossEntropy', 'meanSquaredError' or 'huber' for one output", undefined)
  }
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const model = new MLP({
    ...known,
    ...(classNames && { classNames }),
    layers: [layers[0].inputs, ...layers.map(({ outputs }) => outputs)],
    init: { weights: 0, biases: 0 },
  })
  model.setParameters(layers)
  return model
}

/**
 * The numbers of a tensor as float32.
 *
 * @throws NativeMlpError INVALID_FILE naming tensor and shape for another number of dimensions, other elements than float32 and
 *   float64, and numbers that are not finite in float32
 */
export function floatsOf(file: string, name: string, { shape, data }: Tensor, dims: number): Float32Array {
  const where = `tensor '${shortened(name)}' of shape ${shapeWords(shape)}`
  if (shape.length !== dims) {
    throw invalidFile(file, `${where}: expected ${dims === 1 ? 'biases [outputs]' : 'weights, a matrix'}`)
  }
  if (shape.some((size) => !(size >= 1 && size <= MAX_LAYER_SIZE))) {
    throw invalidFile(file, `${where}: expected 1 to ${MAX_LAYER_SIZE} inputs and outputs`)
  }
  const type = elementTypeOf(data)
  if (type !== 'float32' && type !== 'float64')
    throw invalidFile(file, `${where}: expected float32 or float64, got ${type}`)
  const floats =
    type === 'float32'
      ? (data as Float32Array)
      : Float32Array.from(data as Exclude<ElementArray, BigInt64Array | BigUint64Array>)
  const at = floats.findIndex((value) => !Number.isFinite(value))
  if (at >= 0) throw invalidFile(file, `${where}: element ${at} is ${data[at]}, expected a finite float32`)
  return floats
}

/** [rows][cols] -> [cols][rows] */
export function transposed(values: Float32Array, rows: number, cols: number): Float32Array {
  const into = new Float32Array(values.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) into[c * rows + r] = values[r * cols + c]
  return into
}
