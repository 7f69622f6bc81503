import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as bench from '../../src/bench/index.js'
import * as browser from '../../src/browser.js'
import { NativeMlpError } from '../../src/core/errors.js'
import * as index from '../../src/index.js'
import { idx, writeFiles } from '../data/idx-file.js'
import { hostileValues, withThrowingGetters } from './hostile-values.js'

/*
 * Every export of every entry point, and every method of its classes, called with every wrong type in the place of each argument
 * and of each member of an argument: the answer is a result or a NativeMlpError, at once or as a rejection, and never late.
 */

const { adam, MLP, samples, sgd, createJsBackend, encodeModel, encodeNpy, encodeCheckpoint, fit, learnTable, table } =
  index

const folder = mkdtempSync(join(tmpdir(), 'native-mlp-wrong-'))
const before = process.cwd()
beforeAll(() => process.chdir(folder))
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
})

const backend = createJsBackend()
const values = Float32Array.from({ length: 24 }, (_, i) => (i * 7) % 5)
const labels = Int32Array.from({ length: 12 }, (_, i) => i % 3)
const set = samples({ values, cols: 2, labels })
const rawTable = table({ a: [1, 2, 4], b: ['u', 'v', 'u'], y: ['k', 'l', 'm'] })
const learnt = learnTable(rawTable, { target: 'y' })
const network = { layers: [2, 4, 3], table: learnt.transform, backend }
const model = () => new MLP(network)
const plain = () => new MLP({ layers: [2, 4, 3], backend })
const onnx = await index.exportOnnx(plain())
const checkpoint = await new Promise<index.TrainingCheckpoint>((resolve) => {
  const callbacks = { onCheckpoint: ({ checkpoint }: index.CheckpointEvent) => resolve(checkpoint) }
  void fit(model(), set, { optimizer: adam({ learningRate: 0.1 }), valid: set, epochs: 2, untilStep: 1, callbacks })
})
const image = { images: join(folder, 'images'), labels: join(folder, 'labels') }
writeFiles(folder, {
  images: idx('uint8', [6, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  labels: idx('uint8', [6], [0, 1, 2, 0, 1, 2]),
  'array.npy': encodeNpy({ shape: [2], data: Float32Array.of(1, 2) }),
  'model.safetensors': encodeModel(model()),
  'history.jsonl': new TextEncoder().encode('{"step":0,"epoch":0}\n'),
  'curve.txt': new TextEncoder().encode('0.5 1 0.5 1 0.5 1\n'),
})
let numbered = 0
const fresh = () => join(folder, `fresh-${numbered++}`)
const at = (name: string) => join(folder, name)

const metrics = { loss: 1, accuracy: 0.5 }
const entry = { step: 0, epoch: 0, train: metrics, valid: metrics, test: metrics }
const later = { ...entry, step: 5, epoch: 1 }
const config = { learningRate: 0.1, hidden: [4], epochs: 1 }
const fold = { state: 'completed', best: entry, steps: 1, digest: '0' } as const
const params = { learningRate: 0.1, l2: 0, hidden: 4 }
const trial = {
  ...{ trial: 0, state: 'completed', params, config, history: [entry, later], collapsed: null, steps: 6 },
  ...{ digest: '0', timing: { total: 1, training: 1, evaluation: 0 }, worker: 0, bestStep: 5 },
  ...{ train: metrics, valid: metrics, test: metrics },
} as const
const trials = [trial, { ...trial, trial: 1, params: { ...params, learningRate: 0.2, l2: 0.1 } }]
const selection = { selectBy: 'valid', metric: 'accuracy' } as const
const failed = { state: 'failed', reason: 'x', history: [], best: null, collapsed: null, steps: null } as const
const executor = () => ({
  slots: 1,
  run: async () => ({ ...failed, digest: null, timing: null, model: null }),
  close: async () => undefined,
})
const search = { data: { train: set, valid: set }, base: { epochs: 1 }, executor, workers: 1, callbacks: {} }
const stream = { write: () => true }
const stopped = AbortSignal.abort()
const report = {
  ...{ format: 'native-mlp bench', formatVersion: 1, version: '0', date: '', quick: true, nativeMissing: null },
  ...{ machine: bench.describeMachine(), results: [] },
} as const
const [layer] = model().getParameters()
const pixels = { images: new Uint8Array(8), labels: [0, 1], predictions: [1, 0], probabilities: [0.5, 0.5] }

type Call = (...args: never[]) => unknown
/** Arguments that are right. */
type Arguments = () => readonly unknown[]

const FUNCTIONS: Readonly<Record<string, Arguments>> = {
  accuracyCurvesFigure: () => [[entry, later], { title: 'x', best: 0, width: 400, height: 200, yRange: 'auto' }],
  adam: () => [{ learningRate: 0.1, l2: 0, l2Biases: false, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }],
  adamW: () => [{ learningRate: 0.1, weightDecay: 0.1, weightDecayBiases: false }],
  alignColumns: () => [[['a', 'b']]],
  appendHistory: () => [fresh(), entry],
  augmentedImagesFigure: () => [
    { images: new Uint8Array(8), labels: [0], copies: 1 },
    { title: 'x', subtitle: 'y', imageShape: [2, 2], classNames: ['a'], ink: 'dark' },
  ],
  backendInfo: () => [],
  bench: () => [{ only: 'gemm 256x10x512 NN', quick: true, isas: ['js'], threads: [1], onResult: () => undefined }],
  calibrationFigure: () => [[{ from: 0, to: 1, count: 1, confidence: 1, accuracy: 1 }], { title: 'x', subtitle: 'y' }],
  caseNames: () => ['gemm'],
  categorical: () => [[1, 2], { when: { activation: ['relu'] } }],
  confusionMatrixFigure: () => [[[1]], { title: 'x', subtitle: 'y', classNames: ['a'] }],
  countStates: () => [trials],
  createJsBackend: () => [],
  dataDigest: () => [{ train: set, valid: set, test: set }],
  decodeCheckpoint: () => [encodeCheckpoint(checkpoint), 'x'],
  decodeModel: () => [encodeModel(model()), 'x', { backend }],
  defaultBackend: () => [],
  describeMachine: () => [],
  encodeCheckpoint: () => [checkpoint],
  encodeModel: () => [model()],
  encodeNpy: () => [{ shape: [2], data: new Float32Array(2), dtype: 'float32' }],
  encodeTable: () => [rawTable, learnt.transform, [0, 1]],
  evaluate: () => [model(), set, { chunk: 5, signal: new AbortController().signal }],
  expandGrid: () => [{ learningRate: [0.1, 0.2] }, { hidden: 4, epochs: 1 }, { repeats: 2 }],
  exportJson: () => [model()],
  exportOnnx: () => [model(), { numbers: 'float' }],
  findLearningRate: () => [
    model(),
    set,
    {
      ...{ optimizer: sgd({ learningRate: 0.1 }), from: 0.01, to: 1, steps: 10, batchSize: 6, seed: 1 },
      yieldEveryMs: 8,
    },
  ],
  fit: () => [
    model(),
    set,
    {
      ...{ optimizer: sgd({ learningRate: 0.1 }), valid: set, test: set, epochs: 1, batchSize: 6, seed: 1 },
      ...{ callbacks: { onStep: () => undefined }, keepBest: true, evaluateOn: ['valid'], patience: 2, untilStep: 1 },
      ...{ folder: undefined, resume: undefined, overwrite: undefined, yieldEveryMs: 1, signal: undefined },
    },
  ],
  fitOptionsOf: () => [config],
  formatReport: () => [report],
  gridSearch: () => [{ ...search, grid: { learningRate: [0.1], hidden: [2] }, folder: undefined, resume: undefined }],
  halvingRungs: () => [9, { minEpochs: 1, maxEpochs: 9, factor: 3 }],
  importJson: () => [index.exportJson(plain()), { backend }, 'x'],
  importOnnx: () => [onnx, { loss: 'softmaxCrossEntropy', classNames: ['a', 'b', 'c'], backend }, 'x'],
  importSklearn: () => [at('none.npz'), { activation: 'relu', loss: undefined, backend }],
  importTorch: () => [encodeModel(plain()), { activation: 'relu', outputActivation: 'identity', layers: ['0'] }, 'x'],
  integer: () => [1, 5, { log: true }],
  isBusy: () => [{ load: 1 }],
  kFold: () => [set, { folds: 2, seed: 1, stratified: false }],
  learnTable: () => [
    rawTable,
    { target: 'y', task: 'classes', rows: [0, 1, 2], types: { a: 'numeric' }, scale: 'robust', bins: 4, maxLevels: 5 },
  ],
  learningRateFigure: () => [
    {
      ...{ diverged: false, steepest: 0.1, minimumTenth: 0.1 },
      steps: [1, 2].map((learningRate) => ({ learningRate, loss: 1, smoothed: 1 })),
    },
    { title: 'x', subtitle: 'y' },
  ],
  loadData: () => [{ idx: { train: image, test: image, classes: 3 }, scale: 'unit' }, { shared: false }],
  loadHomeworkWeights: () => [at('none'), { backend }],
  loadModel: () => [at('model.safetensors'), { backend }],
  loadStudy: () => [{ data: { idx: { train: image }, scale: 'unit', digest: '0'.repeat(64) }, folds: 1 }, {}],
  logUniform: () => [0.1, 1, {}],
  lossCurvesFigure: () => [[entry, later], { title: 'x', yScale: 'auto', yLabel: 'loss' }],
  median: () => [[1, 2]],
  misclassifiedFigure: () => [
    pixels,
    { title: 'x', imageShape: [2, 2], limit: 1, classNames: ['a', 'b'], ink: 'dark' },
  ],
  mnist: () => [{ dir: folder, classes: 3, scale: 'unit', shared: false, download: false }],
  modelOptionsOf: () => [config, set],
  momentum: () => [{ learningRate: 0.1, momentum: 0.9, nesterov: true }],
  onQueue: () => [{ url: 'redis://127.0.0.1:1', slots: 3, log: () => undefined, recipe: {} }],
  parallelCoordinatesFigure: () => [trials, { title: 'x', metric: 'valid.loss', parameters: ['l2'], height: 200 }],
  parameterHistogramsFigure: () => [[layer], { title: 'x', subtitle: 'y', bins: 5 }],
  precisionRecallCurve: () => [
    [1, 0],
    [0.9, 0.1],
  ],
  precisionRecallCurvesFigure: () => [
    [{ name: 'x', recall: [0, 1], precision: [1, 1], averagePrecision: 1 }],
    { title: 'x' },
  ],
  predictedActualFigure: () => [[{ name: 'x', actual: [1, 2], predicted: [1, 2] }], { title: 'x', subtitle: 'y' }],
  readHistory: () => [at('history.jsonl')],
  readIdx: () => [image.images, { maxBytes: 1000, shared: false }],
  readNpy: () => [at('array.npy'), { maxBytes: 1000 }],
  readTrainingCurve: () => [at('curve.txt')],
  refit: () => [{ best: trial }, { train: set, valid: set }, { steps: 'best', signal: stopped, callbacks: {} }],
  reliabilityBins: () => [[0.5, 1], [1, 0], 3],
  renderFigure: () => [{ svg: '', png: async () => new Uint8Array(0) }, 1],
  reproduceArguments: () => [
    config,
    { data: { mnist: {} }, validFraction: 0.2, folds: 1 },
    { preset: 'quick', out: 'x' },
  ],
  reproduceCommand: () => [config, { data: { mnist: {} }, family: { name: 'js', contract: 1 } }, { fold: 0 }],
  resultsCsv: () => [trials, { ...selection, folds: 1, space: { learningRate: [1] } }],
  rmsProp: () => [{ learningRate: 0.1, l2: 0, l2Biases: false }],
  rocCurve: () => [
    [1, 0],
    [0.9, 0.1],
  ],
  rocCurvesFigure: () => [
    [{ name: 'x', falsePositiveRate: [0, 1], truePositiveRate: [0, 1], area: 1 }],
    { title: 'x', range: 'auto' },
  ],
  runQueueWorker: () => [{ url: 'redis://127.0.0.1:1', signal: stopped, workers: 1, name: 'x', lockSeconds: 1 }],
  sampleSpace: () => [
    { learningRate: { uniform: [0.1, 0.2] }, hidden: 4 },
    { trials: 2, seed: 1, base: {}, repeats: 1 },
  ],
  samples: () => [{ values: [1, 2], cols: 1, labels: [0, 1], classes: 2, classNames: ['a', 'b'], imageShape: [1, 1] }],
  saveHomeworkWeights: () => [fresh(), new MLP({ layers: [2, 4, 3], inputScale: 'raw', backend })],
  saveModel: () => [fresh(), model()],
  saveOnnx: () => [fresh(), model(), {}],
  search: () => [{ ...search, space: { learningRate: [0.1], hidden: [2] }, strategy: 'random', trials: 1, seed: 1 }],
  searchFigures: () => [trials, { metric: 'valid.accuracy' }],
  searchHeatmapFigure: () => [
    trials,
    { title: 'x', x: 'learningRate', y: 'l2', facet: null, xLabel: 'a', yLabel: 'b' },
  ],
  settingWords: () => [{ isa: 'avx2', threads: 1 }],
  sgd: () => [{ learningRate: 0.1, l2: 0, l2Biases: false }],
  showProgress: () => [{ stream }],
  showSearchProgress: () => [{ stream }],
  summarize: () => [[1, 2]],
  summarizeFolds: () => [[fold, fold]],
  survivors: () => [[{ trial: 0, state: 'paused', valid: metrics }], 1, selection],
  table: () => [[{ a: 1, b: 'x' }], { target: 'b', columns: ['a', 'b'] }],
  timingsCsv: () => [trials],
  trialCurvesFigure: () => [trials, { title: 'x', metric: 'valid.loss', labelled: 1, width: 400, height: 200 }],
  uniform: () => [0, 1, {}],
  weightImagesFigure: () => [layer, { title: 'x', imageShape: [1, 2], units: [0], scale: 'each' }],
  writeFileAtomic: () => [fresh(), 'x'],
  writeTrainingCurve: () => [fresh(), [entry]],
}

interface Class {
  readonly construct: Arguments
  readonly statics?: Readonly<Record<string, Arguments>>
  readonly methods: Readonly<Record<string, Arguments>>
}

const few = { members: 1, maxIter: 1, hiddenLayerSizes: [2], backend }
const estimator = {
  construct: () => [
    {
      ...{
        ...few,
        activation: 'relu',
        learningRateInit: 0.01,
        weightDecay: 0,
        dropout: 0,
        batchSize: 2,
        randomState: 1,
      },
      ...{ types: { a: 'numeric' }, scale: 'robust', bins: 0, maxLevels: 5 },
    },
  ],
  methods: {
    fit: () => [{ a: [1, 2, 3, 4] }, [0, 1, 0, 1], { signal: undefined }],
    partialFit: () => [{ a: [1, 2] }, [0, 1]],
    predict: () => [{ a: [1] }],
    score: () => [{ a: [1, 2] }, [0, 1]],
  },
}

const CLASSES: Readonly<Record<string, Class>> = {
  MLPClassifier: {
    ...estimator,
    methods: {
      ...estimator.methods,
      partialFit: () => [{ a: [1, 2] }, [0, 1], [0, 1]],
      predictProba: () => [{ a: [1] }],
    },
  },
  MLPRegressor: estimator,
  MLP: {
    construct: () => [
      { ...network, activation: 'relu', init: 'he', seed: 1, classNames: ['a', 'b', 'c'], loss: undefined },
    ],
    methods: {
      clone: () => [],
      getParameters: () => [],
      parametersDigest: () => [],
      predict: () => [values, { kind: 'floats', signal: undefined }],
      predictor: () => [{ capacity: 2, kind: 'floats' }],
      predictRows: () => [[{ a: 1, b: 'u' }], { signal: undefined }],
      restore: () => [model().snapshot()],
      setClassNames: () => [['a', 'b', 'c']],
      setInputKind: () => ['floats'],
      setParameters: () => [model().getParameters()],
      snapshot: () => [model().snapshot()],
    },
  },
  NativeMlpError: { construct: () => ['INVALID_ARGUMENT', 'x', { cause: 1 }], methods: {} },
  Predictor: {
    construct: () => [model(), { capacity: 2, kind: 'floats' }],
    methods: { run: () => [new Float32Array(2)], runRows: () => [[{ a: 1, b: 'u' }]] },
  },
  RunFolder: {
    construct: () => [fresh(), { overwrite: false, resume: true, about: {} }],
    methods: {
      begin: () => [checkpoint, model()],
      callbacks: () => [model()],
      check: () => [],
      end: () => [{ error: undefined, results: {}, keepCheckpoint: true }],
      figures: () => [],
      file: () => ['model'],
      open: () => [],
      read: () => [],
      readCheckpoint: () => [],
      removeCheckpoint: () => [],
    },
  },
  Samples: {
    construct: () => [{ ...set }],
    statics: { fromDescription: () => [set.describe()] },
    methods: {
      describe: () => [],
      divide: () => [Int32Array.of(0), Int32Array.of(1)],
      split: () => [{ valid: 0.5, seed: 1, stratified: false }],
      subset: () => [[0, 1]],
      take: () => [2],
      toShared: () => [],
    },
  },
  StudyFolder: {
    construct: () => [fresh(), { overwrite: false, resume: true, about: {} }],
    methods: {
      addStart: () => [0, 0, 0],
      addTask: () => [{ trial: 0, fold: 0, rung: 0, worker: 0, outcome: failed }, null],
      addTrial: () => [trial, true, new Map()],
      begin: () => [{ base: {}, family: backend.family }],
      check: () => [],
      end: () => [undefined],
      file: () => ['journal'],
      readBest: () => [trial],
      readCheckpoint: () => [0, 0],
      readModel: () => [trial, 0],
      restore: () => [trials, trial],
      saveCheckpoint: () => [0, 0, new Uint8Array(3)],
    },
  },
}

/** What a callback throws ends the call, as it is. */
const CALLBACKS = ['bench: argument 0.onResult', 'gridSearch: argument 0.executor', 'search: argument 0.executor']

/** What would be right, and take minutes or wait for a server. */
const LONG: readonly string[] = [
  ...['undefined', 'an empty object', 'an object without a prototype'].map((name) => `bench: argument 0: ${name}`),
  ...['undefined', 'an empty string'].map((name) => `bench: argument 0.only: ${name}`),
  ...['undefined', 'false'].map((name) => `bench: argument 0.quick: ${name}`),
  'runQueueWorker: argument 0.signal: undefined',
  ...CALLBACKS.map((name) => `${name}: a proxy of a function that throws`),
]

/** Every wrong argument list: each argument replaced, and each member of each argument that is a plain object. */
function* wrongCalls(name: string, right: Arguments): Generator<[name: string, args: unknown[]]> {
  const count = right().length
  for (let i = 0; i <= count; i++) {
    for (const [what, value] of hostileValues()) {
      if (i < count) yield [`${name}: argument ${i}: ${what}`, right().with(i, value) as unknown[]]
    }
    const given = right()[i]
    if (!isPlain(given)) continue
    const names = Object.keys(given)
    yield [`${name}: argument ${i}: its getters throw`, right().with(i, withThrowingGetters(names)) as unknown[]]
    for (const key of names) {
      for (const [what, value] of hostileValues()) {
        const changed = { ...(right()[i] as object), [key]: value }
        yield [`${name}: argument ${i}.${key}: ${what}`, right().with(i, changed) as unknown[]]
      }
      const { [key as never]: _, ...others } = given
      const getter = Object.defineProperties(
        { ...others },
        Object.getOwnPropertyDescriptors(withThrowingGetters([key])),
      )
      yield [`${name}: argument ${i}.${key}: its getter throws`, right().with(i, getter) as unknown[]]
    }
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** Far longer than any call takes, also on a busy machine. */
const LATE_MS = 60_000

/** What is wrong with the answer to a call; null if nothing is. */
async function wrongAnswer(call: () => unknown, isReadable: boolean): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${LATE_MS} ms`)), LATE_MS)
    })
    await Promise.race([call(), late])
    return null
  } catch (error) {
    if (error instanceof NativeMlpError) {
      // of what can be read the message says what was expected
      return isReadable && /cannot be read/.test(error.message) ? error.message : null
    }
    return error instanceof Error ? String(error.stack).split('\n').slice(0, 3).join(' ') : 'something else thrown'
  } finally {
    clearTimeout(timer)
  }
}

async function failures(name: string, right: Arguments, call: (args: never[]) => unknown): Promise<string[]> {
  const found: string[] = []
  for (const [what, args] of wrongCalls(name, right)) {
    if (LONG.includes(what)) continue
    const answer = await wrongAnswer(() => call(args as never[]), !/ throws?$|revoked/.test(what))
    if (answer !== null) found.push(`${what}: ${answer}`)
  }
  return found
}

const EXPORTS = new Map<string, unknown>(
  [index, browser, bench].flatMap((entries) => Object.entries(entries as Record<string, unknown>)),
)
const isClass = (value: unknown) => typeof value === 'function' && /^class\b/.test(String(value))
const functions = [...EXPORTS].filter(([, value]) => typeof value === 'function' && !isClass(value))
const classes = [...EXPORTS].filter(([, value]) => isClass(value)) as [string, new (...args: never[]) => object][]

describe('the exports', () => {
  it('are all called below', () => {
    expect(functions.map(([name]) => name).sort()).toEqual(Object.keys(FUNCTIONS).sort())
    expect(classes.map(([name]) => name).sort()).toEqual(Object.keys(CLASSES).sort())
    for (const [name, made] of classes) {
      const descriptors = Object.entries(Object.getOwnPropertyDescriptors(made.prototype))
      const methods = descriptors.filter(([key, { value }]) => key !== 'constructor' && typeof value === 'function')
      expect(methods.map(([key]) => key).sort(), name).toEqual(Object.keys(CLASSES[name].methods).sort())
    }
  })

  it.each(functions)('%s answers wrong arguments with a NativeMlpError', async (name, call) => {
    expect(await failures(name, FUNCTIONS[name], (args) => (call as Call)(...args))).toEqual([])
  })

  it.each(classes)('%s answers wrong arguments of its constructor with a NativeMlpError', async (name, made) => {
    expect(await failures(name, CLASSES[name].construct, (args) => new made(...args))).toEqual([])
  })

  it.each(classes)('%s answers wrong arguments of its methods with a NativeMlpError', async (name, made) => {
    const { construct, methods, statics = {} } = CLASSES[name]
    const found: string[] = []
    for (const [key, right] of Object.entries(methods)) {
      const call = (args: never[]) => {
        const one = new made(...(construct() as never[])) as Record<string, Call>
        return one[key](...args)
      }
      found.push(...(await failures(`${name}.${key}`, right, call)))
    }
    for (const [key, right] of Object.entries(statics)) {
      const call = (args: never[]) => (made as unknown as Record<string, Call>)[key](...args)
      found.push(...(await failures(`${name}.${key}`, right, call)))
    }
    expect(found).toEqual([])
  })
})
