import { checking } from '../core/checks.js'
import { invalidArgument, invalidFile, shortened } from '../core/errors.js'
import { isUint8Array } from '../core/typed-arrays.js'
import { parseSafetensors, type Safetensors, shapeWords } from '../formats/safetensors.js'
import type { MLP } from '../model/mlp.js'
import {
  checkImportOptions,
  type ForeignLayer,
  floatsOf,
  foreignModel,
  transposed,
  WEIGHTS_OPTIONS,
  type WeightsOptions,
} from './foreign-model.js'

export interface TorchOptions extends WeightsOptions {
  /** names of the layers from inputs to outputs, without '.weight'; default: in the order of the numbers in their names */
  readonly layers?: readonly string[]
}

/**
 * A model of the linear layers in a safetensors file of PyTorch, as `save_file(model.state_dict(), path)` writes it: `0.weight`
 * [outputs][inputs], `0.bias` [outputs], `2.weight`, ... A layer without bias has biases of 0. Such files do not say what the
 * activation is.
 *
 * @param name what to call the bytes in errors
 * @throws NativeMlpError INVALID_FILE naming tensor and shape of what is not a linear layer, or does not follow the one before;
 *   INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function importTorch(bytes: Uint8Array, options: TorchOptions = {}, name = 'model'): MLP {
  return checking('importTorch', () => {
    if (!isUint8Array(bytes)) throw invalidArgument('bytes', 'a Uint8Array', bytes)
    if (typeof name !== 'string') throw invalidArgument('name', 'a string', name)
    checkImportOptions('importTorch', options, [...WEIGHTS_OPTIONS, 'layers'])
    const { layers, ...rest } = options
    const { tensors } = parseSafetensors(bytes, name)
    const names = layers === undefined ? layerNames(tensors, name) : checkNames(layers)
    return foreignModel(
      name,
      names.map((layer) => linearLayer(tensors, layer, name)),
      rest,
    )
  })
}

function checkNames(names: readonly string[]): readonly string[] {
  const isList = Array.isArray(names) && names.length > 0 && Array.from(names).every((text) => typeof text === 'string')
  if (!isList) throw invalidArgument('layers', 'a list of names of layers', names)
  return names
}

function layerNames(tensors: Safetensors['tensors'], file: string): string[] {
  const names: string[] = []
  for (const [key, { shape }] of tensors) {
    const [, layer, kind] = /^(.*)\.(weight|bias)$/.exec(key) ?? []
    if (kind === undefined || (kind === 'bias' && !tensors.has(`${layer}.weight`))) {
      const expected = "expected '<layer>.weight' and '<layer>.bias' of linear layers"
      throw invalidFile(file, `tensor '${shortened(key)}' of shape ${shapeWords(shape)}: ${expected}`)
    }
    if (kind === 'weight') names.push(layer)
  }
  if (names.length === 0) throw invalidFile(file, 'it has no tensors')
  return names.sort(byNumbers)
}

/** '2' before '10', 'fc9' before 'fc10' */
function byNumbers(a: string, b: string): number {
  const [m, n] = [a, b].map((name) => name.split(/(\d+)/))
  for (let i = 0; i < Math.min(m.length, n.length); i++) {
    if (m[i] === n[i]) continue
    return i % 2 === 1 ? Number(m[i]) - Number(n[i]) : m[i] < n[i] ? -1 : 1
  }
  return m.length - n.length
}

function linearLayer(tensors: Safetensors['tensors'], layer: string, file: string): ForeignLayer {
  const name = `${layer}.weight`
  const tensor = tensors.get(name)
  if (tensor === undefined) throw invalidFile(file, `tensor '${shortened(name)}' is missing`)
  const rows = floatsOf(file, name, tensor, 2)
  const [outputs, inputs] = tensor.shape
  const bias = tensors.get(`${layer}.bias`)
  const biases = bias === undefined ? new Float32Array(outputs) : floatsOf(file, `${layer}.bias`, bias, 1)
  if (biases.length !== outputs) {
    const problem = `of shape ${shapeWords(bias!.shape)}: expected ${outputs} biases, one for each output of '${shortened(name)}'`
    throw invalidFile(file, `tensor '${shortened(layer)}.bias' ${problem}`)
  }
  return { name, weights: transposed(rows, outputs, inputs), biases, inputs, outputs }
}
