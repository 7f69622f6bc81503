import { checkingAsync, knownOptions, oneOf } from '../core/checks.js'
import { byteTable } from '../core/scale.js'
import { packageVersion } from '../core/version.js'
import { finiteParameters } from '../model/finite-parameters.js'
import { checkModel, type MLP } from '../model/mlp.js'
import { targetNames } from '../table/transform.js'
import { GraphBuilder, ML } from './onnx-graph.js'
import { addLayers } from './onnx-layers.js'
import { encodeOnnx, TYPE } from './onnx-messages.js'
import { addOutputs } from './onnx-outputs.js'
import { addTable, type NumberType } from './onnx-table.js'

export interface OnnxOptions {
  /** element type of the columns of numbers, and of values in the units of the target; default 'double', which loses no digit */
  readonly numbers?: NumberType
}

/** Old enough for runtimes of 2022. */
const IR_VERSION = 8n
const OPSET = 17n
const ML_OPSET = 3n

/**
 * The bytes of an ONNX model that predicts as `model` does. A model of a table has one input [rows][1] for each column it uses, by
 * name: numbers (NaN: missing) or texts (empty: missing); other models have one input `inputs` [rows][inputs], float, or uint8 if they
 * were trained on bytes. Outputs: `class` [rows] and `probabilities` [rows][classes]; multi-label `labels` (bool) and
 * `probabilities`, both [rows][labels]; regression `values` [rows][targets].
 *
 * @throws NativeMlpError INVALID_ARGUMENT for what is not a model and for columns of dates, NOT_FINITE for a parameter that is not
 *   finite, UNKNOWN_OPTION
 */
export async function exportOnnx(model: MLP, options: OnnxOptions = {}): Promise<Uint8Array> {
  return checkingAsync('exportOnnx', async () => {
    knownOptions('exportOnnx', options, ['numbers'])
    const type = oneOf('numbers', options.numbers ?? 'double', ['float', 'double'] as const)
    checkModel(model)
    finiteParameters(model)
    const graph = new GraphBuilder()
    const inputs = model.table ? addTable(graph, model.table.inputs, type) : addInputs(graph, model)
    addOutputs(graph, model, addLayers(graph, model, inputs), type)
    return await encodeOnnx({
      irVersion: IR_VERSION,
      producerName: 'native-mlp',
      producerVersion: packageVersion,
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: ML, version: ML_OPSET },
      ],
      metadataProps: namesOf(model),
      graph: graph.build('mlp'),
    })
  })
}

/** One input for encoded rows. */
function addInputs(graph: GraphBuilder, model: MLP): string {
  const { inputKind, inputs, inputScale } = model
  if (inputKind !== 'bytes') return graph.input('inputs', 'float', ['rows', inputs])
  const bytes = graph.input('inputs', 'uint8', ['rows', inputs])
  const positions = graph.node('Cast', [bytes], { to: { int: TYPE.int32 } })
  return graph.node('Gather', [graph.constant('byte_values', byteTable(inputScale)), positions])
}

/** Names of the classes or outputs, in the order of the probabilities or values. */
function namesOf({ table, classNames }: MLP): { key: string; value: string }[] {
  const names = table ? targetNames(table) : classNames
  return names === null ? [] : [{ key: 'names', value: JSON.stringify(names) }]
}
