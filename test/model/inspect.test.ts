import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { samples } from '../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'

const backend = createJsBackend()

it.each<[MLPOptions, string]>([
  [{ layers: [784, 512, 10] }, 'MLP 784-512-10 relu softmaxCrossEntropy (407,050 parameters, js)'],
  [{ layers: [3, 2] }, 'MLP 3-2 softmaxCrossEntropy (8 parameters, js)'],
  [
    { layers: [3, 4, 1], activation: 'tanh', outputActivation: 'sigmoid', loss: 'meanSquaredError' },
    'MLP 3-4-1 tanh sigmoid meanSquaredError (21 parameters, js)',
  ],
])('console.log shows a model of %o in a line', (options, expected) => {
  const model = new MLP({ ...options, backend })
  expect(inspect(model)).toBe(expected)
  expect(inspect({ model }, { breakLength: Number.POSITIVE_INFINITY })).toBe(`{ model: ${expected} }`)
})

it('console.log shows a set in a line', () => {
  const labelled = samples({ values: new Uint8Array(784 * 20), cols: 784, labels: new Uint8Array(20), classes: 10 })
  expect(inspect(labelled)).toBe('Samples 20 x 784 bytes, 10 classes')
  expect(inspect(labelled.take(5))).toBe('Samples 5 x 784 bytes, 10 classes')
  expect(inspect(samples({ values: [1, 2, 3, 4], cols: 2 }))).toBe('Samples 2 x 2 floats')
  expect(inspect(samples({ values: [1, 2], cols: 1, targets: [1, 2, 3, 4] }))).toBe('Samples 2 x 1 floats, 2 targets')
  expect(inspect(samples({ values: [1, 2], cols: 1, targets: [1, 2] }))).toBe('Samples 2 x 1 floats, 1 target')
})
