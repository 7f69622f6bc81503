import { describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { initialParameters } from '../../src/model/initializers.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { BACKENDS } from './backends.js'

describe.each(BACKENDS)('MLP on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [7, 20, 5, 3], backend, ...options })

  it('keeps every layer in one array, at multiples of 16 floats', () => {
    const model = make()
    const packed = model.layers.reduce((sum, { inputs, outputs }) => sum + backend.parameterLength(inputs, outputs), 0)
    expect(model.parameters).toHaveLength(packed)
    for (const { parameters } of model.layers) {
      expect(parameters.buffer).toBe(model.parameters.buffer)
      expect((parameters.byteOffset - model.parameters.byteOffset) % 64).toBe(0)
    }
    expect(model.parameterCount).toBe(7 * 20 + 20 + 20 * 5 + 5 + 5 * 3 + 3)
    expect(model.layers.map(({ activation }) => activation)).toEqual(['relu', 'relu', 'identity'])
    expect([model.inputs, model.outputs, model.family]).toEqual([7, 3, backend.family])
  })

  it('starts from the same numbers whatever the layout', () => {
    const drawn = initialParameters([7, 20, 5, 3], 'he', 5)
    make({ seed: 5 })
      .getParameters()
      .forEach((layer, l) => {
        expect(layer.weights).toEqual(drawn[l].weights)
        expect(layer.biases).toEqual(drawn[l].biases)
        expect(layer.name).toBe(`layer ${l + 1}`)
      })
    expect(make({ seed: 5 }).parametersDigest()).toBe(make({ seed: 5 }).parametersDigest())
    expect(make({ seed: 5 }).parametersDigest()).not.toBe(make({ seed: 6 }).parametersDigest())
  })

  it('copies, restores and clones', () => {
    const model = make()
    const digest = model.parametersDigest()
    const snapshot = model.snapshot()
    const copy = model.clone()
    const changed = model.getParameters()
    changed[1].weights[3] = 42
    model.setParameters(changed)
    expect(model.getParameters()[1].weights[3]).toBe(42)
    expect(model.parametersDigest()).not.toBe(digest)
    expect(copy.parametersDigest()).toBe(digest)
    model.restore(snapshot)
    expect(model.parametersDigest()).toBe(digest)
    expect(model.snapshot(snapshot)).toBe(snapshot)
  })

  it('refuses parameters of the wrong length and stays as it was', () => {
    const model = make()
    const digest = model.parametersDigest()
    const parameters = model.getParameters().map((layer) => ({ ...layer, weights: layer.weights.fill(1) }))
    parameters[2] = { ...parameters[2], biases: new Float32Array(4) }
    expect(() => model.setParameters(parameters)).toThrow(/parameters\[2\]\.biases.*length 3/)
    expect(() => model.setParameters(parameters.slice(1))).toThrow(/each of 3 layers/)
    expect(() => model.restore(new Float32Array(3))).toThrow(/snapshot/)
    const infinite = model.getParameters()
    infinite[1].biases[2] = Number.NEGATIVE_INFINITY
    expect(() => model.setParameters(infinite)).toThrow(/parameters\[1\]\.biases\[2\]: .*finite.*got -Infinity/)
    expect(model.parametersDigest()).toBe(digest)
  })
})

describe('options of MLP', () => {
  const backend = BACKENDS[0][1]
  it.each([
    [{ layers: [5] }, /layers: expected at least two sizes/],
    [{ layers: Object.assign(new Array(3), { 0: 5, 2: 2 }) }, /layers\[1\]: expected an integer.*got undefined/],
    [{ layers: [5, 2], backend: 'js' }, /backend: expected a backend from .*got "js"/],
    [{ layers: [5, 2], backend: null }, /backend: expected a backend from .*got null/],
    [
      { layers: [5, 2], backend: Object.assign(Object.create(createJsBackend()), { allocate: () => [1] }) },
      /backend.allocate: expected a Float32Array of length \d+ .*got \[1\]/,
    ],
    [
      { layers: [5, 2], backend: Object.assign(Object.create(createJsBackend()), { pack: class {} }) },
      /a backend from/,
    ],
    [{ layers: [5, 0, 2] }, /layers\[1\].*from 1 to 65536, got 0/],
    [{ layers: [5, 2.5] }, /layers\[1\]/],
    [{ layers: [70000, 2] }, /layers\[0\]/],
    [{ layers: undefined }, /layers/],
    [{ layers: [5, 2], activation: 'ReLU' }, /activation.*'relu'.*"ReLU"/],
    [{ layers: [5, 2], outputActivation: 'tanh' }, /outputActivation: 'tanh'.*softmax/],
    [{ layers: [5, 2], loss: 'mse' }, /loss.*'meanSquaredError'/],
    [{ layers: [5, 2], seed: 1.5 }, /seed/],
    [{ layers: [5, 2], inputScale: 'bytes' }, /inputScale.*'unit', 'raw'/],
    [{ layers: [5, 2], classNames: ['a'] }, /classNames: expected 2 strings/],
    [{ layers: [5, 2], hidden: 3 }, /MLP: unknown option 'hidden'/],
    [{ layers: [5, 2], activaton: 'relu' }, /did you mean 'activation'/],
  ])('refuses %o', (options, message) => {
    expect(() => new MLP({ backend, ...options } as MLPOptions)).toThrow(message)
  })

  it('refuses no options at all', () => {
    expect(() => new MLP(undefined as never)).toThrow(/options object/)
  })
})
