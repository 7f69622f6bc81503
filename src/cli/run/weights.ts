import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { NativeMlpError } from '../../core/errors.js'
import { loadHomeworkWeights } from '../../io/homework-weights.js'
import { loadModel } from '../../io/model-file.js'
import type { MLP } from '../../model/mlp.js'
import { oneOfBoth } from '../config/data-flag.js'

/** The model named by an argument or by --weights. @throws NativeMlpError INVALID_ARGUMENT for both and for none */
export function modelOf(argument: string | undefined, flag: string | undefined): string {
  const path = oneOfBoth(argument, flag, '--weights')
  if (path !== undefined) return path
  throw new NativeMlpError('INVALID_ARGUMENT', '--weights: expected a model, a .safetensors file or a run folder')
}

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
