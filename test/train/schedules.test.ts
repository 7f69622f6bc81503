import { describe, expect, it } from 'vitest'
import { MLP } from '../../src/model/mlp.js'
import type { CheckpointEvent } from '../../src/train/callbacks.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { fit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { plateauDecays, SCHEDULES, type Schedule, scheduleFactor } from '../../src/train/schedules.js'
import { clusters } from './toy-data.js'

const OPTIONS = { warmup: null, decayFactor: 0.5, decayEvery: 2, cycles: null }

/** Factors of a run of 10 epochs of 10 steps. */
function factors(schedule: Schedule, options: Partial<typeof OPTIONS> | { warmup: number } | { cycles: number } = {}) {
  const all = { ...OPTIONS, ...options, schedule }
  return Array.from({ length: 100 }, (_, step) =>
    scheduleFactor(all, { step, totalSteps: 100, stepsPerEpoch: 10, decays: 0 }),
  )
}

describe('scheduleFactor', () => {
  it.each(SCHEDULES)('%s stays within 0 and 1', (schedule) => {
    for (const factor of factors(schedule)) {
      expect(factor).toBeGreaterThanOrEqual(0)
      expect(factor).toBeLessThanOrEqual(1)
    }
  })

  it('is the formula that each schedule states', () => {
    expect(factors('constant').every((factor) => factor === 1)).toBe(true)
    factors('step').forEach((factor, step) => {
      expect(factor).toBe(0.5 ** Math.floor(step / 20))
    })
    factors('exponential').forEach((factor, step) => {
      expect(factor).toBeCloseTo(0.5 ** (step / 20), 14)
    })
    factors('cosine', { cycles: 1 }).forEach((factor, step) => {
      expect(factor).toBeCloseTo((1 + Math.cos((Math.PI * step) / 100)) / 2, 14)
    })
    factors('cosine', { cycles: 4 }).forEach((factor, step) => {
      expect(factor).toBeCloseTo((1 + Math.cos((Math.PI * (step % 25)) / 25)) / 2, 14)
    })
    factors('flatCosine').forEach((factor, step) => {
      expect(factor).toBeCloseTo(step < 50 ? 1 : (1 + Math.cos((Math.PI * (step - 50)) / 50)) / 2, 14)
    })
    factors('logCosine').forEach((factor, step) => {
      expect(factor).toBeCloseTo(0.5 * (1 - Math.cos(2 * Math.PI * Math.log2(1 + (15 * step) / 100))), 12)
    })
  })

  it('rises linearly during the warm-up, then begins with the largest', () => {
    const oneCycle = factors('oneCycle')
    for (let step = 1; step < 20; step++) expect(oneCycle[step] - oneCycle[step - 1]).toBeCloseTo(oneCycle[0], 14)
    expect(oneCycle[20]).toBe(1)
    oneCycle.slice(20).forEach((factor, i) => {
      expect(factor).toBeCloseTo((1 + Math.cos((Math.PI * i) / 80)) / 2, 14)
    })
    expect(factors('constant', { warmup: 0.1 })[9]).toBeCloseTo(10 / 11, 14)
    expect(factors('constant', { warmup: 0.1 })[10]).toBe(1)
  })
})

describe('plateauDecays', () => {
  it('counts one decay for every so many scores without improvement', () => {
    expect(plateauDecays([1, 2, 3], 2)).toBe(0)
    expect(plateauDecays([3, 3, 2], 2)).toBe(1)
    expect(plateauDecays([3, 3, 2, 1, 1], 2)).toBe(2)
    expect(plateauDecays([3, 2, 4, 2, 4], 2)).toBe(1)
  })
})

