import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expandGrid, type HistoryEntry, type TrialResult } from 'native-mlp'
import type { Calls } from './calls.js'
import { smallSet } from './small-data.js'

const best = (): HistoryEntry => ({ step: 2, epoch: 0, valid: { loss: 0.5, accuracy: 0.75 } })
const config = () => ({ learningRate: 0.1, hidden: [4], epochs: 1, batchSize: 8 })
const timing = () => ({ total: 1, training: 0.8, evaluation: 0.2 })
const fold = () => ({ state: 'completed' as const, best: best(), steps: 6, digest: '01' })

function trial(number: number): TrialResult {
  return {
    ...{ trial: number, params: { learningRate: 0.1 + number, hidden: '4' }, state: 'completed', bestStep: 2 },
    ...{ valid: { loss: 0.5, accuracy: 0.75 }, config: config(), history: [best()], collapsed: null },
    ...{ steps: 6, digest: '0123', timing: timing(), worker: 0 },
  }
}

/** Calls of searches and what belongs to them. */
export function searchCalls(seeds: string, work: string): Calls {
  return { ...spaceCalls(), ...studyCalls(seeds, work), ...resultCalls(seeds), ...benchCalls() }
}

function spaceCalls(): Calls {
  const when = () => ({ optimizer: ['momentum'] })
  const space = () => ({
    learningRate: { logUniform: [0.01, 1] },
    hidden: [4, [5, 6]],
    optimizer: ['sgd', 'momentum'],
    momentum: { uniform: [0.5, 0.9], when: when() },
  })
  return {
    categorical: { args: () => [['a', 'b'], { when: when() }] },
    integer: { args: () => [2, 8, { log: true, when: when() }] },
    logUniform: { args: () => [0.1, 1, { when: when() }] },
    uniform: { args: () => [0.1, 1, { when: when() }] },
    expandGrid: {
      args: () => [{ learningRate: [0.1, 0.2], hidden: [4, [5, 6]] }, { epochs: 2, seed: 1 }, { repeats: 2 }],
    },
    sampleSpace: { args: () => [space(), { trials: 5, seed: 2, base: { epochs: 2 }, repeats: 1 }] },
    halvingRungs: { args: () => [27, { minEpochs: 1, maxEpochs: 9, factor: 3 }] },
    survivors: {
      args: () => [
        [0, 1, 2].map((number) => ({ trial: number, state: 'paused', valid: { loss: number, accuracy: 0.5 } })),
        2,
        { selectBy: 'valid', metric: 'loss' },
      ],
    },
  }
}

function studyCalls(seeds: string, work: string): Calls {
  const sets = () => ({ train: smallSet(), valid: smallSet('bytes', 12), test: smallSet('bytes', 12) })
  const common = () => ({
    ...{
      data: sets(),
      base: { ...config(), hidden: 4 },
      workers: 1,
      stack: 2,
      objective: 'valid.loss',
      keepModels: true,
    },
    ...{ limitTrain: 30, limitTest: 10, callbacks: [{ onTrialEnd: () => {} }], signal: AbortSignal.timeout(1000) },
  })
  const fixed = ['0.signal', '0.base.epochs', '0.workers']
  return {
    gridSearch: { args: () => [{ ...common(), grid: { learningRate: [0.1, 0.2] } }], fixed, share: 4 },
    search: {
      args: () => [
        { ...common(), space: { learningRate: { uniform: [0.1, 0.2] } }, strategy: 'random', trials: 2, seed: 1 },
      ],
      fixed: [...fixed, '0.trials'],
      share: 4,
    },
    'search by halving, with folds': {
      args: () => [
        {
          ...{ data: { train: smallSet() }, space: { learningRate: { uniform: [0.1, 0.2] } }, strategy: 'halving' },
          ...{
            trials: 3,
            halving: { minSteps: 1, maxSteps: 4, factor: 3, asynchronous: true },
            folds: 2,
            stratified: true,
            splitSeed: 1,
          },
          ...{ base: { hidden: 4, batchSize: 8, epochs: 1 }, workers: 1, signal: AbortSignal.timeout(1000) },
          ...{ folder: join(work, 'halving'), resume: true },
        },
      ],
      fixed: [...fixed, '0.trials', '0.halving.maxSteps'],
      share: 3,
    },
    'search by TPE': {
      args: () => [
        {
          ...{
            data: { train: smallSet() },
            space: { learningRate: { uniform: [0.1, 0.2] } },
            strategy: 'tpe',
            trials: 3,
          },
          ...{ tpe: { ahead: 1, startup: 1 }, base: { hidden: 4, batchSize: 8, epochs: 1 }, workers: 1 },
          signal: AbortSignal.timeout(1000),
        },
      ],
      fixed: [...fixed, '0.trials'],
      share: 3,
    },
    'search with an executor of the user': {
      args: () => [
        {
          ...common(),
          ...{ grid: { learningRate: [0.1] }, strategy: 'grid' },
          executor: () => ({ slots: 1, run: async () => outcome(), close: async () => {} }),
        },
      ],
      fixed,
      share: 10,
    },
    refit: {
      args: () => [
        { best: trial(0) },
        { train: smallSet(), valid: smallSet() },
        { steps: 'best', signal: AbortSignal.timeout(300) },
      ],
      fixed: ['2.signal'],
    },
    loadStudy: { args: () => [recipe(seeds), { from: { idx: { folder: join(seeds, 'data') } } }] },
    onQueue: { args: () => [{ url: 'redis://127.0.0.1:1', recipe: {}, log: () => {}, slots: 4 }] },
    runQueueWorker: {
      args: () => [
        {
          ...{ url: 'redis://127.0.0.1:1', workers: 1, name: 'me', signal: AbortSignal.abort(), log: () => {} },
          ...{ idleExitSeconds: 1, lockSeconds: 5, load: async () => ({}) },
        },
      ],
      fixed: ['0.signal'],
      share: 5,
    },
  }
}

