import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { NativeMlpError } from '../../core/errors.js'
import { loadHomeworkWeights } from '../../io/homework-weights.js'
import { loadModel } from '../../io/model-file.js'
import type { MLP } from '../../model/mlp.js'

/**
 * Loads a model from a .safetensors file, a run folder, or the homework's folder of four .npy files.
 *
 * @throws NativeMlpError FILE_SYSTEM or INVALID_FILE
 */
export async function loadWeights(path: string): Promise<MLP> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return loadModel(path)
  const best = join(path, 'best.safetensors')
  if (existsSync(best)) return loadModel(best)
  if (existsSync(join(path, 'fc1_Weight.npy'))) return loadHomeworkWeights(path)
  const expected = 'expected best.safetensors of a run, or the four .npy files of the homework (fc1_Weight.npy, ...)'
  throw new NativeMlpError('INVALID_FILE', `${path}: no model in this folder; ${expected}`)
}
