import { describe, expect, it } from 'vitest'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit as runFit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve, pixels } from './toy-data.js'

const optimizer = sgd({ learningRate: 0.1, l2: 1e-4 })

describe.each(BACKENDS)('fit on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 16, 3], backend, ...options })

  it('learns clusters', async () => {
    const model = make()
    const { train, valid } = clusters(600).split({ valid: 0.25 })
    const test = clusters(200, 7)
    const result = await runFit(model, train, { valid, test, epochs: 5, batchSize: 16, optimizer })
    expect(result.stopped).toBe('completed')
    expect(result.steps).toBe(5 * 29)
    expect(result.collapsed).toBeNull()
    expect(result.history.map(({ step, epoch }) => [step, epoch])).toEqual([0, 1, 2, 3, 4].map((e) => [e * 29 + 28, e]))
    const { loss, accuracy } = await evaluate(model, test)
    expect(accuracy).toBeGreaterThan(0.95)
    expect(result.best!.test).toEqual({ loss, accuracy })
    expect(result.best!.train).toBeUndefined()
  })

  it('learns from bytes, in three layers, with replacement', async () => {
    const model = make({ layers: [20, 32, 16, 4] })
    const train = pixels(400)
    const options = { epochs: 10, batchSize: 20, sampling: 'replacement' as const, stepsPerEpoch: 30, optimizer }
    const result = await runFit(model, train, { ...options, test: pixels(200, 2) })
    expect(result.steps).toBe(300)
    expect(result.best).toBeNull()
    expect(result.history.at(-1)!.test!.accuracy).toBeGreaterThan(0.95)
  })

  it('learns a regression, and keeps the lowest validation loss', async () => {
    const model = make({ layers: [2, 24, 2], activation: 'tanh', loss: 'meanSquaredError' })
    const { train, valid } = curve(400).split({ valid: 0.25 })
    const before = await evaluate(model, valid)
    const result = await runFit(model, train, {
      valid,
      epochs: 30,
      batchSize: 20,
      optimizer: sgd({ learningRate: 0.2 }),
    })
    const losses = result.history.map((entry) => entry.valid!.loss)
    expect(result.best!.valid!.loss).toBe(Math.min(...losses))
    expect(result.best!.valid!.accuracy).toBeNaN()
    expect(result.best!.valid!.loss).toBeLessThan(before.loss / 4)
    expect((await evaluate(model, valid)).loss).toBe(result.best!.valid!.loss)
  })

  it('evaluates the training set where there is no other', async () => {
    const { history } = await runFit(make(), clusters(50), { epochs: 2, optimizer })
    expect(history.map((entry) => Object.keys(entry))).toEqual([
      ['step', 'epoch', 'train'],
      ['step', 'epoch', 'train'],
    ])
  })

  it('gives the same bits for the same seed, however it is interrupted by the event loop', async () => {
    const run = async (seed: number, yieldEveryMs?: number) => {
      const model = make()
      const { train, valid } = clusters(200).split({ valid: 0.2 })
      const options = { valid, epochs: 2, batchSize: 16, evaluateEvery: 4, yieldEveryMs, seed, optimizer }
      const { timing: _, ...rest } = await runFit(model, train, options)
      return { digest: model.parametersDigest(), rest }
    }
    const first = await run(1)
    expect(await run(1)).toEqual(first)
    expect(await run(1, 0)).toEqual(first)
    expect((await run(2)).digest).not.toBe(first.digest)
  })

  it('continues a model that has been trained before', async () => {
    const model = make()
    const train = clusters(100)
    await runFit(model, train, { epochs: 1, optimizer })
    const digest = model.parametersDigest()
    const { history } = await runFit(model, train, {
      epochs: 1,
      optimizer: sgd({ learningRate: 0 }),
      evaluateOn: ['train'],
    })
    expect(model.parametersDigest()).toBe(digest)
    const { loss, accuracy } = await evaluate(model, train)
    expect(history[0].train).toEqual({ loss, accuracy })
  })
})
