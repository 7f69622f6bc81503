import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { adamW, sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters } from './toy-data.js'

describe.each(BACKENDS)('fit without an optimizer on %s', (_, backend) => {
  const make = () => new MLP({ layers: [4, 32, 3], seed: 1, backend })

  it('is AdamW with one cycle of the learning rate', async () => {
    const data = clusters(200)
    const [model, same, constant] = [make(), make(), make()]
    await fit(model, data)
    await fit(same, data, { optimizer: adamW({ learningRate: 0.003 }), schedule: 'oneCycle' })
    expect(model.parametersDigest()).toBe(same.parametersDigest())
    await fit(constant, data, { schedule: 'constant' })
    expect(constant.parametersDigest()).not.toBe(same.parametersDigest())
    const own = make()
    await fit(own, data, { optimizer: sgd({ learningRate: 0.1 }) })
    const stated = make()
    await fit(stated, data, { optimizer: sgd({ learningRate: 0.1 }), schedule: 'constant' })
    expect(own.parametersDigest()).toBe(stated.parametersDigest())
  })

  it.each([0.01, 1, 100])('learns inputs scaled by %d', async (scale) => {
    const { values, labels } = clusters(600)
    const data = samples({ values: Float32Array.from(values, (v) => v * scale), cols: 4, labels: labels!, classes: 3 })
    const model = make()
    await fit(model, data, { epochs: 60 })
    expect((await evaluate(model, data)).accuracy).toBeGreaterThan(0.95)
  })
})
