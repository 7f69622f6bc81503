import { checkingAsync } from '../core/checks.js'
import { invalidArgument, invalidFile, shortened } from '../core/errors.js'
import { isUint8Array } from '../core/typed-arrays.js'
import type { Activation, Loss } from '../core/types.js'
import type { MLP } from '../model/mlp.js'
import { checkImportOptions, foreignModel, type ImportOptions } from './foreign-model.js'
import { ACTIVATION_OF, OUTPUT_OF } from './onnx-expressions.js'
import { decodeOnnx, type OnnxModel } from './onnx-messages.js'
import { type Expression, readGraph } from './onnx-reader.js'

/**
 * The multi-layer perceptron in an ONNX model: one float input [rows][inputs], then Gemm, or MatMul and Add, with activations between
 * them, as PyTorch, scikit-learn's converter and `exportOnnx` write it. A softmax or a sigmoid at the end decides the loss; it is an
 * option otherwise.
 *
 * @param name what to call the bytes in errors
 * @throws NativeMlpError INVALID_FILE naming the node that is none of these, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export async function importOnnx(bytes: Uint8Array, options: ImportOptions = {}, name = 'model'): Promise<MLP> {
  return checkingAsync('importOnnx', async () => {
    if (!isUint8Array(bytes)) throw invalidArgument('bytes', 'a Uint8Array', bytes)
    if (typeof name !== 'string') throw invalidArgument('name', 'a string', name)
    checkImportOptions('importOnnx', options)
    const model = await decodeOnnx(bytes, name)
    const { layers, outputs } = readGraph(model.graph!, name)
    const hidden = layers.slice(0, -1).map(({ next }) => activationOf(next, name))
    const other = hidden.find((activation) => activation !== hidden[0])
    if (other !== undefined) {
      throw invalidFile(
        name,
        `its hidden layers have the activations ${hidden[0]} and ${other}; an MLP has one for all`,
      )
    }
    const { outputActivation, loss } = endOf(outputs, options.loss, name)
    const classNames = options.classNames ?? namesIn(model)
    return foreignModel(name, layers, {
      ...options,
      ...(hidden.length > 0 && { activation: hidden[0] }),
      outputActivation,
      ...(loss && { loss }),
      ...(classNames && { classNames }),
    })
  })
}

/** What stands between two layers. */
function activationOf(expression: Expression, file: string): Activation {
  const activation = ACTIVATION_OF.get(expression.text)
  if (activation === undefined) throw refused(expression, file)
  return activation
}

function refused({ node, text }: Expression, file: string): Error {
  const expected = 'expected Gemm, MatMul and Add, or one of the activations of this package'
  return invalidFile(file, `node '${shortened(node)}' computes ${shortened(text)} of a layer z: ${expected}`)
}

/** By the first output that is understood; class numbers and names beside it follow from it. */
function endOf(
  outputs: readonly Expression[],
  given: Loss | undefined,
  file: string,
): { outputActivation: Activation; loss: Loss | undefined } {
  const takesLogits = given === undefined || given === 'softmaxCrossEntropy' || given === 'binaryCrossEntropy'
  for (const { text } of outputs) {
    const loss = OUTPUT_OF.get(text)
    if (loss !== undefined && takesLogits) return { outputActivation: 'identity', loss: given ?? loss }
    const outputActivation = ACTIVATION_OF.get(text)
    if (outputActivation !== undefined) return { outputActivation, loss: given }
  }
  throw refused(outputs[0], file)
}

/** As `exportOnnx` writes them. */
function namesIn({ metadataProps }: OnnxModel): string[] | undefined {
  const text = metadataProps.find(({ key }) => key === 'names')?.value
  try {
    const names: unknown = JSON.parse(text ?? 'null')
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined
  } catch {
    // metadata of another program under the same key
    return undefined
  }
}
