import {
  adam,
  createJsBackend,
  defaultBackend,
  encodeCheckpoint,
  encodeModel,
  fit,
  learnTable,
  MLP,
  MLPClassifier,
  MLPRegressor,
  Predictor,
  type Samples,
  sgd,
  type TrainingCheckpoint,
  table,
} from 'native-mlp'
import type { Calls } from './calls.js'
import { SMALL, smallModel, smallSet } from './small-data.js'

const values = (rows: number) => Float32Array.from({ length: rows * SMALL.cols }, (_, i) => i / 100)
const config = () => ({ learningRate: 0.1, hidden: [4], epochs: 2, optimizer: 'sgd', batchSize: 8 })

/** A checkpoint of a real run, of its own for each call. */
async function checkpoint(): Promise<TrainingCheckpoint> {
  let last: TrainingCheckpoint | undefined
  await fit(smallModel(), smallSet(), {
    ...{ optimizer: adam({ learningRate: 0.01 }), epochs: 1, checkpointEveryMs: 0, untilStep: 1 },
    callbacks: {
      onCheckpoint: (event) => {
        last = event.checkpoint
      },
    },
  })
  return last!
}

const smallTable = () => table({ a: [1, null, 4], b: ['u', 'v', 'u'], y: ['k', 'l', 'm'] }, { target: 'y' })

function tableModel(): MLP {
  const { transform } = learnTable(smallTable())
  return new MLP({ layers: [3, 3], table: transform })
}

/** Calls of data, models and training. */
export function modelCalls(): Calls {
  return { ...dataCalls(), ...networkCalls(), ...predictionCalls(), ...estimatorCalls(), ...trainingCalls() }
}

function dataCalls(): Calls {
  const of = (name: keyof Samples) => () => {
    const set = smallSet()
    return (set[name] as () => unknown).bind(set)
  }
  const fields = () => ({ ...smallSet() })
  return {
    samples: { args: () => [{ values: values(6), cols: SMALL.cols, labels: [0, 1, 2, 0, 1, 2], scale: 'unit' }] },
    'samples of a regression': { args: () => [{ values: [1, 2, 3, 4], cols: 2, targets: [0.5, 1] }] },
    'samples of images': {
      args: () => [
        { values: new Uint8Array(8), cols: 4, labels: Int32Array.of(0, 1), classNames: ['a', 'b'], imageShape: [2, 2] },
      ],
    },
    Samples: { args: () => [fields()], anything: false, fixed: Object.keys(fields()).map((key) => `0.${key}`) },
    'Samples.split': { of: of('split'), args: () => [{ valid: 0.25, seed: 2, stratified: true }] },
    'Samples.take': { of: of('take'), args: () => [5] },
    'Samples.subset': { of: of('subset'), args: () => [[0, 3, 3]] },
    kFold: { args: () => [smallSet(), { folds: 3, seed: 2, stratified: true }] },
    table: {
      args: () => [
        [
          { a: 1, b: 'x' },
          { a: null, b: 'y' },
        ],
        { target: 'b', columns: ['a', 'b'] },
      ],
    },
    'table of columns': { args: () => [{ a: Float32Array.of(1, 2), b: ['x', null] }, {}] },
    learnTable: {
      args: () => [
        smallTable(),
        { target: 'y', rows: [0, 1, 2], types: { a: 'numeric' }, scale: 'quantile', bins: 4, maxLevels: 5 },
      ],
    },
    encodeTable: { args: () => [smallTable(), learnTable(smallTable()).transform, [0, 2]] },
    dataDigest: { args: () => [{ train: smallSet(), valid: smallSet('floats') }] },
  }
}

