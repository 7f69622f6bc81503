import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { MLP } from '../../src/model/mlp.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { adam, adamW, momentum, type Optimizer, rmsProp, sgd } from '../../src/train/optimizers.js'
import { TrainingStack } from '../../src/train/stack.js'
import { BACKENDS, EVERY_ISA } from '../model/backends.js'
import { pausedAt } from './paused-at.js'
import { clusters } from './toy-data.js'

const GIVEN = { biasLearningRate: 0.5, firstLayerLearningRate: 0.25, l1: 0.02 } as const
const [LR, L2, DECAY] = [0.05, 0.1, 0.5]

const OPTIMIZERS: Record<string, Optimizer> = {
  sgd: sgd({ learningRate: LR, l2: L2, ...GIVEN }),
  momentum: momentum({ learningRate: LR, l2: L2, ...GIVEN }),
  nesterov: momentum({ learningRate: LR, l2: L2, nesterov: true, ...GIVEN }),
  rmsProp: rmsProp({ learningRate: LR, l2: L2, ...GIVEN }),
  adam: adam({ learningRate: LR, l2: L2, ...GIVEN }),
  adamW: adamW({ learningRate: LR, weightDecay: DECAY, weightDecayBiases: true, ...GIVEN }),
}

/** p after a step of torch.optim at the learning rate of its parameter group; `memory` is that of p. */
function stepOf(name: string, t: number, p: number, g: number, rate: number, memory: number[]): number {
  if (name === 'sgd') return p - rate * g
  if (name === 'momentum' || name === 'nesterov') {
    memory[0] = 0.9 * memory[0] + g
    return p - rate * (name === 'nesterov' ? g + 0.9 * memory[0] : memory[0])
  }
  if (name === 'rmsProp') {
    memory[0] = 0.99 * memory[0] + 0.01 * g * g
    return p - (rate * g) / (Math.sqrt(memory[0]) + 1e-8)
  }
  memory[0] = 0.9 * memory[0] + 0.1 * g
  memory[1] = 0.999 * memory[1] + 0.001 * g * g
  const kept = name === 'adamW' ? p * (1 - rate * DECAY) : p
  const [m, v] = [memory[0] / (1 - 0.9 ** t), memory[1] / (1 - 0.999 ** t)]
  return kept - (rate * m) / (Math.sqrt(v) + 1e-8)
}

const data = clusters(40)
const make = (backend: Backend) => new MLP({ layers: [4, 20, 9, 3], seed: 4, backend, activation: 'tanh' })

/** The gradient, from a step at learning rate 1. */
async function gradientOf(model: MLP) {
  const probe = make(model.backend)
  probe.setParameters(model.getParameters())
  await fit(probe, data, { optimizer: sgd({ learningRate: 1 }), epochs: 1, batchSize: 40 })
  const after = probe.getParameters()
  return model.getParameters().map(({ weights, biases }, l) => ({
    weights: weights.map((p, i) => p - after[l].weights[i]),
    biases: biases.map((p, i) => p - after[l].biases[i]),
  }))
}

