import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import type { Program } from '../../src/backend/program.js'
import type { NativeMlpError } from '../../src/core/errors.js'
import { BatchSampler } from '../../src/data/batches.js'
import type { Samples } from '../../src/data/samples.js'
import { datasetOf } from '../../src/model/datasets.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import type { FitResult } from '../../src/train/fit-result.js'
import { adam, adamW, momentum, sgd } from '../../src/train/optimizers.js'
import { SharedPrograms } from '../../src/train/shared-programs.js'
import { TrainingStack } from '../../src/train/stack.js'
import { TrainingStep } from '../../src/train/step.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve, pixels } from './toy-data.js'

const train = clusters(53)
const valid = clusters(40, 2)
const common = { valid, epochs: 4, batchSize: 10, evaluateEvery: 2 }

interface Run {
  readonly model?: Partial<MLPOptions>
  readonly data?: Samples
  readonly options?: Partial<FitOptions>
  readonly learningRate?: number
}

interface Outcome {
  readonly result: Omit<FitResult, 'timing'> | null
  readonly error: string | null
  readonly digest: string
  readonly losses: readonly number[]
  readonly checkpoints: readonly TrainingCheckpoint[]
}

/** A backend that tells which program ran on which rows; a program gathers the rows that it holds already only once. */
function recording(backend: Backend) {
  const steps: { program: Program; rows: string }[] = []
  const run: Backend['run'] = (program, rows, arenas, rule) => {
    if (rule !== null) steps.push({ program, rows: rows.join() })
    return backend.run(program, rows, arenas, rule)
  }
  return { backend: Object.create(backend, { run: { value: run } }) as Backend, steps }
}

async function train1(backend: Backend, run: Run, how: typeof fit): Promise<Outcome> {
  const model = new MLP({ layers: [4, 7, 3], seed: 3, backend, ...run.model })
  const losses: number[] = []
  const checkpoints: TrainingCheckpoint[] = []
  const { callbacks, ...options } = run.options ?? {}
  try {
    const { timing, ...result } = await how(model, run.data ?? train, {
      optimizer: sgd({ learningRate: run.learningRate ?? 0.3, l2: 0.001 }),
      ...common,
      ...options,
      callbacks: {
        onStep: ({ loss }) => void losses.push(loss),
        onCheckpoint: ({ checkpoint }) => void checkpoints.push(checkpoint),
        ...callbacks,
      },
    })
    expect(timing.training).toBeGreaterThan(0)
    expect(timing.total).toBeCloseTo(timing.training + timing.evaluation, 9)
    return { result, error: null, digest: model.parametersDigest(), losses, checkpoints }
  } catch (error) {
    const { code, message } = error as NativeMlpError
    return { result: null, error: `${code} ${message}`, digest: model.parametersDigest(), losses, checkpoints }
  }
}

/** Each run alone, then all of them in one stack. */
async function both(backend: Backend, runs: readonly Run[]): Promise<{ alone: Outcome[]; stacked: Outcome[] }> {
  const alone: Outcome[] = []
  for (const run of runs) alone.push(await train1(backend, run, fit))
  const stack = new TrainingStack()
  const stacked = await Promise.all(runs.map((run) => train1(backend, run, (...args) => stack.fit(...args))))
  return { alone, stacked }
}

const twoClasses = clusters(53, 1, 4, 2)
const sparse = pixels(64, 1, 40)
const wide = { layers: [40, 24, 4], inputScale: sparse.scale } as const
const regression = { layers: [2, 6, 2], loss: 'meanSquaredError', activation: 'gelu' } as const

