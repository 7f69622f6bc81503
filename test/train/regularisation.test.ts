import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { createNativeBackend, nativeStatus } from '../../src/backend/native.js'
import { NO_STEP_VALUES, PLAIN, type StepValues } from '../../src/backend/program.js'
import { samples as samplesOf } from '../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { adam, adamW, momentum, type Optimizer, rmsProp, sgd } from '../../src/train/optimizers.js'
import { TrainingStack } from '../../src/train/stack.js'
import { TrainingStep } from '../../src/train/step.js'
import { EVERY_ISA } from '../model/backends.js'
import { pausedAt } from './paused-at.js'
import { clusters, pixels } from './toy-data.js'

const STILL = { kind: 'sgd', learningRate: 0, l2: 0, l2Biases: 0 } as const
const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i)

function lossOf(model: MLP, values: Partial<StepValues>): number {
  const data = clusters(40)
  return new TrainingStep(model, data, 40, { parts: { ...PLAIN, dropout: true } }).run(all(40), STILL, {
    ...NO_STEP_VALUES,
    ...values,
  })
}

describe.each(EVERY_ISA)('dropout on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => {
    return new MLP({ layers: [4, 33, 18, 3], seed: 4, backend, ...options } as MLPOptions)
  }

  it('at rate 0 is a network without dropout', () => {
    const data = clusters(40)
    const plain = new TrainingStep(make(), data, 40).run(all(40), STILL)
    expect(lossOf(make(), { dropoutKey: 7 })).toBe(plain)
  })

  it('drops about its share of the units, others for every key, and scales the rest', () => {
    // one linear layer of equal units: the output is the share that is kept, over 1 - rate
    const layers = [1, 4096, 1]
    const model = new MLP({ layers, activation: 'identity', loss: 'meanSquaredError', backend })
    const ones = (n: number) => new Float32Array(n).fill(1)
    model.setParameters([
      { weights: ones(4096), biases: new Float32Array(4096) },
      { weights: new Float32Array(4096).fill(1 / 4096), biases: new Float32Array(1) },
    ])
    const data = { values: ones(1), cols: 1, targets: new Float32Array(1) }
    const share = (dropoutKey: number) => {
      const step = new TrainingStep(model, samplesOf(data), 1, { parts: { ...PLAIN, dropout: true } })
      return Math.sqrt(step.run(all(1), STILL, { ...NO_STEP_VALUES, dropoutKey, dropoutRate: 0.25 })) * 0.75
    }
    const shares = [1, 2, 3, 4].map(share)
    for (const kept of shares) expect(Math.abs(kept - 0.75)).toBeLessThan(0.03)
    expect(new Set(shares).size).toBe(4)
  })

  it.each(['relu', 'tanh', 'sigmoid', 'gelu', 'leakyRelu'] as const)(
    'has the gradient of its loss, by finite differences (%s)',
    (activation) => {
      const values = { ...NO_STEP_VALUES, dropoutKey: 3, dropoutRate: 0.4, smoothing: 0.1 }
      const model = make({ activation })
      const before = model.getParameters()
      new TrainingStep(model, clusters(40), 40, { parts: { ...PLAIN, dropout: true } }).run(
        all(40),
        { ...STILL, learningRate: 1 },
        values,
      )
      const after = model.getParameters()
      const h = 1e-2
      for (const [l, key, i] of [
        [0, 'weights', 5],
        [0, 'biases', 20],
        [1, 'weights', 100],
        [1, 'biases', 3],
        [2, 'weights', 10],
      ] as const) {
        const moved = (by: number) => {
          const shifted = structuredClone(before)
          shifted[l][key][i] += by
          const other = make({ activation })
          other.setParameters(shifted)
          return lossOf(other, values)
        }
        const slope = (moved(h) - moved(-h)) / (2 * h)
        expect(Math.abs(before[l][key][i] - after[l][key][i] - slope), `${l} ${key} ${i}`).toBeLessThan(2e-3)
      }
    },
  )
})

const OPTIMIZERS: Record<string, Optimizer> = {
  sgd: sgd({ learningRate: 0.1, l2: 1e-4 }),
  nesterov: momentum({ learningRate: 0.05, nesterov: true }),
  rmsProp: rmsProp({ learningRate: 0.001 }),
  adam: adam({ learningRate: 0.003, beta2: 0.95 }),
  adamW: adamW({ learningRate: 0.003, weightDecay: 0.1 }),
}

