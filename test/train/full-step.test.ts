import { describe, expect, it } from 'vitest'
import { createNativeBackend, nativeStatus } from '#native'
import type { Backend } from '../../src/backend/backend.js'
import { randomStream } from '../../src/core/random.js'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { adam, adamW, momentum, type Optimizer, rmsProp, sgd } from '../../src/train/optimizers.js'
import { TrainingStack } from '../../src/train/stack.js'
import { pausedAt } from './paused-at.js'
import { DIGITS } from './toy-data.js'

/**
 * 600 steps with all that a step can do at once: the same bits on every instruction set and number of threads, resumed in the
 * middle, in a stack and alone. native/test/full_step_test.cpp pins the same for NEON.
 */
const STEPS = 600
const SIDE = 12
const BATCH = 64
/** enough for three threads: see kWorkPerThread in native/program.cpp */
const LAYERS = [SIDE * SIDE, 160, 64, 10]

const RATES = { biasLearningRate: 0.5, firstLayerLearningRate: 0.8, l1: 1e-5 } as const
const OPTIMIZERS: Record<string, Optimizer> = {
  sgd: sgd({ learningRate: 0.1, l2: 1e-4, ...RATES }),
  momentum: momentum({ learningRate: 0.02, l2: 1e-4, ...RATES }),
  nesterov: momentum({ learningRate: 0.02, l2: 1e-4, nesterov: true, ...RATES }),
  rmsProp: rmsProp({ learningRate: 0.001, l2: 1e-5, ...RATES }),
  adam: adam({ learningRate: 0.003, beta2: 0.95, l2: 1e-5, ...RATES }),
  adamW: adamW({ learningRate: 0.003, weightDecay: 0.1, ...RATES }),
}

/** Change only with the numeric contract or the random streams; then with a line in the changelog. */
const PINNED: Record<string, string> = {
  sgd: 'bef3ed57106b0067',
  momentum: 'e0090d663d154ff1',
  nesterov: 'ead55c8aede0b551',
  rmsProp: 'cb9da95d3f1a4846',
  adam: 'ad49839fa27e8ed0',
  adamW: 'fa0d78349179f002',
}

function images() {
  const random = randomStream(3, 'test')
  const labels = Int32Array.from({ length: 500 }, () => random.int(10))
  const values = Uint8Array.from({ length: 500 * SIDE * SIDE }, (_, i) => {
    const label = labels[Math.floor(i / (SIDE * SIDE))]
    return i % 10 === label || random.int(10) === 0 ? random.int(256) : 0
  })
  return samples({ values, cols: SIDE * SIDE, labels, classes: 10, imageShape: [SIDE, SIDE] })
}

const data = images()
const options = (name: string): FitOptions => ({
  ...DIGITS,
  optimizer: OPTIMIZERS[name],
  schedule: 'oneCycle',
  dropout: 0.2,
  dropoutSchedule: 'flatCosine',
  weightDecaySchedule: name === 'adamW' ? 'cosine' : 'constant',
  // one optimizer trains on lists of the inputs that are not zero
  mixup: name === 'momentum' ? 0 : 0.4,
  labelSmoothing: 0.1,
  classWeights: 'balanced',
  clipNorm: 0.5,
  maxNorm: 3,
  averageDecay: 0.95,
  epochs: 20,
  stepsPerEpoch: STEPS / 20,
  batchSize: BATCH,
})
const make = (backend: Backend) => new MLP({ layers: LAYERS, activation: 'silu', seed: 5, backend })

const status = nativeStatus()
const isas = status.available ? status.isas : []
const SETTINGS = isas.flatMap((isa) => (isa === 'portable' ? [2] : [1, 2, 3]).map((threads) => ({ isa, threads })))

describe.runIf(status.available).each(Object.keys(OPTIMIZERS))(`${STEPS} steps of %s`, (name) => {
  it.each(SETTINGS)('$isa, $threads threads', { timeout: 60_000 }, async ({ isa, threads }) => {
    const model = make(createNativeBackend({ isa, threads }))
    const losses: number[] = []
    const callbacks = { onEpoch: ({ loss }: { loss: number }) => void losses.push(loss) }
    const { steps } = await fit(model, data, { ...options(name), callbacks })
    expect(steps).toBe(STEPS)
    expect(losses[19]).toBeLessThan(losses[0])
    expect(model.parametersDigest()).toBe(PINNED[name])
  })

  it('resumed in the middle, and in a stack', { timeout: 60_000 }, async () => {
    const backend = createNativeBackend({ threads: 2 })
    const resume = await pausedAt(STEPS / 2 + 7, make(backend), data, options(name))
    const resumed = make(createNativeBackend({ isa: isas.at(-1), threads: 1 }))
    await fit(resumed, data, { ...options(name), resume })
    expect(resumed.parametersDigest()).toBe(PINNED[name])

    const stack = new TrainingStack()
    const [stacked, other] = [make(backend), make(backend)]
    const mixup = { ...options(name), mixup: 1 }
    await Promise.all([stack.fit(stacked, data, options(name)), stack.fit(other, data, { ...mixup, untilStep: 50 })])
    expect(stacked.parametersDigest()).toBe(PINNED[name])
  })
})
