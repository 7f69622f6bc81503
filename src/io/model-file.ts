import { knownOptions } from '../core/checks.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { readSafetensors } from '../formats/safetensors-file.js'
import type { MLP } from '../model/mlp.js'
import { encodeModel, type LoadOptions, modelFrom } from './model-bytes.js'

/**
 * Writes a model as safetensors, atomically: tensors `layers.<l>.weights` [K][N] and `layers.<l>.biases` [N], row-major
 * float32; architecture in the metadata. Equal models give equal bytes on every backend.
 *
 * @throws NativeMlpError NOT_FINITE when a parameter is not finite, FILE_SYSTEM when the file cannot be written
 */
export async function saveModel(path: string, model: MLP): Promise<void> {
  await writeFileAtomic(path, encodeModel(model))
}

/**
 * Reads what `saveModel` wrote.
 *
 * @throws NativeMlpError INVALID_FILE naming the file for anything else: not safetensors, no or unknown architecture, a
 *   newer format version, a missing, additional or wrongly shaped tensor, a parameter that is not finite; FILE_SYSTEM when
 *   the file cannot be read
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<MLP> {
  knownOptions('loadModel', options, ['backend'])
  return modelFrom(await readSafetensors(path), path, options)
}
