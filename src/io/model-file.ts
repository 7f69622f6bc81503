import type { FilePath } from '../core/platform.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { toPath } from '../formats/path.js'
import { readSafetensors } from '../formats/safetensors-file.js'
import type { MLP } from '../model/mlp.js'
import { checkLoadOptions, encodeModel, type LoadOptions, modelFrom } from './model-bytes.js'

/**
 * Writes a model as safetensors, atomically: tensors `layers.<l>.weights` [K][N] and `layers.<l>.biases` [N], row-major
 * float32; architecture and a digest in the metadata. Equal models give equal bytes on every backend.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for what is not a path or a model, NOT_FINITE when a parameter is not finite,
 *   FILE_SYSTEM when the file cannot be written
 */
export async function saveModel(path: FilePath, model: MLP): Promise<void> {
  await writeFileAtomic(toPath(path), encodeModel(model))
}

/**
 * Reads what `saveModel` wrote.
 *
 * @throws NativeMlpError INVALID_FILE naming the file for anything else: not safetensors, no or unknown architecture, a
 *   newer format version, a digest that does not match, a missing, additional or wrongly shaped tensor, a parameter that is
 *   not finite; FILE_SYSTEM when the file cannot be read
 */
export async function loadModel(path: FilePath, options: LoadOptions = {}): Promise<MLP> {
  const file = toPath(path)
  const checked = checkLoadOptions('loadModel', options)
  return modelFrom(await readSafetensors(file), file, checked)
}