describe('fit with a schedule', () => {
  const train = clusters(90)
  const valid = clusters(60, 2)
  const make = () => new MLP({ layers: [4, 8, 3], seed: 2 })

  it('scales the learning rate', async () => {
    const model = make()
    const start = model.parametersDigest()
    // logCosine begins with 0, and one step is all
    await fit(model, train, { optimizer: sgd({ learningRate: 1 }), schedule: 'logCosine', epochs: 1, batchSize: 90 })
    expect(model.parametersDigest()).toBe(start)
    const constant = make()
    await fit(constant, train, { optimizer: sgd({ learningRate: 0.25 }), epochs: 1, batchSize: 90 })
    const halved = make()
    const oneStep = { epochs: 1, batchSize: 90, warmup: 0.99 }
    await fit(halved, train, { optimizer: sgd({ learningRate: 0.25 }), ...oneStep })
    expect(halved.parametersDigest()).toBe(constant.parametersDigest()) // (0 + 1) / (floor(0.99) + 1) = 1
  })

  it('decays on a plateau of the validation, and is the same when resumed', async () => {
    const options = {
      optimizer: sgd({ learningRate: 0.5 }),
      schedule: 'plateau',
      decayEvery: 1,
      valid,
      epochs: 12,
      batchSize: 30,
      checkpointEveryMs: 0,
    } as const
    const whole = make()
    const checkpoints: TrainingCheckpoint[] = []
    const onCheckpoint = ({ checkpoint }: CheckpointEvent) => {
      checkpoints.push(checkpoint)
    }
    const { history } = await fit(whole, train, { ...options, callbacks: { onCheckpoint } })
    expect(
      plateauDecays(
        history.map((entry) => entry.valid!.accuracy),
        1,
      ),
    ).toBeGreaterThan(0)
    expect(checkpoints[20].step).toBeGreaterThan(0)
    const resumed = make()
    await fit(resumed, train, { ...options, resume: checkpoints[20] })
    expect(resumed.parametersDigest()).toBe(whole.parametersDigest())
  })

  it.each(['cosine', 'oneCycle', 'flatCosine', 'logCosine', 'exponential', 'step'] as const)(
    '%s resumes at any step with the same bits, and only with the same length where that matters',
    async (schedule) => {
      const options = {
        optimizer: sgd({ learningRate: 0.3 }),
        schedule,
        epochs: 4,
        batchSize: 30,
        checkpointEveryMs: 0,
      }
      const whole = make()
      const checkpoints: TrainingCheckpoint[] = []
      const onCheckpoint = ({ checkpoint }: CheckpointEvent) => {
        checkpoints.push(checkpoint)
      }
      await fit(whole, train, { ...options, callbacks: { onCheckpoint } })
      expect(checkpoints.length).toBeGreaterThan(3)
      for (const resume of checkpoints) {
        const resumed = make()
        await fit(resumed, train, { ...options, resume })
        expect(resumed.parametersDigest()).toBe(whole.parametersDigest())
      }
      const longer = fit(make(), train, { ...options, epochs: 6, resume: checkpoints[3] })
      if (schedule === 'step' || schedule === 'exponential') await longer
      else await expect(longer).rejects.toThrow('resume: epochs: the checkpoint was made with 4, this run has 6')
    },
  )

  it.each([
    [{ schedule: 'linear' }, /schedule: expected one of 'constant', 'step'/],
    [{ schedule: 'cosine', decayFactor: 0.5 }, /decayFactor: expected 0\.1, because schedule 'cosine' does not use it/],
    [{ cycles: 3 }, /cycles: expected null, because schedule 'constant' does not use it/],
    [{ schedule: 'cosine', cycles: 0 }, /cycles: expected an integer from 1 to 20/],
    [{ schedule: 'plateau' }, /schedule: 'plateau' needs a validation set/],
    [{ warmup: 1 }, /warmup: expected a number from 0 to below 1/],
    [{ schedule: 'step', decayFactor: 0 }, /decayFactor: expected a number above 0 and at most 1/],
  ])('refuses %o', async (options, message) => {
    const running = fit(make(), train, { optimizer: sgd({ learningRate: 0.1 }), ...(options as object) })
    await expect(running).rejects.toThrow(message)
  })
})
