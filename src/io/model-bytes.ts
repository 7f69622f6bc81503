import { z } from 'zod'
import type { Backend } from '../backend/backend.js'
import { knownOptions } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError, shortened } from '../core/errors.js'
import type { InputKind } from '../core/scale.js'
import { isFloat32Array, isUint8Array } from '../core/typed-arrays.js'
import { decodeJson } from '../formats/json.js'
import {
  encodeSafetensors,
  parseSafetensors,
  type Safetensors,
  shapeWords,
  type Tensor,
} from '../formats/safetensors.js'
import { checksum } from '../model/digest.js'
import { finiteParameters } from '../model/finite-parameters.js'
import { checkBackend, checkModel, MAX_LAYER_SIZE, MAX_LAYERS, MLP, type MLPOptions } from '../model/mlp.js'
import type { TableTransform } from '../table/transform.js'

/** Incremented when a reader of the older version would misread a newer file. */
const FORMAT_VERSION = 4
/** Of a model that does not know what raw rows mean, so that older readers read it. */
const WITHOUT_TABLE = 3
/** From this version on a file has a digest; older ones have no input kind (1) or no digest (1 and 2). */
const FIRST_WITH_DIGEST = 3
const FIRST_WITH_KIND = 2
/** Of a model that has not been trained, and of files of version 1. */
const UNKNOWN_KIND = 'unknown'

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

/** In any order of the metadata, which other programs may have written again. */
function digestOf(metadata: Safetensors['metadata'], parameters: readonly LayerTensors[]): string {
  const entries = Object.entries(metadata).filter(([key]) => key !== 'digest')
  const text = JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  return checksum([new TextEncoder().encode(text), ...parameters.flatMap(({ weights, biases }) => [weights, biases])])
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

const size = z.number().int().min(1).max(MAX_LAYER_SIZE)
const sizes = z
  .array(size)
  .min(2)
  .max(MAX_LAYERS + 1)
const names = z.array(z.string()).nullable()

/** @param file what to call the model in errors */
export function modelFrom({ tensors, metadata }: Safetensors, file: string, { backend }: LoadOptions): MLP {
  const version = checkVersion(metadata, file)
  const layers = jsonField(metadata, 'layers', sizes, file)
  const parameters = readParameters(tensors, layers, file)
  checkDigest(metadata, parameters, version, file)
  const classNames = jsonField(metadata, 'class_names', names, file)
  const model = build(file, {
    layers,
    activation: metadata.activation as MLPOptions['activation'],
    outputActivation: metadata.output_activation as MLPOptions['outputActivation'],
    loss: metadata.loss as MLPOptions['loss'],
    inputScale: metadata.input_scale as MLPOptions['inputScale'],
    inputKind: inputKindOf(metadata),
    classNames,
    table: version > WITHOUT_TABLE ? (jsonField(metadata, 'table', z.unknown(), file) as TableTransform) : null,
    init: { weights: 0, biases: 0 },
    backend,
  })
  model.setParameters(parameters)
  return model
}

function checkVersion(metadata: Safetensors['metadata'], file: string): number {
  if (metadata.format !== 'native-mlp') {
    throw invalidFile(file, "not a model of this package: its metadata have no format 'native-mlp'")
  }
  const version = metadata.format_version ?? ''
  if (!/^[1-9]\d{0,8}$/.test(version))
    throw invalidFile(file, `format_version '${shortened(version)}' is not a version number`)
  if (Number(version) > FORMAT_VERSION) {
    throw invalidFile(file, `format version ${version} is newer than ${FORMAT_VERSION}, the newest this version reads`)
  }
  const keys = [
    ...['activation', 'output_activation', 'loss', 'input_scale'],
    ...(Number(version) >= FIRST_WITH_KIND ? ['input_kind'] : []),
    ...(Number(version) >= FIRST_WITH_DIGEST ? ['digest'] : []),
  ]
  for (const key of keys) {
    if (metadata[key] === undefined) throw invalidFile(file, `its metadata have no ${key}`)
  }
  return Number(version)
}

/** Also of an older version: a changed version number must not hide another change. */
function checkDigest(
  metadata: Safetensors['metadata'],
  parameters: readonly LayerTensors[],
  version: number,
  file: string,
): void {
  if (version < FIRST_WITH_DIGEST && metadata.digest === undefined) return
  const expected = digestOf(metadata, parameters)
  if (metadata.digest === expected) return
  const digests = `its digest is '${shortened(metadata.digest)}', its contents have ${expected}`
  throw invalidFile(file, `damaged, or changed by another program: ${digests}`)
}

/** A file of version 1 does not say what its model was trained on: it takes bytes and floats. */
function inputKindOf({ input_kind: kind }: Safetensors['metadata']): MLPOptions['inputKind'] {
  return kind === undefined || kind === UNKNOWN_KIND ? null : (kind as InputKind)
}

function jsonField<T>(metadata: Safetensors['metadata'], key: string, schema: z.ZodType<T>, file: string): T {
  const text = metadata[key]
  if (text === undefined) throw invalidFile(file, `its metadata have no ${key}`)
  return decodeJson(text, schema, {
    what: `${key} in its metadata`,
    error: (problem) => invalidFile(file, problem),
  })
}

interface LayerTensors {
  readonly weights: Float32Array
  readonly biases: Float32Array
}

function readParameters(tensors: Safetensors['tensors'], layers: readonly number[], file: string): LayerTensors[] {
  const parameters = layers.slice(1).map((outputs, l) => ({
    weights: readTensor(tensors, `layers.${l}.weights`, [layers[l], outputs], file),
    biases: readTensor(tensors, `layers.${l}.biases`, [outputs], file),
  }))
  if (tensors.size !== 2 * parameters.length) {
    const extra = [...tensors.keys()].find((key) => !/^layers\.\d+\.(weights|biases)$/.test(key))
    const which = extra === undefined ? 'more layers than its metadata say' : `unexpected tensor '${shortened(extra)}'`
    throw invalidFile(file, which)
  }
  return parameters
}

function readTensor(
  tensors: Safetensors['tensors'],
  key: string,
  shape: readonly number[],
  file: string,
): Float32Array {
  const tensor = tensors.get(key)
  if (tensor === undefined) throw invalidFile(file, `tensor '${key}' is missing`)
  if (tensor.shape.length !== shape.length || tensor.shape.some((dim, i) => dim !== shape[i])) {
    throw invalidFile(file, `tensor '${key}': expected shape ${shapeWords(shape)}, got ${shapeWords(tensor.shape)}`)
  }
  const { data } = tensor
  if (!isFloat32Array(data)) throw invalidFile(file, `tensor '${key}': expected elements of type F32`)
  const at = data.findIndex((value) => !Number.isFinite(value))
  if (at >= 0) throw invalidFile(file, `tensor '${key}': element ${at} is ${data[at]}, expected a finite number`)
  return data
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
