import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { mnist } from '../../src/data/mnist.js'
import { encodeNpy, parseNpy } from '../../src/formats/npy.js'
import { loadHomeworkWeights, saveHomeworkWeights } from '../../src/io/homework-weights.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { BACKENDS } from '../model/backends.js'
import { temporaryFolder } from './folder.js'

const path = temporaryFolder()
const PUBLISHED = fileURLToPath(new URL('../../../shared/homework/best_model_save', import.meta.url))
const NAMES = ['fc1_Bias.npy', 'fc1_Weight.npy', 'fc2_Bias.npy', 'fc2_Weight.npy']
const published = existsSync(PUBLISHED)

describe.each(BACKENDS)("the homework's folder on %s", (name, backend) => {
  const make = (options: Partial<MLPOptions> = {}) =>
    new MLP({ layers: [6, 20, 3], inputScale: 'raw', init: 'homework', backend, ...options })

  it('is written as float64 in C order, and read back to the bit', async () => {
    const model = make()
    const folder = path(`${name}/new/folder`)
    await saveHomeworkWeights(folder, model)
    expect((await readdir(folder)).sort()).toEqual(NAMES)
    const { dtype, shape, data } = parseNpy(await readFile(join(folder, 'fc1_Weight.npy')), 'fc1_Weight.npy')
    expect([dtype, shape]).toEqual(['float64', [6, 20]])
    expect(data).toEqual(Float64Array.from(model.getParameters()[0].weights))
    const loaded = await loadHomeworkWeights(folder, { backend })
    expect(loaded.parametersDigest()).toBe(model.parametersDigest())
    expect(loaded).toMatchObject({ layerSizes: [6, 20, 3], activation: 'relu', inputScale: 'raw' })
  })

  it.runIf(process.platform === 'linux')('fails where its folder cannot be made', async () => {
    await expect(saveHomeworkWeights('/proc/native-mlp/weights', make())).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
  })

  it.each<[Partial<MLPOptions>, RegExp]>([
    [{ layers: [6, 3] }, /1 layers, expected 2/],
    [{ layers: [6, 4, 4, 3] }, /3 layers, expected 2/],
    [{ activation: 'tanh' }, /activation 'tanh'/],
    [{ loss: 'meanSquaredError' }, /loss 'meanSquaredError'/],
    [{ inputScale: 'unit' }, /inputScale 'unit'/],
  ])('cannot hold %o', async (options, message) => {
    await expect(saveHomeworkWeights(path('never'), make(options))).rejects.toThrow(message)
    expect(existsSync(path('never'))).toBe(false)
  })

  it.skipIf(!published)(
    `classifies 9721 of 10000 with the published weights${published ? '' : ' (skipped: ../shared/homework is not there)'}`,
    async () => {
      const { test } = await mnist({ scale: 'raw' })
      const { correct, count } = await evaluate(await loadHomeworkWeights(PUBLISHED, { backend }), test)
      expect([correct, count]).toEqual([9721, 10000])
    },
  )
})

describe("a hostile homework's folder", () => {
  const backend = BACKENDS[0][1]
  const arrays: Record<string, { shape: number[]; data: Float64Array | Float32Array | Int32Array }> = {
    'fc1_Weight.npy': { shape: [3, 2], data: new Float64Array(6) },
    'fc1_Bias.npy': { shape: [2], data: new Float64Array(2) },
    'fc2_Weight.npy': { shape: [2, 4], data: new Float32Array(8) },
    'fc2_Bias.npy': { shape: [4], data: new Float64Array(4) },
  }

  async function folderWith(changes: Record<string, Uint8Array | null>): Promise<string> {
    const folder = path(`hostile-${Object.keys(changes).join()}-${Math.random()}`)
    await mkdir(folder)
    for (const [name, array] of Object.entries(arrays)) {
      const bytes = name in changes ? changes[name] : encodeNpy(array)
      if (bytes !== null) await writeFile(join(folder, name), bytes)
    }
    return folder
  }

  it('is read where nothing is wrong, float32 too', async () => {
    const model = await loadHomeworkWeights(await folderWith({}), { backend })
    expect(model.layerSizes).toEqual([3, 2, 4])
  })

  it.each<[string, Uint8Array | null, RegExp]>([
    ['fc2_Bias.npy', null, /fc2_Bias\.npy: cannot read/],
    [
      'fc1_Weight.npy',
      encodeNpy({ shape: [6], data: new Float64Array(6) }),
      /expected shape \(inputs, outputs\), got \(6,\)/,
    ],
    ['fc1_Weight.npy', encodeNpy({ shape: [0, 2], data: new Float64Array(0) }), /fc1_Weight\.npy: expected shape/],
    ['fc1_Bias.npy', encodeNpy({ shape: [3], data: new Float64Array(3) }), /expected shape \(2,\), got \(3,\)/],
    ['fc2_Weight.npy', encodeNpy({ shape: [3, 4], data: new Float64Array(12) }), /expected shape \(2, outputs\)/],
    ['fc2_Bias.npy', encodeNpy({ shape: [4], data: new Int32Array(4) }), /float64 or float32, got int32/],
    ['fc2_Bias.npy', encodeNpy({ shape: [4], data: Float64Array.of(0, 1e300, 0, 0) }), /element 1 is 1e\+300/],
    ['fc1_Bias.npy', encodeNpy({ shape: [2], data: Float64Array.of(0, Number.NaN) }), /element 1 is NaN/],
    ['fc1_Weight.npy', encodeNpy(arrays['fc1_Weight.npy']).slice(0, -1), /fc1_Weight\.npy/],
  ])('with a bad %s is refused', async (name, bytes, message) => {
    const folder = await folderWith({ [name]: bytes })
    await expect(loadHomeworkWeights(folder, { backend })).rejects.toThrow(message)
    await expect(loadHomeworkWeights(folder, { backend })).rejects.toThrow(join(folder, name))
  })
})
