import { invalidFile, shortened } from '../core/errors.js'
import type { InputKind } from '../core/scale.js'
import { isFloat32Array } from '../core/typed-arrays.js'
import { parseJson } from '../formats/json.js'
import { type Safetensors, shapeWords } from '../formats/safetensors.js'
import { checksum } from '../model/digest.js'
import { checkLayers } from '../model/layer-sizes.js'
import type { MLPOptions } from '../model/mlp.js'
import type { TableTransform } from '../table/transform.js'

/** Incremented when a reader of the older version would misread a newer file. */
export const FORMAT_VERSION = 4
/** Of a model that does not know what raw rows mean, so that older readers read it. */
export const WITHOUT_TABLE = 3
/** From this version on a file has a digest; older ones have no input kind (1) or no digest (1 and 2). */
const FIRST_WITH_DIGEST = 3
const FIRST_WITH_KIND = 2
/** Of a model that has not been trained, and of files of version 1. */
export const UNKNOWN_KIND = 'unknown'

/** What a model file holds. */
export interface ModelContents
  extends Required<
    Pick<
      MLPOptions,
      'layers' | 'activation' | 'outputActivation' | 'loss' | 'inputScale' | 'inputKind' | 'classNames' | 'table'
    >
  > {
  readonly parameters: readonly LayerTensors[]
}

/**
 * Reads a model file, and checks all but what `MLP` checks: the values of its options.
 *
 * @param file what to call the model in errors
 * @throws NativeMlpError INVALID_FILE
 */
export function modelContents({ tensors, metadata }: Safetensors, file: string): ModelContents {
  const version = checkVersion(metadata, file)
  const layers = sizesOf(metadata, file)
  const parameters = readParameters(tensors, layers, file)
  checkDigest(metadata, parameters, version, file)
  return {
    layers,
    activation: metadata.activation as ModelContents['activation'],
    outputActivation: metadata.output_activation as ModelContents['outputActivation'],
    loss: metadata.loss as ModelContents['loss'],
    inputScale: metadata.input_scale as ModelContents['inputScale'],
    inputKind: inputKindOf(metadata),
    classNames: namesIn(metadata, file),
    table: version > WITHOUT_TABLE ? (jsonField(metadata, 'table', file) as TableTransform) : null,
    parameters,
  }
}

/** In any order of the metadata, which other programs may have written again. */
export function digestOf(metadata: Safetensors['metadata'], parameters: readonly LayerTensors[]): string {
  const entries = Object.entries(metadata).filter(([key]) => key !== 'digest')
  const text = JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  return checksum([new TextEncoder().encode(text), ...parameters.flatMap(({ weights, biases }) => [weights, biases])])
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
function inputKindOf({ input_kind: kind }: Safetensors['metadata']): InputKind | null {
  return kind === undefined || kind === UNKNOWN_KIND ? null : (kind as InputKind)
}

function jsonField(metadata: Safetensors['metadata'], key: string, file: string): unknown {
  const text = metadata[key]
  if (text === undefined) throw invalidFile(file, `its metadata have no ${key}`)
  return parseJson(text, { what: `${key} in its metadata`, error: (problem) => invalidFile(file, problem) })
}

/** Sizes that tensors can have; the model checks the rest. */
function sizesOf(metadata: Safetensors['metadata'], file: string): readonly number[] {
  const layers = jsonField(metadata, 'layers', file)
  try {
    return checkLayers(layers)
  } catch (error) {
    throw invalidFile(file, `layers in its metadata: ${(error as Error).message}`)
  }
}

function namesIn(metadata: Safetensors['metadata'], file: string): readonly string[] | null {
  const names = jsonField(metadata, 'class_names', file)
  if (names === null || (Array.isArray(names) && names.every((name) => typeof name === 'string'))) return names
  throw invalidFile(file, 'class_names in its metadata: expected a list of texts or null')
}

export interface LayerTensors {
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
