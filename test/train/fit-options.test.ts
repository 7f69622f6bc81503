import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { fitInFolder } from '../../src/io/fit-in-folder.js'
import { MLP } from '../../src/model/mlp.js'
import { fit as runFit } from '../../src/train/fit.js'
import { planFit } from '../../src/train/fit-options.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, pixels } from './toy-data.js'

const backend = BACKENDS[0][1]
const model = new MLP({ layers: [4, 8, 3], backend })
const train = clusters(60)
const optimizer = sgd({ learningRate: 0.1 })

describe('planFit', () => {
  it('fills in the defaults', () => {
    const { callbacks, signal, ...plan } = planFit(model, clusters(300), { optimizer })
    expect(plan).toMatchObject({ epochs: 10, batchSize: 128, stepsPerEpoch: 3, sampling: 'shuffle', seed: 1 })
    expect(plan).toMatchObject({
      evaluateEvery: null,
      evaluateOn: ['train'],
      keepBest: true,
      patience: null,
      minDelta: 0,
    })
    expect(plan).toMatchObject({ stopOnCollapse: false, yieldEveryMs: 8 })
    expect(planFit(model, train, { optimizer }).batchSize).toBe(60)
    expect(planFit(model, train, { optimizer, test: train, valid: train }).evaluateOn).toEqual(['valid', 'test'])
  })
})

describe('fit refuses', () => {
  it.each([
    [{ optimizer: null }, /optimizer: expected an optimizer such as sgd/],
    [{ optimizer: { learningRate: 1 } }, /optimizer/],
    [{ epochs: 0 }, /epochs: expected an integer >= 1, got 0/],
    [{ epochs: Number.NaN }, /epochs/],
    [{ batchSize: 61 }, /batchSize: expected at most 60, the training rows, got 61/],
    [{ batchSize: 61, sampling: 'replacement' }, /batchSize/],
    [{ batchSize: 2.5 }, /batchSize/],
    [{ stepsPerEpoch: 0 }, /stepsPerEpoch/],
    [{ sampling: 'random' }, /sampling: expected one of 'shuffle', 'replacement'/],
    [{ seed: -1 }, /seed/],
    [{ evaluateEvery: 0 }, /evaluateEvery/],
    [{ evaluateOn: ['valid'] }, /evaluateOn\[0\]: expected a set that is given, got "valid"/],
    [{ evaluateOn: ['trian'] }, /evaluateOn\[0\]: expected one of/],
    [{ evaluateOn: 'train' }, /evaluateOn: expected a list/],
    [{ keepBest: 'yes' }, /keepBest/],
    [{ patience: 2 }, /patience: needs a validation set/],
    [{ patience: 0, valid: train }, /patience: expected an integer >= 1, or null for no early stopping, got 0/],
    [{ patience: 1, minDelta: -1, valid: train }, /minDelta: expected a number >= 0, got -1/],
    [{ stopOnCollapse: 1 }, /stopOnCollapse/],
    [{ callbacks: { onStop: () => {} } }, /callbacks: unknown option 'onStop'; did you mean 'onStep'/],
    [{ callbacks: { onStep: 1 } }, /callbacks\.onStep: expected a function/],
    [{ yieldEveryMs: -1 }, /yieldEveryMs/],
    [{ signal: {} }, /signal: expected an AbortSignal, got an object/],
    [{ signal: null }, /signal: expected an AbortSignal, got null/],
    [{ signal: new AbortController() }, /signal: expected an AbortSignal, got a AbortController/],
    [{ keepBest: true, valid: train, evaluateOn: ['train'] }, /keepBest: needs 'valid' in evaluateOn/],
    [{ epoch: 3 }, /fit: unknown option 'epoch'; did you mean 'epochs'/],
    [{ valid: clusters(20, 1, 5) }, /valid\.cols: expected 4, the inputs of the model, got 5/],
    [{ valid: clusters(20, 1, 4, 9) }, /valid: label of row \d+: expected 0\.\.2/],
    [{ test: {} }, /test: expected Samples/],
  ])('%o', async (options, message) => {
    const digest = model.parametersDigest()
    await expect(runFit(model, train, { optimizer, ...options } as never)).rejects.toThrow(message)
    expect(model.parametersDigest()).toBe(digest)
  })

  it.each([new Map([['epochs', 3]]), [1], new Date(), new Set(['epochs'])])('%o as options', async (options) => {
    await expect(fitInFolder(model, train, options as never)).rejects.toThrow(/^fit: expected an options object/)
  })

  it('no options, sets without labels, and sets of another scale', async () => {
    await expect(runFit(model, train, null as never)).rejects.toThrow(/^fit: expected an options object, .* got null$/)
    const unlabelled = samples({ values: new Float32Array(8), cols: 4 })
    await expect(runFit(model, unlabelled, { optimizer })).rejects.toThrow(/train: loss .* needs labels/)
    const raw = new MLP({ layers: [20, 4], inputScale: 'raw', backend })
    await expect(runFit(raw, pixels(50), { optimizer })).rejects.toThrow(/train\.scale: expected 'raw'/)
  })
})