const EXTRAS: [string, Partial<FitOptions>][] = [
  ['dropout, label smoothing and schedules', {}],
  [
    'clipping, limited norms, an average of the parameters and class weights, too',
    { clipNorm: 0.5, maxNorm: 2, averageDecay: 0.9, classWeights: 'balanced' },
  ],
]

/** 600 steps. */
const options = (name: string, extra: Partial<FitOptions> = {}): FitOptions => ({
  optimizer: OPTIMIZERS[name],
  schedule: 'oneCycle',
  dropout: 0.3,
  dropoutSchedule: 'flatCosine',
  weightDecaySchedule: name === 'adamW' ? 'cosine' : 'constant',
  labelSmoothing: 0.1,
  epochs: 20,
  stepsPerEpoch: 30,
  batchSize: 16,
  ...extra,
})

function make(backend: Backend): MLP {
  return new MLP({ layers: [100, 40, 20, 4], activation: 'gelu', seed: 5, backend })
}

async function digest(backend: Backend, name: string, extra: Partial<FitOptions>): Promise<string> {
  const model = make(backend)
  await fit(model, pixels(400, 1, 100), options(name, extra))
  return model.parametersDigest()
}

const status = nativeStatus()
describe.runIf(status.available).each(EXTRAS)('600 steps with %s', (_, extra) => {
  const isas = status.available ? status.isas : []
  it.each(Object.keys(OPTIMIZERS))('%s: the same bits on every instruction set and number of threads', async (name) => {
    const digests = new Set<string>()
    for (const isa of isas) {
      for (const threads of isa === 'portable' ? [2] : [1, 3]) {
        digests.add(await digest(createNativeBackend({ isa, threads }), name, extra))
      }
    }
    expect(digests.size).toBe(1)
  })
})

describe.each(EVERY_ISA.slice(0, 2))('interrupted on %s', (_, backend) => {
  describe.each(EXTRAS)('with %s', (_, extra) => {
    it.each(Object.keys(OPTIMIZERS))('%s: the same bits resumed in the middle, and in a stack', async (name) => {
      const data = pixels(400, 1, 100)
      const short = { ...options(name, extra), epochs: 2 }
      const whole = make(backend)
      await fit(whole, data, short)
      const resume = await pausedAt(23, make(backend), data, short)
      const resumed = make(backend)
      await fit(resumed, data, { ...short, resume })
      expect(resumed.parametersDigest()).toBe(whole.parametersDigest())

      const stack = new TrainingStack()
      const [stacked, other] = [make(backend), make(backend)]
      await Promise.all([
        stack.fit(stacked, data, short),
        stack.fit(other, data, { ...short, dropout: 0.5, labelSmoothing: 0 }),
      ])
      expect(stacked.parametersDigest()).toBe(whole.parametersDigest())
      expect(other.parametersDigest()).not.toBe(whole.parametersDigest())
    })
  })
})

describe('regularisation', () => {
  it.each([
    [{ dropout: 1 }, /dropout: expected a number from 0 to below 1/],
    [{ dropoutSchedule: 'step' }, /dropoutSchedule: expected one of 'constant', 'cosine', 'flatCosine'/],
    [
      { weightDecaySchedule: 'cosine' },
      /expected 'constant', because optimizer 'sgd' has no weight decay, got "cosine"/,
    ],
    [{ labelSmoothing: -0.1 }, /labelSmoothing: expected a number from 0 to below 1/],
  ])('refuses %o', async (wrong, message) => {
    const running = fit(new MLP({ layers: [4, 8, 3] }), clusters(20), {
      optimizer: OPTIMIZERS.sgd,
      ...(wrong as object),
    })
    await expect(running).rejects.toThrow(message)
  })

  it('needs hidden layers for dropout, and labels for smoothing', async () => {
    const optimizer = OPTIMIZERS.sgd
    const linear = fit(new MLP({ layers: [4, 3] }), clusters(20), { optimizer, dropout: 0.1 })
    await expect(linear).rejects.toThrow('dropout: expected 0 without hidden layers, got 0.1')
    const model = new MLP({ layers: [1, 2, 1], loss: 'meanSquaredError' })
    const data = samplesOf({ values: new Float32Array(4), cols: 1, targets: new Float32Array(4) })
    await expect(fit(model, data, { optimizer, labelSmoothing: 0.1 })).rejects.toThrow(/has no labels, got 0\.1/)
  })
})
