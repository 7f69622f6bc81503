import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { adam, sgd } from '../../src/train/optimizers.js'
import { EVERY_ISA } from '../model/backends.js'
import { concat } from './concat.js'
import { clusters } from './toy-data.js'

const flat = (model: MLP) => concat(model.getParameters().flatMap(({ weights, biases }) => [weights, biases]))
const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0))
const minus = (a: Float32Array, b: Float32Array) => a.map((v, i) => v - b[i])

describe.each(EVERY_ISA)('on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => {
    return new MLP({ layers: [4, 20, 9, 3], seed: 4, backend, ...options } as MLPOptions)
  }
  const data = clusters(40)
  const once = { epochs: 1, batchSize: 40 }

  it('clips the gradient of all layers together', async () => {
    const start = flat(make())
    const step = async (clipNorm: number | null) => {
      const model = make()
      await fit(model, data, { optimizer: sgd({ learningRate: 1 }), ...once, clipNorm })
      return minus(start, flat(model))
    }
    const whole = await step(null)
    const size = norm(whole)
    const half = await step(size / 2)
    expect(norm(half)).toBeCloseTo(size / 2, 4)
    half.forEach((g, i) => {
      expect(g).toBeCloseTo(whole[i] / 2, 5)
    })
    const unclipped = await step(size * 2)
    unclipped.forEach((g, i) => {
      expect(g).toBeCloseTo(whole[i], 5)
    })
  })

  it('limits the norm of the incoming weights of each unit, and of no other', async () => {
    const model = make()
    const before = make()
    const optimizer = sgd({ learningRate: 1e-6 })
    await fit(model, data, { optimizer, ...once, maxNorm: 0.8 })
    let limited = 0
    model.getParameters().forEach(({ inputs, outputs, weights }, l) => {
      const norms = (w: Float32Array) =>
        Array.from({ length: outputs }, (_, n) => {
          return norm(Float32Array.from({ length: inputs }, (_, k) => w[k * outputs + n]))
        })
      const old = norms(before.getParameters()[l].weights)
      norms(weights).forEach((after, n) => {
        expect(after).toBeCloseTo(Math.min(0.8, old[n]), 4)
        if (old[n] > 0.8) limited++
      })
    })
    expect(limited).toBeGreaterThan(5)
  })

  it('keeps the moving average of the parameters', async () => {
    const model = make()
    const plain = make()
    const decay = 0.6
    const steps: Float32Array[] = []
    const options = { optimizer: adam({ learningRate: 0.01 }), epochs: 5, batchSize: 10 }
    const onStep = () => {
      steps.push(flat(plain))
    }
    await fit(plain, data, { ...options, callbacks: { onStep } })
    await fit(model, data, { ...options, averageDecay: decay })
    const average = Float64Array.from(flat(make()))
    steps.forEach((parameters, t) => {
      const share = 1 - Math.min(decay, (1 + t) / (10 + t))
      parameters.forEach((p, i) => {
        average[i] += share * (p - average[i])
      })
    })
    flat(model).forEach((p, i) => {
      expect(p).toBeCloseTo(average[i], 5)
    })
  })

  it('evaluates and keeps the average with a validation set', async () => {
    const model = make()
    const valid = clusters(50, 2)
    const options = { optimizer: adam({ learningRate: 0.02 }), epochs: 6, batchSize: 10, averageDecay: 0.9, valid }
    const { best } = await fit(model, data, options)
    expect((await evaluate(model, valid)).loss).toBe(best?.valid?.loss)
  })

  it('weighs classes and rows as often as they would stand in the data', async () => {
    const rows = Array.from({ length: 40 }, (_, r) => r)
    const repeated = rows.flatMap((r) => new Array(data.labels![r] + 1).fill(r) as number[])
    const twice = samples({
      values: Float32Array.from(repeated.flatMap((r) => [...data.values.subarray(r * 4, r * 4 + 4)])),
      cols: 4,
      labels: Int32Array.from(repeated, (r) => data.labels![r]),
      classes: 3,
    })
    const optimizer = sgd({ learningRate: 0.5 })
    const expected = make()
    await fit(expected, twice, { optimizer, epochs: 3, batchSize: twice.length })
    const byClass = make()
    await fit(byClass, data, { optimizer, epochs: 3, batchSize: 40, classWeights: [1, 2, 3] })
    const byRow = make()
    const sampleWeights = rows.map((r) => data.labels![r] + 1)
    await fit(byRow, data, { optimizer, epochs: 3, batchSize: 40, sampleWeights })
    flat(expected).forEach((p, i) => {
      expect(flat(byClass)[i]).toBeCloseTo(p, 4)
      expect(flat(byRow)[i]).toBeCloseTo(p, 4)
    })
  })

  it('trains only the layers above the frozen ones, as ever', async () => {
    const optimizer = sgd({ learningRate: 0.1 })
    const whole = make()
    await fit(whole, data, { optimizer, ...once })
    const model = make()
    await fit(model, data, { optimizer, ...once, frozenLayers: 1 })
    const [start, after, expected] = [make(), model, whole].map((each) => each.getParameters())
    expect(after[0]).toEqual(start[0])
    expect(after.slice(1)).toEqual(expected.slice(1))
  })
})

describe('what fit refuses', () => {
  it.each([
    [{ clipNorm: 0 }, /clipNorm: expected a number > 0, or null for no clipping/],
    [{ maxNorm: -1 }, /maxNorm: expected a number > 0/],
    [{ averageDecay: 1 }, /averageDecay: expected a number from 0 to below 1/],
    [{ frozenLayers: 2 }, /frozenLayers: expected at most 1: a layer must be trained, got 2/],
    [{ classWeights: 'equal' }, /classWeights: expected 'balanced', or numbers >= 0/],
    [{ classWeights: [1, 2] }, /classWeights: expected 3 numbers, one for each class, got 2/],
    [{ sampleWeights: [1] }, /sampleWeights: expected 20 numbers, one for each training row/],
    [{ sampleWeights: new Array(20).fill(-1) }, /sampleWeights\[0\]: expected a number >= 0, got -1/],
    [{ sampleWeights: new Array(20).fill(0) }, /a weight above 0 for some row/],
  ])('%o', async (wrong, message) => {
    const optimizer = sgd({ learningRate: 0.1 })
    const running = fit(new MLP({ layers: [4, 8, 3] }), clusters(20), { optimizer, ...(wrong as object) })
    await expect(running).rejects.toThrow(message)
  })
})
