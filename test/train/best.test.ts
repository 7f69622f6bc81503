import { describe, expect, it } from 'vitest'
import { MLP } from '../../src/model/mlp.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { pausedAt } from './paused-at.js'
import { clusters, curve } from './toy-data.js'

/** So few validation rows that many evaluations have the same accuracy, with ever lower losses. */
const train = clusters(60)
const valid = clusters(8, 2)
const given = { valid, epochs: 20, batchSize: 10, evaluateEvery: 1, optimizer: sgd({ learningRate: 0.05 }) }

describe.each(BACKENDS)('the best evaluation on %s', (_, backend) => {
  const run = async (options: Partial<FitOptions> = {}) => {
    const model = new MLP({ layers: [4, 16, 3], backend })
    const digests: string[] = []
    const onEvaluation = () => void digests.push(model.parametersDigest())
    const result = await fit(model, train, { ...given, callbacks: { onEvaluation }, ...options })
    const at = result.history.indexOf(result.best!)
    expect(model.parametersDigest()).toBe(digests[at])
    return { at, history: result.history.map((entry) => entry.valid!) }
  }

  it('has of the highest accuracies the lowest loss', async () => {
    const { at, history } = await run()
    const top = Math.max(...history.map(({ accuracy }) => accuracy))
    const tied = history.filter(({ accuracy }) => accuracy === top)
    expect(tied.length).toBeGreaterThan(2)
    expect(history[at]).toEqual({ accuracy: top, loss: Math.min(...tied.map(({ loss }) => loss)) })
    expect(await run({ selectBy: 'accuracy' })).toEqual({ at, history })
  })

  it("is the first of them with 'firstAccuracy', as in the homework", async () => {
    const { at, history } = await run({ selectBy: 'firstAccuracy' })
    const scores = history.map(({ accuracy }) => accuracy)
    expect(at).toBe(scores.indexOf(Math.max(...scores)))
    expect(at).not.toBe((await run()).at)
  })

  it("is the last one with 'last', and early stopping watches the accuracy", async () => {
    const { at, history } = await run({ selectBy: 'last' })
    expect(at).toBe(history.length - 1)
    const steps = async (selectBy: 'accuracy' | 'last') => (await run({ selectBy, patience: 20 })).history.length
    expect(await steps('last')).toBe(await steps('accuracy'))
  })

  it("has the lowest loss with 'loss', whatever the accuracy", async () => {
    const { at, history } = await run({ selectBy: 'loss' })
    const losses = history.map(({ loss }) => loss)
    expect(at).toBe(losses.indexOf(Math.min(...losses)))
  })
})

it('is selected by the loss in a regression, which has no accuracy', async () => {
  const make = () => new MLP({ layers: [2, 8, 2], loss: 'meanSquaredError' })
  const options = { optimizer: sgd({ learningRate: 0.1 }), valid: curve(20, 2), epochs: 3 }
  const { best, history } = await fit(make(), curve(40), options)
  expect(best!.valid!.loss).toBe(Math.min(...history.map((entry) => entry.valid!.loss)))
  for (const selectBy of ['accuracy', 'firstAccuracy'] as const) {
    await expect(fit(make(), curve(40), { ...options, selectBy })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `selectBy: expected 'loss' with loss 'meanSquaredError', which has no accuracy, got "${selectBy}"`,
    })
  }
})

it('is watched by early stopping: by the loss alone if that selects it', async () => {
  const stopped = async (selectBy: 'accuracy' | 'loss') => {
    const model = new MLP({ layers: [4, 16, 3] })
    return (await fit(model, train, { ...given, epochs: 40, patience: 20, selectBy })).steps
  }
  expect(await stopped('loss')).toBeGreaterThan(await stopped('accuracy'))
})

it('is not selected by another rule when the run is resumed', async () => {
  const make = () => new MLP({ layers: [4, 16, 3] })
  const resume = await pausedAt(2, make(), train, given)
  await expect(fit(make(), train, { ...given, resume, selectBy: 'loss' })).rejects.toThrow(
    'resume: selectBy: the checkpoint was made with "accuracy", this run has "loss"',
  )
  await expect(fit(make(), train, { ...given, resume, selectBy: 'accuracy' })).resolves.toBeDefined()
})
