import { join } from 'node:path'
import { invalidFile, NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import { isFloat32Array, isFloat64Array } from '../core/typed-arrays.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { makeFolders } from '../formats/folder.js'
import { encodeNpy, readNpy } from '../formats/npy.js'
import { toPath } from '../formats/path.js'
import { checkModel, MLP } from '../model/mlp.js'
import { checkLoadOptions, type LoadOptions } from './model-bytes.js'

/** Per layer, the names of its weights and biases. */
const FILES = [
  ['fc1_Weight.npy', 'fc1_Bias.npy'],
  ['fc2_Weight.npy', 'fc2_Bias.npy'],
] as const

/**
 * Reads the homework's folder: fc1_Weight.npy (D, H), fc1_Bias.npy (H,), fc2_Weight.npy (H, C), fc2_Bias.npy (C,), float64
 * or float32, as a model with ReLU and softmax cross-entropy that takes raw bytes. Float64 is rounded to float32.
 *
 * @throws NativeMlpError INVALID_FILE naming the file whose shape, type or values do not fit, FILE_SYSTEM when one cannot
 *   be read
 */
export async function loadHomeworkWeights(dir: FilePath, options: LoadOptions = {}): Promise<MLP> {
  const folder = toPath(dir, 'dir')
  const { backend } = checkLoadOptions('loadHomeworkWeights', options)
  const first = await readMatrix(join(folder, FILES[0][0]))
  const firstBiases = await readVector(join(folder, FILES[0][1]), first.cols)
  const second = await readMatrix(join(folder, FILES[1][0]), first.cols)
  const secondBiases = await readVector(join(folder, FILES[1][1]), second.cols)
  const model = new MLP({
    layers: [first.rows, first.cols, second.cols],
    activation: 'relu',
    inputScale: 'raw',
    inputKind: 'bytes',
    init: { weights: 0, biases: 0 },
    backend,
  })
  model.setParameters([
    { weights: first.values, biases: firstBiases },
    { weights: second.values, biases: secondBiases },
  ])
  return model
}

/**
 * Writes the homework's folder of four files, float64 in C order, each atomically; the folder is created if missing.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for a model that does not fit this format (two layers, ReLU, softmax
 *   cross-entropy, raw bytes), NOT_FINITE if a parameter is not finite, FILE_SYSTEM if a file cannot be written
 */
export async function saveHomeworkWeights(dir: FilePath, model: MLP): Promise<void> {
  const folder = toPath(dir, 'dir')
  checkExpressible(model)
  await makeFolders(folder)
  const parameters = model.getParameters()
  for (const [l, [weightsFile, biasesFile]] of FILES.entries()) {
    const { weights, biases, inputs, outputs } = parameters[l]
    const weightsArray = { shape: [inputs, outputs], data: weights, dtype: 'float64' as const }
    await writeFileAtomic(join(folder, weightsFile), encodeNpy(weightsArray))
    await writeFileAtomic(join(folder, biasesFile), encodeNpy({ shape: [outputs], data: biases, dtype: 'float64' }))
  }
}

function checkExpressible(model: MLP): void {
  checkModel(model)
  const { layerSizes, activation, loss, inputScale, inputKind } = model
  const wrong =
    (layerSizes.length !== 3 && `${layerSizes.length - 1} layers, expected 2`) ||
    (activation !== 'relu' && `activation '${activation}', expected 'relu'`) ||
    (loss !== 'softmaxCrossEntropy' && `loss '${loss}', expected 'softmaxCrossEntropy'`) ||
    (inputScale !== 'raw' && `inputScale '${inputScale}', expected 'raw'`) ||
    (inputKind === 'floats' && `inputKind 'floats', expected 'bytes'`)
  if (wrong) {
    throw new NativeMlpError('INVALID_ARGUMENT', `model: the homework's folder cannot hold a model with ${wrong}`)
  }
  if (!model.backend.allFinite(model.parameters)) {
    throw new NativeMlpError('NOT_FINITE', 'saveHomeworkWeights: the parameters of the model are not finite')
  }
}

async function readMatrix(
  path: string,
  inputs?: number,
): Promise<{ rows: number; cols: number; values: Float32Array }> {
  const { shape, values } = await readFloats(path)
  const fits = shape.length === 2 && shape[0] >= 1 && shape[1] >= 1 && (inputs === undefined || shape[0] === inputs)
  if (!fits) throw wrongShape(path, `(${inputs ?? 'inputs'}, outputs)`, shape)
  return { rows: shape[0], cols: shape[1], values }
}

async function readVector(path: string, length: number): Promise<Float32Array> {
  const { shape, values } = await readFloats(path)
  if (shape.length !== 1 || shape[0] !== length) throw wrongShape(path, `(${length},)`, shape)
  return values
}

function wrongShape(path: string, expected: string, shape: readonly number[]): NativeMlpError {
  return invalidFile(path, `expected shape ${expected}, got (${shape.join(', ')}${shape.length === 1 ? ',' : ''})`)
}

async function readFloats(path: string): Promise<{ shape: readonly number[]; values: Float32Array }> {
  const { dtype, shape, data } = await readNpy(path)
  if (!(isFloat32Array(data) || isFloat64Array(data))) {
    throw invalidFile(path, `expected elements of type float64 or float32, got ${dtype}`)
  }
  const values = Float32Array.from(data)
  const at = values.findIndex((value) => !Number.isFinite(value))
  if (at >= 0) throw invalidFile(path, `element ${at} is ${data[at]}, expected a number finite in float32`)
  return { shape, values }
}
