import { z } from 'zod'
import { checking } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import { decodeJson } from '../formats/json.js'
import { finiteParameters } from '../model/finite-parameters.js'
import { checkModel, type MLP, type MLPOptions } from '../model/mlp.js'
import { checkImportOptions, type ForeignLayer, foreignModel, type ImportOptions } from './foreign-model.js'

const FORMAT = 'native-mlp model'
const FORMAT_VERSION = 1

/**
 * A model as JSON with plain numbers, for programs without a reader of safetensors: `layers` with `weights` [inputs][outputs] and
 * `biases` [outputs], and everything else that a model file holds. Ten times as large as `encodeModel`.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for what is not a model, NOT_FINITE when a parameter is not finite
 */
export function exportJson(model: MLP): string {
  return checking('exportJson', () => {
    checkModel(model)
    const { activation, outputActivation, loss, inputScale, inputKind, classNames, table } = model
    const layers = finiteParameters(model).map(({ weights, biases, inputs, outputs }) => ({
      weights: Array.from({ length: inputs }, (_, i) => Array.from(weights.subarray(i * outputs, (i + 1) * outputs))),
      biases: Array.from(biases),
    }))
    const options = { activation, outputActivation, loss, inputScale, inputKind, classNames, table }
    return JSON.stringify({ format: FORMAT, formatVersion: FORMAT_VERSION, ...options, layers })
  })
}

const numbers = z.array(z.number()).min(1)
const schema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  activation: z.string(),
  outputActivation: z.string(),
  loss: z.string(),
  inputScale: z.string(),
  inputKind: z.string().nullable(),
  classNames: z.array(z.string()).nullable(),
  table: z.unknown().nullable(),
  layers: z.array(z.object({ weights: z.array(numbers).min(1), biases: numbers })).min(1),
})

/**
 * The model in a text that `exportJson` made: the same bits.
 *
 * @param name what to call the text in errors
 * @throws NativeMlpError INVALID_FILE naming the key, or the layer whose sizes do not fit; INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function importJson(text: string, options: Pick<ImportOptions, 'backend'> = {}, name = 'model'): MLP {
  return checking('importJson', () => {
    if (typeof text !== 'string') throw invalidArgument('text', 'a string', text)
    if (typeof name !== 'string') throw invalidArgument('name', 'a string', name)
    checkImportOptions('importJson', options)
    const {
      format: _,
      formatVersion: __,
      layers,
      ...rest
    } = decodeJson(text, schema, {
      what: '',
      error: (problem) => invalidFile(name, problem),
    })
    const parameters = layers.map((layer, l) => layerOf(layer, `layers[${l}].weights`, name))
    try {
      return foreignModel(name, parameters, {
        ...(rest as Omit<MLPOptions, 'layers' | 'classNames'>),
        ...options,
        ...(rest.classNames && { classNames: rest.classNames }),
      })
    } catch (error) {
      const isOurs = error instanceof NativeMlpError && error.code === 'INVALID_ARGUMENT'
      throw isOurs ? invalidFile(name, error.message) : error
    }
  })
}

function layerOf(
  { weights, biases }: { weights: number[][]; biases: number[] },
  what: string,
  file: string,
): ForeignLayer {
  const [inputs, outputs] = [weights.length, biases.length]
  const wrong = weights.findIndex((row) => row.length !== outputs)
  if (wrong >= 0) {
    throw invalidFile(
      file,
      `${what}[${wrong}]: ${weights[wrong].length} numbers, expected ${outputs}, one for each of its biases`,
    )
  }
  return { name: what, weights: Float32Array.from(weights.flat()), biases: Float32Array.from(biases), inputs, outputs }
}