describe.each(EVERY_ISA)('on %s', (_, backend) => {
  describe.each([
    ['in one pass', {}],
    ['after clipping', { clipNorm: 1e9 }],
  ])('%s', (_, more) => {
    it.each(Object.keys(OPTIMIZERS))('%s: L1 and the learning rates of biases and of the first layer', async (name) => {
      const whole = make(backend)
      const steps = 3
      await fit(whole, data, { optimizer: OPTIMIZERS[name], epochs: steps, batchSize: 40, ...more })

      const model = make(backend)
      const memories = new Map<string, number[]>()
      for (let t = 1; t <= steps; t++) {
        const gradients = await gradientOf(model)
        const next = model.getParameters().map(({ weights, biases }, l) => {
          const moved = (key: 'weights' | 'biases', values: Float32Array) =>
            values.map((p, i) => {
              const ofWeight = key === 'weights' ? GIVEN.l1 * Math.sign(p) + (name === 'adamW' ? 0 : L2 * p) : 0
              const factor = (key === 'biases' ? 0.5 : 1) * (l === 0 ? 0.25 : 1)
              const where = `${l} ${key} ${i}`
              if (!memories.has(where)) memories.set(where, [0, 0])
              return stepOf(name, t, p, gradients[l][key][i] + ofWeight, LR * factor, memories.get(where)!)
            })
          return { weights: moved('weights', weights), biases: moved('biases', biases) }
        })
        model.setParameters(next)
      }
      // Adam and RMSProp divide by the size of a gradient, however small it is
      const tolerance = ['rmsProp', 'adam', 'adamW'].includes(name) ? 2e-3 : 2e-6
      const actual = whole.getParameters()
      model.getParameters().forEach(({ weights, biases }, l) => {
        weights.forEach((p, i) => {
          expect(Math.abs(p - actual[l].weights[i]), `${l} weights ${i}`).toBeLessThan(tolerance)
        })
        biases.forEach((p, i) => {
          expect(Math.abs(p - actual[l].biases[i]), `${l} biases ${i}`).toBeLessThan(tolerance)
        })
      })
    })
  })

  it('L1 leaves a weight of 0 without a gradient at 0, and biases as they are', async () => {
    const model = new MLP({ layers: [4, 17, 3], backend })
    const start = model.getParameters()
    for (const { weights } of start) weights.fill(0)
    model.setParameters(start)
    const trained = { optimizer: sgd({ learningRate: 0.1, l1: 1 }), epochs: 1, batchSize: 40 }
    await fit(model, data, trained)
    const plain = new MLP({ layers: [4, 17, 3], backend })
    plain.setParameters(start)
    await fit(plain, data, { ...trained, optimizer: sgd({ learningRate: 0.1 }) })
    // all hidden outputs are 0: only the last biases have a gradient
    expect(model.getParameters()).toEqual(plain.getParameters())
    expect(model.getParameters()[1].weights.every((w) => Object.is(w, 0))).toBe(true)
  })

  it('keeps a layer or the biases at a learning rate of 0', async () => {
    const [start, first, biases] = [make(backend), make(backend), make(backend)]
    const options = { epochs: 2, batchSize: 10 }
    await fit(first, data, { ...options, optimizer: adam({ learningRate: 0.01, firstLayerLearningRate: 0 }) })
    await fit(biases, data, { ...options, optimizer: adam({ learningRate: 0.01, biasLearningRate: 0 }) })
    const [before, withoutFirst, withoutBiases] = [start, first, biases].map((model) => model.getParameters())
    expect(withoutFirst[0]).toEqual(before[0])
    expect(withoutFirst[1].biases).not.toEqual(before[1].biases)
    before.forEach((layer, l) => {
      expect(withoutBiases[l].biases).toEqual(layer.biases)
      expect(withoutBiases[l].weights).not.toEqual(layer.weights)
    })
  })
})

describe.each(BACKENDS)('learning rates of groups on %s', (_, backend) => {
  const options = (optimizer: Optimizer): FitOptions => ({ optimizer, schedule: 'cosine', epochs: 4, batchSize: 10 })

  it.each(Object.keys(OPTIMIZERS))('%s: the same bits resumed, and in a stack of others', async (name) => {
    const own = options(OPTIMIZERS[name])
    const whole = make(backend)
    await fit(whole, data, own)
    const resume = await pausedAt(7, make(backend), data, own)
    const resumed = make(backend)
    await fit(resumed, data, { ...own, resume })
    expect(resumed.parametersDigest()).toBe(whole.parametersDigest())

    const stack = new TrainingStack()
    const others = [sgd({ learningRate: 0.1 }), adamW({ learningRate: 0.01, firstLayerLearningRate: 3, l1: 0.1 })]
    const models = [OPTIMIZERS[name], ...others].map((optimizer) => ({ optimizer, model: make(backend) }))
    await Promise.all(models.map(({ optimizer, model }) => stack.fit(model, data, options(optimizer))))
    expect(models[0].model.parametersDigest()).toBe(whole.parametersDigest())
    expect(new Set(models.map(({ model }) => model.parametersDigest())).size).toBe(3)
  })

  it('names the one that differs when a run is resumed', async () => {
    const own = options(sgd({ learningRate: 0.1, biasLearningRate: 2 }))
    const resume = await pausedAt(3, make(backend), data, own)
    const other = { ...options(sgd({ learningRate: 0.1 })), resume }
    await expect(fit(make(backend), data, other)).rejects.toThrow(
      'resume: optimizer.biasLearningRate: the checkpoint was made with 2, this run has 1',
    )
  })
})

describe('what optimizers refuse', () => {
  it.each([
    [{ l1: -1 }, /adamW\.l1: expected a number from 0 to .*, got -1/],
    [{ biasLearningRate: Number.NaN }, /adamW\.biasLearningRate: .*got NaN/],
    [{ firstLayerLearningRate: '1' }, /adamW\.firstLayerLearningRate: .*got "1"/],
    // the decay of a group contains its learning rate
    [
      { weightDecay: 3, firstLayerLearningRate: 4 },
      /adamW\.weightDecay: expected less than 1 \/ learningRate \(2.5\), got 3/,
    ],
    [{ weightDecay: 3, weightDecayBiases: true, biasLearningRate: 8 }, /less than 1 \/ learningRate \(1.25\), got 3/],
  ])('%o', (wrong, message) => {
    expect(() => adamW({ learningRate: 0.1, ...(wrong as object) })).toThrow(message)
  })

  it('takes a large factor of biases that do not decay', () => {
    expect(adamW({ learningRate: 0.1, weightDecay: 3, biasLearningRate: 8 }).config.biasLearningRate).toBe(8)
  })
})
