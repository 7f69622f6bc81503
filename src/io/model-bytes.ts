import type { Backend } from '../backend/backend.js'
import { knownOptions } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import { isUint8Array } from '../core/typed-arrays.js'
import { encodeSafetensors, parseSafetensors, type Safetensors, type Tensor } from '../formats/safetensors.js'
import { finiteParameters } from '../model/finite-parameters.js'
import { checkBackend, checkModel, MLP, type MLPOptions } from '../model/mlp.js'
import { digestOf, FORMAT_VERSION, modelContents, UNKNOWN_KIND, WITHOUT_TABLE } from './model-contents.js'

export interface LoadOptions {
  /** default: the one chosen for the process */
  readonly backend?: Backend
}

/**
 * The bytes `saveModel` writes: for a database, or where there are no files. Their metadata hold a digest of the parameters and
 * of all other metadata, so that `decodeModel` detects a changed byte.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for what is not a model, NOT_FINITE when a parameter is not finite
 */
export function encodeModel(model: MLP): Uint8Array {
  checkModel(model)
  const parameters = finiteParameters(model)
  const tensors = new Map<string, Tensor>()
  parameters.forEach(({ weights, biases, inputs, outputs }, l) => {
    tensors.set(`layers.${l}.weights`, { shape: [inputs, outputs], data: weights })
    tensors.set(`layers.${l}.biases`, { shape: [outputs], data: biases })
  })
  const metadata = {
    format: 'native-mlp',
    format_version: String(model.table === null ? WITHOUT_TABLE : FORMAT_VERSION),
    layers: JSON.stringify(model.layerSizes),
    activation: model.activation,
    output_activation: model.outputActivation,
    loss: model.loss,
    input_scale: model.inputScale,
    input_kind: model.inputKind ?? UNKNOWN_KIND,
    class_names: JSON.stringify(model.classNames),
    ...(model.table !== null && { table: JSON.stringify(model.table) }),
  }
  return encodeSafetensors({ tensors, metadata: { ...metadata, digest: digestOf(metadata, parameters) } })
}

/**
 * The model in bytes that `encodeModel` made, for example from a database or a download.
 *
 * @param bytes a Buffer is one
 * @param name what to call the bytes in errors
 * @throws NativeMlpError INVALID_FILE as `loadModel`, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function decodeModel(bytes: Uint8Array, name = 'model', options: LoadOptions = {}): MLP {
  if (!isUint8Array(bytes)) throw invalidArgument('bytes', 'a Uint8Array', bytes)
  if (typeof name !== 'string') throw invalidArgument('name', 'a string', name)
  return modelFrom(parseSafetensors(bytes, name), name, checkLoadOptions('decodeModel', options))
}

/** @throws NativeMlpError INVALID_ARGUMENT, UNKNOWN_OPTION */
export function checkLoadOptions(caller: string, options: LoadOptions): LoadOptions {
  knownOptions(caller, options, ['backend'])
  if (options.backend !== undefined) checkBackend(options.backend)
  return options
}

/** @param file what to call the model in errors */
export function modelFrom(contents: Safetensors, file: string, { backend }: LoadOptions): MLP {
  const { parameters, ...options } = modelContents(contents, file)
  const model = build(file, { ...options, init: { weights: 0, biases: 0 }, backend })
  model.setParameters(parameters)
  return model
}

/** Reports what MLP refuses as an error of the file. */
function build(file: string, options: MLPOptions): MLP {
  try {
    return new MLP(options)
  } catch (error) {
    if (error instanceof NativeMlpError && error.code === 'INVALID_ARGUMENT') throw invalidFile(file, error.message)
    throw error
  }
}
