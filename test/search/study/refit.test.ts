import { fit, fitOptionsOf, MLP, modelOptionsOf, refit, samples, search, sgd } from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { power } from '../../../src/core/elementary.js'
import { completed } from '../../../src/train/config.js'
import { plateauDecays, SCHEDULES } from '../../../src/train/schedules.js'
import { clusters } from '../../train/toy-data.js'

const { values, cols, labels } = clusters(120)
const all = samples({ values, cols, labels: labels! })
const data = all.split({ valid: 0.25 })
const grid = { learningRate: [0.05, 0.2], hidden: [6] }
const base = { epochs: 4, batchSize: 16, evaluateEvery: 2 }

async function trained(learningRate: number, steps: number): Promise<string> {
  const model = new MLP({ layers: [cols, 6, all.classes], seed: 1 })
  const optimizer = sgd({ learningRate })
  await fit(model, all, { optimizer, batchSize: 16, epochs: 50, untilStep: steps, evaluateOn: [], keepBest: false })
  return model.parametersDigest()
}

describe('refit', () => {
  it('trains the winner on all rows, for as many steps as it was best at, or had in all', async () => {
    const study = await search({ data, grid, base })
    const { trial, config, bestStep, steps } = study.best!
    const best = await refit(study, data)
    expect(best).toMatchObject({ trial, steps: bestStep! + 1 })
    expect(best.model.parametersDigest()).toBe(await trained(config.learningRate, bestStep! + 1))
    const whole = await refit(study, data, { steps: 'all' })
    expect(whole.steps).toBe(steps)
    expect(whole.model.parametersDigest()).toBe(await trained(config.learningRate, steps!))
  })

  it('joins sets that share no arrays, in their order', async () => {
    const study = await search({ data, grid, base })
    const copy = ({ rows }: typeof all) =>
      samples({
        values: Float32Array.from(
          [...rows].flatMap((row) => [...(values as Float32Array).subarray(row * cols, (row + 1) * cols)]),
        ),
        cols,
        labels: rows.map((row) => labels![row]),
      })
    const [train, valid] = [copy(data.train), copy(data.valid)]
    const joined = all.subset([...data.train.rows, ...data.valid.rows])
    const [a, b] = await Promise.all([refit(study, { train, valid }), refit(study, { train: joined })])
    expect(a.model.parametersDigest()).toBe(b.model.parametersDigest())
  })

  it('takes the mean of the steps of folds', async () => {
    const study = await search({ data: { train: all }, grid, base, folds: 3 })
    expect(study.bestModel).toBeNull()
    const mean = study.best!.folds!.reduce((sum, { best }) => sum + best!.step + 1, 0) / 3
    expect((await refit(study, { train: all })).steps).toBe(Math.round(mean))
  })

  it.each(SCHEDULES)('trains each step at the learning rate of the trial: %s', async (schedule) => {
    const options = { epochs: 8, schedule, ...(schedule === 'plateau' && { decayEvery: 1 }) }
    const study = await search({ data, grid: { learningRate: [0.2], hidden: [6] }, base: { ...base, ...options } })
    // on the rows of the trial alone it ends where the trial did
    const { config, history } = study.best!
    const { model, steps } = await refit(study, { train: data.train }, { steps: 'all' })
    const own = new MLP(modelOptionsOf(config, data.train))
    await fit(own, data.train, { ...fitOptionsOf(config), valid: data.valid, keepBest: false })
    expect(steps).toBe(8 * 6)
    expect(model.parametersDigest()).toBe(own.parametersDigest())
    if (schedule === 'plateau')
      expect(
        plateauDecays(
          history.map(({ valid }) => valid!.accuracy),
          1,
        ),
      ).toBeGreaterThan(0)
    expect((await refit(study, data)).steps).toBeGreaterThan(0)
  })

  it('decays with plateau as the folds did on average, where their evaluations are at different steps', async () => {
    // 31 rows: the folds have 20 or 21 to train on, of which 5 or 6 batches of 4
    const few = all.take(31)
    const plateau = { schedule: 'plateau', decayEvery: 1, epochs: 12, batchSize: 4 } as const
    const options = { data: { train: few }, grid: { learningRate: [0.2], hidden: [6] }, folds: 3 }
    const study = await search({ ...options, base: { ...base, ...plateau } })
    const { folds, history, config } = study.best!
    expect(history.length).toBeLessThan(folds![0].history.length)
    const decays = folds!.map((fold) => {
      const scores = fold.history.map(({ valid }) => valid!.accuracy)
      return fold.history.map(({ step }, i) => [step, plateauDecays(scores.slice(0, i + 1), 1)])
    })
    const decaysAt = (step: number) =>
      decays.reduce((sum, fold) => sum + (fold.findLast(([at]) => at < step)?.[1] ?? 0), 0) / decays.length
    const { model, steps } = await refit(study, { train: few }, { steps: 'all' })
    const { decayFactor } = completed(config)
    const own = new MLP(modelOptionsOf(config, few))
    const rule = (step: number) => sgd({ learningRate: 0.2 * power(decayFactor, decaysAt(step)) }).rule(step)
    const { optimizer, ...rest } = fitOptionsOf(config)
    await fit(own, few, {
      ...{ ...rest, schedule: 'constant', decayFactor: undefined, decayEvery: undefined, keepBest: false },
      ...{ optimizer: { config: optimizer!.config, rule }, stepsPerEpoch: steps, epochs: 1 },
    })
    expect(model.parametersDigest()).toBe(own.parametersDigest())
  })

  it.each(['dropoutSchedule', 'weightDecaySchedule'])('keeps the length of the trial with a %s', async (name) => {
    const company = { optimizer: 'adamW', dropout: 0.2, [name]: 'cosine' } as const
    const study = await search({ data, grid: { learningRate: [0.02], hidden: [6] }, base: { ...base, ...company } })
    const { config } = study.best!
    const { model } = await refit(study, { train: data.train }, { steps: 'all' })
    const own = new MLP(modelOptionsOf(config, data.train))
    await fit(own, data.train, { ...fitOptionsOf(config), valid: data.valid, keepBest: false })
    expect(model.parametersDigest()).toBe(own.parametersDigest())
    const onAll = await refit(study, data, { steps: 'all' })
    const stepsPerEpoch = Math.ceil(data.train.length / 16)
    const same = new MLP(modelOptionsOf(config, all))
    await fit(same, all, { ...fitOptionsOf(config), stepsPerEpoch, keepBest: false })
    expect(onAll.model.parametersDigest()).toBe(same.parametersDigest())
  })

  it('says what it cannot do', async () => {
    const none = { best: null }
    await expect(refit(none, data)).rejects.toThrow('refit: no trial of the study has completed')
    const study = await search({ data, grid, base })
    const altered = (fields: object) => ({ best: { ...study.best!, ...fields } }) as never
    for (const [fields, message] of [
      [{ bestStep: {} }, 'study.best.bestStep: expected an integer >= 0'],
      [{ bestStep: Symbol() }, 'study.best.bestStep: expected an integer >= 0'],
      [{ folds: 5 }, 'study.best.folds: expected a list of results of folds, got 5'],
      [{ folds: [null] }, 'study.best.folds[0].bestStep: expected an integer >= 0'],
    ] as const) {
      await expect(refit(altered(fields), data)).rejects.toThrow(message)
    }
    await expect(refit(study, { ...data, valid: 1 as never })).rejects.toThrow('data.valid: expected Samples, got 1')
    await expect(refit(study, data, { step: 'all' } as object)).rejects.toThrow("did you mean 'steps'?")
    const other = samples({ values: new Float32Array(4), cols: 1, labels: Int32Array.of(0, 1, 0, 1) })
    await expect(refit(study, { ...data, valid: other })).rejects.toThrow('data.valid: cols is 1')
  })
})