describe.each(BACKENDS)('TrainingStack on %s', (_, backend) => {
  it.each<[string, readonly Run[]]>([
    ['other learning rates', [{}, { learningRate: 0.1 }, { learningRate: 0.03, model: { init: 'glorot' } }]],
    [
      'one that overflows, one that is paused, one that stops early',
      [{ learningRate: 1e30 }, { options: { untilStep: 7 } }, { learningRate: 1e-9, options: { patience: 1 } }, {}],
    ],
    [
      'other shapes, seeds and batches',
      [{}, { model: { layers: [4, 9, 3] } }, { options: { seed: 5 } }, { options: { batchSize: 12 } }],
    ],
    [
      'batches drawn with replacement',
      [{ options: { sampling: 'replacement' } }, { options: { sampling: 'replacement' }, learningRate: 0.1 }],
    ],
    [
      'lists of what is not zero, with GELU',
      [0.1, 1e30, 0.3].map((learningRate) => ({
        learningRate,
        data: sparse,
        model: { ...wide, activation: 'gelu' as const },
        options: { valid: pixels(30, 2, 40) },
      })),
    ],
    [
      'regression',
      [0.1, 0.3].map((learningRate) => ({
        learningRate,
        data: curve(45),
        model: regression,
        options: { valid: curve(20, 2) },
      })),
    ],
    [
      'other optimizers',
      [
        sgd({ learningRate: 0.3 }),
        adamW({ learningRate: 0.02 }),
        momentum({ learningRate: 0.1 }),
        adamW({ learningRate: 0.05, beta2: 0.9 }),
        momentum({ learningRate: 0.1, nesterov: true, l2: 0.01, l2Biases: true }),
        adam({ learningRate: 1e30 }),
        sgd({ learningRate: 0.1 }),
      ].map((optimizer) => ({ options: { optimizer, checkpointEveryMs: 0 } })),
    ],
    [
      'binary cross-entropy beside softmax, with other optimizers',
      [
        { model: { layers: [4, 7, 1], loss: 'binaryCrossEntropy' } },
        { model: { layers: [4, 7, 2] } },
        {
          model: { layers: [4, 7, 1], loss: 'binaryCrossEntropy' },
          options: { optimizer: adamW({ learningRate: 0.02 }) },
        },
      ].map((run) => ({
        ...run,
        model: { ...run.model } as Partial<MLPOptions>,
        data: twoClasses,
        options: { valid: clusters(40, 2, 4, 2), ...run.options },
      })),
    ],
    ['dead units', [{ learningRate: 300, options: { stopOnCollapse: true } }, {}]],
  ])('gives each run what it has alone: %s', async (_, runs) => {
    const { alone, stacked } = await both(backend, runs)
    expect(stacked).toEqual(alone)
    if (runs[0].learningRate === 1e30) {
      expect(alone[0].error).toMatch(/^NOT_FINITE/)
      expect(alone.slice(1).map(({ result }) => result?.stopped)).toEqual(['paused', 'early', 'completed'])
    }
    const overflows = runs.map(({ options }) => options?.optimizer?.config.learningRate === 1e30)
    if (overflows.includes(true)) expect(alone.map(({ error }) => error !== null)).toEqual(overflows)
    if (runs[0].learningRate === 300) expect(alone[0].result?.stopped).toBe('collapsed')
  })

  it('gathers each batch once for all', async () => {
    const recorded = recording(backend)
    const options = { valid: undefined, evaluateEvery: undefined, evaluateOn: ['train'] as const, epochs: 3 }
    const runs = [0.1, 0.2, 0.3, 0.4].map((learningRate) => ({ learningRate, options }))
    const stack = new TrainingStack()
    await Promise.all(runs.map((run) => train1(recorded.backend, run, (...args) => stack.fit(...args))))
    const { steps } = recorded
    expect(steps).toHaveLength(4 * 3 * 6)
    expect(new Set(steps.map(({ program }) => program)).size).toBe(1)
    // the four take the same rows one after the other
    expect(steps.filter(({ rows }, i) => i === 0 || rows !== steps[i - 1].rows)).toHaveLength(3 * 6)
  })

  it('takes in runs that go on from checkpoints, each at its own step, and one that comes late', async () => {
    const whole = await train1(backend, {}, fit)
    const parts = []
    for (const untilStep of [3, 12, 13]) parts.push(await train1(backend, { options: { untilStep } }, fit))
    const stack = new TrainingStack()
    const how: typeof fit = (...args) => stack.fit(...args)
    let late: Promise<Outcome> | undefined
    const onStep = () => {
      late ??= train1(backend, {}, how)
    }
    const stacked = await Promise.all(
      parts.map(({ checkpoints }, i) =>
        train1(
          backend,
          { options: { resume: checkpoints.at(-1), yieldEveryMs: 0, callbacks: i ? {} : { onStep } } },
          how,
        ),
      ),
    )
    for (const { result, digest } of [...stacked, await late!]) {
      expect(result).toEqual(whole.result)
      expect(digest).toBe(whole.digest)
    }
    expect((await late!).losses).toEqual(whole.losses)
  })

  it('brings those that are behind up to the others, who go on meanwhile', async () => {
    const options = { epochs: 40 }
    const { checkpoints } = await train1(backend, { options: { ...options, untilStep: 60 } }, fit)
    const order: [run: string, step: number][] = []
    const follow = (run: string, more: Partial<FitOptions> = {}): Run => ({
      options: { ...options, ...more, callbacks: { onStep: ({ step }) => void order.push([run, step]) } },
    })
    const stack = new TrainingStack()
    const runs = [follow('ahead', { resume: checkpoints.at(-1) }), follow('behind'), follow('too')]
    await Promise.all(runs.map((run) => train1(backend, run, (...args) => stack.fit(...args))))
    const place = (run: string, step: number) => order.findIndex(([other, at]) => other === run && at === step)
    expect(place('ahead', 61)).toBeLessThan(place('behind', 5))
    const together = order.slice(place('ahead', 100))
    expect(together.slice(0, 9).map(([, step]) => step)).toEqual([100, 100, 100, 101, 101, 101, 102, 102, 102])
  })

  it('ends one that is aborted, with its last checkpoint, and leaves the others alone', async () => {
    const controller = new AbortController()
    const abort = () => void controller.abort()
    const runs: Run[] = [
      {},
      { options: { signal: controller.signal, callbacks: { onStep: ({ step }) => step === 4 && abort() } } },
      { learningRate: 0.1 },
    ]
    const stack = new TrainingStack()
    const [first, aborted, last] = await Promise.all(
      runs.map((run) => train1(backend, run, (...args) => stack.fit(...args))),
    )
    expect(aborted.error).toBe('ABORTED fit at step 5: aborted')
    expect(aborted.checkpoints.at(-1)?.step).toBe(5)
    expect(first).toEqual(await train1(backend, runs[0], fit))
    expect(last).toEqual(await train1(backend, runs[2], fit))
  })

  it('ends one whose callback throws, at any time, and goes on with the others', async () => {
    const fail = () => {
      throw Object.assign(new Error('no'), { code: 'MINE' })
    }
    const stack = new TrainingStack()
    const how: typeof fit = (...args) => stack.fit(...args)
    const events = ['onStart', 'onStep', 'onEvaluation', 'onEpoch', 'onEnd'] as const
    const outcomes = await Promise.all([
      ...events.map((event) => train1(backend, { options: { callbacks: { [event]: fail } } }, how)),
      train1(backend, {}, how),
    ])
    expect(outcomes.map(({ error }) => error)).toEqual([...events.map(() => 'MINE no'), null])
    expect(outcomes.at(-1)).toEqual(await train1(backend, {}, fit))
  })

  it('can be used again, and refuses a model that is in training', async () => {
    const stack = new TrainingStack()
    const model = new MLP({ layers: [4, 7, 3], backend })
    const options = { optimizer: sgd({ learningRate: 0.1 }), ...common }
    const running = stack.fit(model, train, options)
    await expect(stack.fit(model, train, options)).rejects.toThrow('another fit is training it')
    await expect(fit(model, train, options)).rejects.toThrow('another fit is training it')
    await running
    await expect(stack.fit(model, train, { ...options, epochs: 0 })).rejects.toThrow('epochs')
    expect((await stack.fit(model, train, options)).stopped).toBe('completed')
  })
})

