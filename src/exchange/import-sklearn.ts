import { checkingAsync } from '../core/checks.js'
import { invalidFile } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import type { NpyArray } from '../formats/npy.js'
import { readNpz } from '../formats/npz.js'
import { toPath } from '../formats/path.js'
import { shapeWords } from '../formats/safetensors.js'
import type { MLP } from '../model/mlp.js'
import {
  checkImportOptions,
  type ForeignLayer,
  floatsOf,
  foreignModel,
  WEIGHTS_OPTIONS,
  type WeightsOptions,
} from './foreign-model.js'

/**
 * A model of the coefficients of scikit-learn's MLPClassifier or MLPRegressor, in an .npz file with the arrays `coefs_0`
 * [inputs][outputs], `intercepts_0` [outputs], `coefs_1`, ...:
 *
 *     np.savez('mlp.npz', **{f'coefs_{i}': a for i, a in enumerate(mlp.coefs_)},
 *              **{f'intercepts_{i}': a for i, a in enumerate(mlp.intercepts_)})
 *
 * @throws NativeMlpError INVALID_FILE naming array and shape of what does not fit, FILE_SYSTEM, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export async function importSklearn(path: FilePath, options: WeightsOptions = {}): Promise<MLP> {
  return checkingAsync('importSklearn', async () => {
    const file = toPath(path)
    checkImportOptions('importSklearn', options, WEIGHTS_OPTIONS)
    const arrays = await readNpz(file)
    const layers: ForeignLayer[] = []
    while (layers.length === 0 || arrays.has(`coefs_${layers.length}`))
      layers.push(layerOf(arrays, layers.length, file))
    const known = layers.flatMap((_, l) => [`coefs_${l}`, `intercepts_${l}`])
    const extra = [...arrays.keys()].find((name) => !known.includes(name))
    if (extra !== undefined) {
      const shape = shapeWords(arrays.get(extra)!.shape)
      throw invalidFile(
        file,
        `array '${extra}' of shape ${shape}: expected coefs_0, intercepts_0, coefs_1, ... without gaps`,
      )
    }
    return foreignModel(file, layers, options)
  })
}

function layerOf(arrays: ReadonlyMap<string, NpyArray>, l: number, file: string): ForeignLayer {
  const arrayOf = (name: string): NpyArray => {
    const array = arrays.get(name)
    if (array === undefined)
      throw invalidFile(file, `array '${name}' is missing; it has ${[...arrays.keys()].join(', ')}`)
    return array
  }
  const [coefs, intercepts] = [arrayOf(`coefs_${l}`), arrayOf(`intercepts_${l}`)]
  const weights = floatsOf(file, `coefs_${l}`, coefs, 2)
  const biases = floatsOf(file, `intercepts_${l}`, intercepts, 1)
  const [inputs, outputs] = coefs.shape
  if (biases.length !== outputs) {
    const problem = `expected ${outputs} numbers, one for each column of coefs_${l}`
    throw invalidFile(file, `tensor 'intercepts_${l}' of shape ${shapeWords(intercepts.shape)}: ${problem}`)
  }
  return { name: `coefs_${l}`, weights, biases, inputs, outputs }
}