function networkCalls(): Calls {
  const of = (name: keyof MLP) => () => {
    const model = smallModel()
    return (model[name] as () => unknown).bind(model)
  }
  const parameters = () => smallModel().getParameters()
  return {
    backendInfo: { args: () => [] },
    defaultBackend: { args: () => [] },
    createJsBackend: { args: () => [] },
    NativeMlpError: { args: () => ['INVALID_ARGUMENT', 'text', { cause: 1 }] },
    MLP: {
      args: () => [
        {
          ...{ layers: [SMALL.cols, 4, SMALL.classes], activation: 'gelu', loss: 'softmaxCrossEntropy', seed: 2 },
          ...{ init: { weights: 0.1, biases: 0 }, inputScale: 'raw', inputKind: 'bytes', classNames: ['a', 'b', 'c'] },
          backend: createJsBackend(),
        },
      ],
    },
    'MLP by name of init': { args: () => [{ layers: [3, 2], init: 'he', backend: defaultBackend() }] },
    'MLP.setParameters': { of: of('setParameters'), args: () => [parameters()] },
    'MLP.setInputKind': { of: of('setInputKind'), args: () => ['bytes'] },
    'MLP.snapshot': { of: of('snapshot'), args: () => [smallModel().snapshot()] },
    'MLP.restore': { of: of('restore'), args: () => [smallModel().snapshot()] },
  }
}

function predictionCalls(): Calls {
  const of = (name: 'predict' | 'predictor') => () => {
    const model = smallModel()
    return (model[name] as () => unknown).bind(model)
  }
  const signal = () => new AbortController().signal
  const weights = () => new Float32Array(SMALL.rows).fill(2)
  return {
    'MLP.predict': { of: of('predict'), args: () => [values(3), { kind: 'floats', signal: signal() }] },
    'MLP with a table': { args: () => [{ layers: [3, 3], table: learnTable(smallTable()).transform }] },
    'MLP.predictRows': {
      of: () => {
        const model = tableModel()
        return model.predictRows.bind(model) as () => unknown
      },
      args: () => [[{ a: 1, b: 'u' }], { signal: signal() }],
    },
    'Predictor.runRows': {
      of: () => {
        const predictor = new Predictor(tableModel())
        return predictor.runRows.bind(predictor) as () => unknown
      },
      args: () => [[[1, 'u']]],
    },
    'decodeModel of ./dist/predict/index.js': { args: () => [encodeModel(tableModel()), 'name'], share: 40 },
    'MLP.predict of a set': { of: of('predict'), args: () => [smallSet(), {}] },
    'MLP.predictor': { of: of('predictor'), args: () => [{ capacity: 4, kind: 'floats' }] },
    Predictor: { args: () => [smallModel(), { capacity: 4, kind: 'bytes' }] },
    'Predictor.run': {
      of: () => {
        const predictor = new Predictor(smallModel(), { capacity: 4 })
        return predictor.run.bind(predictor) as () => unknown
      },
      args: () => [values(3)],
    },
    evaluate: { args: () => [smallModel(), smallSet(), { chunk: 8, signal: signal(), sampleWeights: weights() }] },
  }
}

function estimatorCalls(): Calls {
  const options = () => ({
    ...{ hiddenLayerSizes: [2], activation: 'relu', learningRateInit: 0.01, weightDecay: 0, dropout: 0, batchSize: 2 },
    ...{ members: 2, maxIter: 1, randomState: 1, types: { a: 'numeric' }, scale: 'robust', bins: 0, maxLevels: 5 },
    backend: createJsBackend(),
  })
  const few = { members: 1, maxIter: 1, hiddenLayerSizes: [2] }
  const of = (Estimator: typeof MLPClassifier | typeof MLPRegressor, name: 'fit' | 'partialFit') => () => {
    const estimator = new Estimator(few)
    return estimator[name].bind(estimator) as () => unknown
  }
  const fitted = (Estimator: typeof MLPClassifier | typeof MLPRegressor, name: string) => () => {
    const estimator = new Estimator(few)
    const ready = estimator.fit({ a: [1, 2, 3, 4] }, [0, 1, 0, 1])
    return async (...args: never[]) => {
      await ready
      return await (estimator as unknown as Record<string, (...args: never[]) => unknown>)[name](...args)
    }
  }
  const data = () => [{ a: [1, 2, 3, 4], b: ['u', null, 'v', 'u'] }, [0, 1, 0, 1]]
  const own = (Estimator: typeof MLPClassifier | typeof MLPRegressor, name: string): Calls => ({
    [name]: { args: () => [options()] },
    [`${name}.fit`]: { of: of(Estimator, 'fit'), args: () => [...data(), {}] },
    [`${name}.partialFit`]: { of: of(Estimator, 'partialFit'), args: data },
    [`${name}.predict`]: { of: fitted(Estimator, 'predict'), args: () => [{ a: [1, null] }] },
    [`${name}.score`]: { of: fitted(Estimator, 'score'), args: () => [{ a: [1, 2] }, [0, 1]] },
  })
  return {
    ...own(MLPClassifier, 'MLPClassifier'),
    ...own(MLPRegressor, 'MLPRegressor'),
    'MLPClassifier.predictProba': { of: fitted(MLPClassifier, 'predictProba'), args: () => [[[1], [2]]] },
  }
}