describe.each(BACKENDS)('shared programs on %s', (_, backend) => {
  it.each([
    ['dense rows', [4, 24, 5, 3], train],
    ['lists of what is not zero', [40, 24, 4], sparse],
  ] as const)('compute the same whatever another training has left in them: %s', (_, layers, data) => {
    const shared = new SharedPrograms()
    const make = (seed = 1) =>
      new MLP({ layers: [...layers], activation: 'gelu', inputScale: data.scale, seed, backend })
    const [alone, one, other] = [make(), make(), make(2)]
    const dataset = datasetOf(backend, data, 'train')
    const program = shared.get(make(), dataset, 10)
    expect(shared.get(one, dataset, 10)).toBe(program)
    expect(shared.get(one, dataset, 11)).not.toBe(program)
    const step = new TrainingStep(alone, data, 10)
    const [own, foreign] = [one, other].map((model) => new TrainingStep(model, data, 10, { shared }))
    const sampler = new BatchSampler({ rows: data.rows, batchSize: 10 })
    const elsewhere = new BatchSampler({ rows: data.rows, batchSize: 10, seed: 9 })
    const rule = sgd({ learningRate: 0.1 }).rule(0)
    for (let i = 0; i < 15; i++) {
      const rows = sampler.next()
      foreign.run(i % 2 ? rows : elsewhere.next(), rule)
      expect(own.run(rows, rule)).toBe(step.run(rows, rule))
      expect(own.correct).toBe(step.correct)
    }
    expect(one.parametersDigest()).toBe(alone.parametersDigest())
  })
})
