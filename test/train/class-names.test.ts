import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { fitInFolder } from '../../src/io/fit-in-folder.js'
import { decodeModel, encodeModel } from '../../src/io/model-bytes.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { joinSamples } from '../../src/search/study/refit.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const folder = temporaryFolder()
const optimizer = sgd({ learningRate: 0.1 })
const options = { optimizer, epochs: 1 }

function named(classNames?: string[]) {
  const values = Float32Array.from({ length: 24 }, (_, i) => i / 24)
  return samples({ values, cols: 2, labels: Array.from({ length: 12 }, (_, i) => i % 3), classes: 3, classNames })
}
const make = (more: Partial<MLPOptions> = {}) => new MLP({ layers: [2, 3], ...more })
const animals = ['cat', 'dog', 'owl']
const refused = (message: string) => ({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })

describe('class names', () => {
  it('of the training set reach the model, its clones and its files', async () => {
    const model = make()
    await fit(model, named(animals), options)
    expect(model.classNames).toEqual(animals)
    expect(model.clone().classNames).toEqual(animals)
    expect(decodeModel(encodeModel(model)).classNames).toEqual(animals)
    const kept = make()
    await fitInFolder(kept, named(animals), { ...options, valid: named(), folder: join(folder, 'run') })
    expect(kept.classNames).toEqual(animals)
  })

  it('of both classes reach a model with one output', async () => {
    const model = new MLP({ layers: [2, 1], loss: 'binaryCrossEntropy' })
    const set = samples({ values: [1, 2, 3, 4], cols: 2, labels: [0, 1], classNames: ['no', 'yes'] })
    await fit(model, set, options)
    expect(model.classNames).toEqual(['no', 'yes'])
  })

  it('are none without names, with numbers, and where the model has more classes than the set names', async () => {
    const plain = make()
    await fit(plain, named(), options)
    expect(plain.classNames).toBeNull()
    const wide = make({ layers: [2, 5] })
    await fit(wide, named(animals), options)
    expect(wide.classNames).toBeNull()
  })

  it('of the model stay, and those of a set that contradict them are refused', async () => {
    const model = make({ classNames: animals })
    await fit(model, named(), options)
    expect(model.classNames).toEqual(animals)
    const other = named(['dog', 'cat', 'owl'])
    const message = '.classNames: class 0 is "dog" there and "cat" in the model'
    await expect(fit(model, other, options)).rejects.toMatchObject(refused(`train${message}`))
    await expect(evaluate(model, other)).rejects.toMatchObject(refused(`data${message}`))
    await expect(evaluate(model, named(animals))).resolves.toBeDefined()
  })

  it('of validation and test rows must be those of the training rows', async () => {
    const other = named(['cat', 'owl', 'dog'])
    for (const name of ['valid', 'test']) {
      const run = fit(make(), named(animals), { ...options, [name]: other })
      await expect(run).rejects.toMatchObject(refused(`${name}.classNames: class 1 is "owl" there and "dog"`))
    }
    expect(() => joinSamples(named(animals), other)).toThrow('data.valid: its classNames are not those of data.train')
  })
})
