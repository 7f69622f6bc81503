import { describe, expect, it } from 'vitest'
import type { Samples } from '../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { EpochEvent } from '../../src/train/callbacks.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { fit as runFit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import type { FitResult } from '../../src/train/fit-result.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters } from './toy-data.js'

const optimizer = sgd({ learningRate: 0.3, l2: 0.001 })

interface Run {
  readonly result: Omit<FitResult, 'timing'>
  readonly digest: string
  readonly epochs: readonly EpochEvent[]
  readonly steps: readonly number[]
  readonly evaluated: readonly number[]
  readonly checkpoints: readonly TrainingCheckpoint[]
}

async function run(model: MLP, train: Samples, options: FitOptions): Promise<Run> {
  const epochs: EpochEvent[] = []
  const steps: number[] = []
  const evaluated: number[] = []
  const checkpoints: TrainingCheckpoint[] = []
  const callbacks = {
    onStep: ({ step }: { step: number }) => void steps.push(step),
    onEvaluation: ({ entry }: { entry: { step: number } }) => void evaluated.push(entry.step),
    onEpoch: (event: EpochEvent) => void epochs.push(event),
    onCheckpoint: ({ checkpoint }: { checkpoint: TrainingCheckpoint }) => void checkpoints.push(checkpoint),
    ...options.callbacks,
  }
  const { timing: _, ...result } = await runFit(model, train, { ...options, callbacks })
  return { result, digest: model.parametersDigest(), epochs, steps, evaluated, checkpoints }
}

describe.each(BACKENDS)('a run resumed from a checkpoint on %s', (_, backend) => {
  // 17 units: wider than a panel of the native layout, and not a multiple of one
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 17, 3], backend, ...options })
  const train = clusters(53)
  const valid = clusters(40, 2)
  const options: FitOptions = { optimizer, valid, epochs: 4, batchSize: 10, evaluateEvery: 2 }

  it.each<[string, Partial<FitOptions>]>([
    ['shuffled batches with a smaller last one', {}],
    ['batches drawn with replacement', { sampling: 'replacement', seed: 5 }],
    ['epochs that are no passes over the rows', { stepsPerEpoch: 4 }],
    ['early stopping', { earlyStopping: { patience: 2 }, epochs: 20 }],
    ['evaluations of every set at the end of each epoch', { evaluateEvery: undefined, evaluateOn: ['train', 'valid'] }],
    ['the last parameters kept', { keepBest: false }],
  ])('equals an uninterrupted one from every step: %s', async (_, change) => {
    const all = { ...options, ...change }
    const whole = await run(make(), train, { ...all, checkpointEveryMs: 0 })
    expect(whole.result.stopped).toBe(change.earlyStopping ? 'early' : 'completed')
    expect(whole.checkpoints.map(({ step }) => step)).toEqual(whole.steps.slice(1))
    for (const checkpoint of whole.checkpoints) {
      const resumed = await run(make({ seed: 77 }), train, { ...all, resume: structuredClone(checkpoint) })
      expect(resumed.result).toEqual(whole.result)
      expect(resumed.digest).toBe(whole.digest)
      expect(resumed.steps).toEqual(whole.steps.slice(checkpoint.step))
      expect(resumed.evaluated).toEqual(whole.evaluated.filter((step) => step >= checkpoint.step))
      expect(resumed.epochs).toEqual(whole.epochs.slice(whole.epochs.length - resumed.epochs.length))
      expect(resumed.result.best).toBe(resumed.result.history.find(({ step }) => step === whole.result.best!.step))
    }
  })
})