function outcome() {
  const known = { history: [best()], best: best(), collapsed: null, steps: 6, digest: '0123', timing: timing() }
  return { state: 'completed', ...known, model: null }
}

function recipe(seeds: string): object {
  const journal = readFileSync(join(seeds, 'study', 'journal.jsonl'), 'utf8')
  const { data, study } = JSON.parse(journal.slice(0, journal.indexOf('\n')))
  const { limitTrain, limitTest, validFraction, splitSeed, stratified, folds } = study
  return { data: data.recipe, limitTrain, limitTest, validFraction, splitSeed, stratified, folds }
}

function resultCalls(seeds: string): Calls {
  const trials = () => [trial(0), { ...trial(1), folds: [{ ...fold(), history: [], collapsed: null, timing: null }] }]
  const source = () => ({
    ...{
      data: { idx: { folder: join(seeds, 'data') }, scale: 'raw' },
      limitTrain: 30,
      limitTest: null,
      validFraction: 0.2,
    },
    ...{ splitSeed: 1, stratified: true, folds: 2, family: { name: 'native', contract: 1 } },
  })
  const point = () => expandGrid({ learningRate: [0.1] }, { hidden: 4, epochs: 2 })[0].config
  return {
    countStates: { args: () => [trials()] },
    resultsCsv: {
      args: () => [trials(), { selectBy: 'valid', metric: 'accuracy', grid: { learningRate: [0.1] }, folds: 2 }],
    },
    timingsCsv: { args: () => [trials()] },
    summarizeFolds: { args: () => [[fold(), fold()]] },
    reproduceArguments: { args: () => [point(), source(), { fold: 1, out: 'runs', preset: 'quick' }] },
    reproduceCommand: { args: () => [point(), source(), { fold: 0, out: "it's" }] },
  }
}

function benchCalls(): Calls {
  const result = () => ({
    ...{ case: 'gemm', group: 'gemm', backend: 'native', isa: 'avx2', threads: 1, flops: 100, gflops: 1, peak: 2 },
    ...{ microseconds: { median: 1, p10: 1, p90: 1, min: 1, max: 1, samples: 3 }, denseLimit: 1, shareOfPeak: 0.5 },
  })
  const machine = () => ({ cpu: 'a', cores: 2, platform: 'linux', arch: 'x64', os: 'b', node: '20', load: 0.1 })
  const report = () => ({
    ...{ format: 'native-mlp bench', formatVersion: 1, version: '1', date: '2026', quick: true, nativeMissing: null },
    ...{ machine: machine(), results: [result()] },
  })
  return {
    bench: {
      args: () => [{ isas: ['js'], threads: [1], only: 'no such case', quick: true, onResult: () => {} }],
      fixed: ['0', '0.only', '0.quick'],
      anything: false,
      share: 2,
    },
    caseNames: { args: () => ['gemm'] },
    describeMachine: { args: () => [] },
    isBusy: { args: () => [machine()] },
    median: { args: () => [[1, 2, 3]] },
    summarize: { args: () => [[1, 2, 3]] },
    alignColumns: {
      args: () => [
        [
          ['a', 'b'],
          ['1', '2'],
        ],
      ],
    },
    formatReport: { args: () => [report()] },
    settingWords: { args: () => [{ isa: 'avx2', threads: 2 }] },
  }
}
