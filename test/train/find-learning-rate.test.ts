import { describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { type FindLearningRateOptions, findLearningRate } from '../../src/train/find-learning-rate.js'
import { fit } from '../../src/train/fit.js'
import { adam, adamW, momentum, type Optimizer, sgd } from '../../src/train/optimizers.js'
import { clusters, curve } from './toy-data.js'

const train = clusters(400)
const make = () => new MLP({ layers: [4, 16, 3] })
const optimizer = sgd({ learningRate: 0.1 })

describe('findLearningRate', () => {
  it('trains while the learning rate rises by a constant factor, and leaves the model as it is', async () => {
    const model = make()
    const digest = model.parametersDigest()
    const { steps, diverged } = await findLearningRate(model, train, { optimizer, from: 0.001, to: 1, steps: 61 })
    expect(model.parametersDigest()).toBe(digest)
    expect(model.inputKind).toBe(null)
    expect(diverged).toBe(false)
    expect(steps).toHaveLength(61)
    const rates = steps.map(({ learningRate }) => learningRate)
    expect([rates[0], rates[60]]).toEqual([0.001, 1])
    rates.slice(1).forEach((rate, i) => {
      expect(rate / rates[i]).toBeCloseTo(1000 ** (1 / 60), 10)
    })
    expect(steps[0].smoothed).toBeCloseTo(steps[0].loss, 12)
    expect(steps[1].smoothed).toBeCloseTo((0.9 * steps[0].loss + steps[1].loss) / 1.9, 12)
    expect(steps[40].loss).toBeLessThan(steps[0].loss)
  })

  it('gives the same numbers again, and others for another seed', async () => {
    const options: FindLearningRateOptions = { optimizer, dropout: 0.2, seed: 3 }
    const first = await findLearningRate(make(), train, options)
    expect(await findLearningRate(make(), train, { ...options, yieldEveryMs: 0 })).toEqual(first)
    expect(await findLearningRate(make(), train, { ...options, seed: 4 })).not.toEqual(first)
  })

  it.each<[string, Optimizer]>([
    ['sgd', optimizer],
    ['momentum', momentum({ learningRate: 0.1 })],
    ['adam', adam({ learningRate: 0.1 })],
    ['adamW', adamW({ learningRate: 0.1, weightDecay: 0.1 })],
  ])('suggests a rate that trains better than much smaller and much larger ones: %s', async (_, given) => {
    const { minimumTenth, steepest, steps, diverged } = await findLearningRate(make(), train, { optimizer: given })
    expect(steepest).toBeGreaterThan(steps[0].learningRate)
    expect(minimumTenth).toBeLessThan(steps[steps.length - 1].learningRate)
    expect(diverged || steps.length === 100).toBe(true)
    const lossAt = async (factor: number) => {
      const rule = (step: number) => ({ ...given.rule(step), learningRate: factor * minimumTenth!, weightDecay: 0 })
      const result = await fit(make(), train, { optimizer: { ...given, rule } as Optimizer, epochs: 3 }).catch(
        () => null,
      )
      return result?.history.at(-1)?.train?.loss ?? Number.POSITIVE_INFINITY
    }
    const found = await lossAt(1)
    expect(found).toBeLessThan(await lossAt(0.01))
    expect(found).toBeLessThan(await lossAt(300))
  })

  it('ends when the loss diverges: above its start and four times its least, or not finite', async () => {
    const targets = curve(200)
    const regression = () => new MLP({ layers: [2, 16, 2], loss: 'meanSquaredError' })
    const { steps, diverged } = await findLearningRate(regression(), targets, { optimizer, to: 1e6, steps: 200 })
    expect(diverged).toBe(true)
    expect(steps.length).toBeLessThan(200)
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true)
    const sudden = await findLearningRate(regression(), targets, { optimizer, from: 1e-3, to: 1e30, steps: 10 })
    expect(sudden.diverged).toBe(true)
    expect(sudden.steps.length).toBeLessThan(10)
  })

  it('has no suggestion where the loss does not fall', async () => {
    const constant = samples({
      values: new Float32Array(80),
      cols: 4,
      labels: Int32Array.from({ length: 20 }, (_, i) => i % 3),
    })
    const found = await findLearningRate(make(), constant, { optimizer, from: 1e-9, to: 1e-8, batchSize: 20 })
    expect(found).toMatchObject({ steepest: null, minimumTenth: null, diverged: false })
  })

  it('takes as many steps as an epoch has, from 100 to 200', async () => {
    const count = async (batchSize: number) =>
      (await findLearningRate(make(), train, { optimizer, batchSize, to: 1e-3 })).steps.length
    expect([await count(20), await count(3), await count(1)]).toEqual([100, 134, 200])
  })

  it('has the same numbers on the TypeScript backend, to rounding', async () => {
    const js = new MLP({ layers: [4, 16, 3], backend: createJsBackend() })
    const options = { optimizer, to: 0.1, steps: 20 }
    const [a, b] = [await findLearningRate(js, train, options), await findLearningRate(make(), train, options)]
    a.steps.forEach(({ loss }, i) => {
      expect(loss).toBeCloseTo(b.steps[i].loss, 4)
    })
  })

  it('stops when its signal fires', async () => {
    const signal = AbortSignal.abort()
    await expect(findLearningRate(make(), train, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('stays below the rate at which the decay of the fastest group reverses a parameter', async () => {
    const optimizer = adamW({ learningRate: 0.001, weightDecay: 0.01, firstLayerLearningRate: 10 })
    const { steps } = await findLearningRate(make(), train, { optimizer, steps: 20 })
    expect(steps.at(-1)!.learningRate).toBeLessThan(10)
    await expect(findLearningRate(make(), train, { optimizer, to: 10 })).rejects.toThrow('to: expected less than')
  })

  it.each<[object, string]>([
    [{ epochs: 3 }, "findLearningRate: unknown option 'epochs'"],
    [{ schedule: 'cosine' }, "unknown option 'schedule'"],
    [{ steps: 9 }, 'steps: expected an integer from 10'],
    [{ from: 0 }, 'from: expected a number > 0 and < to (10)'],
    [{ from: 1, to: 0.5 }, 'from: expected a number > 0 and < to (0.5)'],
    [{ to: Number.NaN }, 'to: expected'],
    [{ to: 200 }, 'to: expected less than 1 / weightDecay (100)'],
    [{ batchSize: 401 }, 'batchSize: expected at most 400'],
    [{ optimizer: {} }, 'optimizer: expected an optimizer'],
  ])('refuses %j', async (options, message) => {
    await expect(findLearningRate(make(), train, options)).rejects.toThrow(message)
  })
})
