import type { FilePath } from '../core/platform.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { toPath } from '../formats/path.js'
import type { MLP } from '../model/mlp.js'
import { exportOnnx, type OnnxOptions } from './export-onnx.js'

/**
 * Writes what `exportOnnx` gives, atomically.
 *
 * @throws NativeMlpError as `exportOnnx`; INVALID_ARGUMENT for what is not a path, FILE_SYSTEM when the file cannot be written
 */
export async function saveOnnx(path: FilePath, model: MLP, options: OnnxOptions = {}): Promise<void> {
  const file = toPath(path)
  await writeFileAtomic(file, await exportOnnx(model, options))
}