function trainingCalls(): Calls {
  const sets = () => ({ valid: smallSet('bytes', 12), test: smallSet('bytes', 12) })
  const optimizer = () => sgd({ learningRate: 0.01 })
  return {
    sgd: { args: () => [{ learningRate: 0.1, l2: 1e-4, l2Biases: true }] },
    momentum: { args: () => [{ learningRate: 0.1, momentum: 0.9, nesterov: true, l2: 0 }] },
    adam: { args: () => [{ learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }] },
    rmsProp: { args: () => [{ learningRate: 0.1, alpha: 0.9, epsilon: 1e-8, l2: 1e-4 }] },
    adamW: { args: () => [{ learningRate: 0.1, weightDecay: 0.01, weightDecayBiases: false }] },
    findLearningRate: {
      args: () => [
        smallModel(),
        smallSet(),
        {
          ...{ optimizer: sgd({ learningRate: 0.1 }), from: 0.01, to: 1, steps: 10, batchSize: 8, dropout: 0.1 },
          ...{ signal: AbortSignal.timeout(500), yieldEveryMs: 8 },
        },
      ],
      fixed: ['2.signal', '2.steps'],
    },
    fit: {
      args: () => [
        smallModel(),
        smallSet(),
        {
          ...{ optimizer: optimizer(), ...sets(), epochs: 2, batchSize: 8, evaluateOn: ['valid'], evaluateEvery: 2 },
          evaluationWeights: { valid: new Float32Array(12).fill(1) },
          ...{ patience: 2, keepBest: true, seed: 3, yieldEveryMs: 5, checkpointEveryMs: 0, untilStep: 5 },
          callbacks: { onStart: () => {}, onStep: () => {}, onEvaluation: () => {}, onCheckpoint: () => {} },
          signal: AbortSignal.timeout(300),
        },
      ],
      fixed: ['2.signal'],
      share: 40,
    },
    'fit, aborted by anything': {
      args: () => [
        smallModel(),
        smallSet(),
        { optimizer: optimizer(), epochs: 1, signal: new AbortController().signal },
      ],
      fixed: ['2.epochs'],
      anything: false,
    },
    'fit with an optimizer of the user': {
      args: () => [
        smallModel(),
        smallSet(),
        {
          optimizer: { config: { name: 'mine' }, rule: () => ({ kind: 'sgd', learningRate: 0.1, l2: 0, l2Biases: 0 }) },
          ...{ epochs: 1, signal: AbortSignal.timeout(300) },
        },
      ],
      fixed: ['2.signal', '2.epochs'],
    },
    'fit, resumed': {
      args: async () => [
        smallModel(),
        smallSet(),
        {
          optimizer: adam({ learningRate: 0.01 }),
          epochs: 1,
          resume: await checkpoint(),
          signal: AbortSignal.timeout(300),
        },
      ],
      fixed: ['2.signal', '2.epochs'],
    },
    'fit of ./dist/browser.js': {
      args: () => [smallModel(), smallSet(), { optimizer: optimizer(), epochs: 1, signal: AbortSignal.timeout(300) }],
      fixed: ['2.signal', '2.epochs'],
    },
    encodeCheckpoint: { args: async () => [await checkpoint()], share: 40 },
    decodeCheckpoint: { args: async () => [encodeCheckpoint(await checkpoint()), 'name'], share: 10 },
    fitOptionsOf: { args: () => [config()] },
    modelOptionsOf: { args: () => [config(), smallSet()] },
  }
}
