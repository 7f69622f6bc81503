import { describe, expect, it } from 'vitest'
import { createNativeBackend, nativeStatus } from '#native'
import { createJsBackend } from '../../src/backend/js/index.js'
import { NativeMlpError } from '../../src/core/errors.js'
import type { Samples } from '../../src/data/samples.js'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/io/checkpoint-file.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { CheckpointEvent, EpochEvent, EvaluationEvent, StepEvent } from '../../src/train/callbacks.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { fit as runFit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import type { FitResult } from '../../src/train/fit-result.js'
import { adam, adamW, momentum, sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve } from './toy-data.js'

const optimizer = sgd({ learningRate: 0.3, l2: 0.001 })
const train = clusters(53)
const valid = clusters(40, 2)
const options: FitOptions = { optimizer, valid, epochs: 4, batchSize: 10, evaluateEvery: 2 }

interface Run {
  /** null where the run ended with `error` */
  readonly result: Omit<FitResult, 'timing'> | null
  readonly error: NativeMlpError | null
  readonly digest: string
  readonly epochs: readonly EpochEvent[]
  readonly steps: readonly number[]
  readonly evaluations: readonly EvaluationEvent[]
  readonly checkpoints: readonly TrainingCheckpoint[]
}

/** Trains, and notes everything that is handed out. */
async function run(model: MLP, data: Samples, given: FitOptions): Promise<Run> {
  const [epochs, steps, evaluations]: [EpochEvent[], number[], EvaluationEvent[]] = [[], [], []]
  const checkpoints: TrainingCheckpoint[] = []
  const callbacks = {
    onStep: ({ step }: StepEvent) => void steps.push(step),
    onEvaluation: (event: EvaluationEvent) => void evaluations.push(event),
    onEpoch: (event: EpochEvent) => void epochs.push(event),
    onCheckpoint: ({ checkpoint }: CheckpointEvent) => void checkpoints.push(checkpoint),
  }
  let result: Run['result'] = null
  let error: NativeMlpError | null = null
  try {
    const { timing: _, ...rest } = await runFit(model, data, { ...given, callbacks })
    result = rest
  } catch (thrown) {
    if (!(thrown instanceof NativeMlpError)) throw thrown
    error = thrown
  }
  return { result, error, digest: model.parametersDigest(), epochs, steps, evaluations, checkpoints }
}

/** Whether what came before a checkpoint and what came after it make up the whole run. */
function expectSame(whole: Run, before: Run, after: Run): void {
  expect(after.error).toEqual(whole.error)
  expect(after.result).toEqual(whole.result)
  expect(after.digest).toBe(whole.digest)
  for (const key of ['steps', 'evaluations', 'epochs'] as const) {
    expect([...before[key], ...after[key]], key).toEqual(whole[key])
  }
}

/** What a checkpoint is once it has been a file. */
function throughFile(checkpoint: TrainingCheckpoint): TrainingCheckpoint {
  return decodeCheckpoint(encodeCheckpoint(checkpoint), 'checkpoint')
}

/** A signal that has fired from the nth time on that it is asked: each place where a run can be stopped, in turn. */
function firingAt(n: number) {
  let asked = 0
  return {
    get aborted() {
      return asked++ >= n
    },
    reason: 'enough',
    addEventListener: () => {},
    removeEventListener: () => {},
  }
}

const CASES: [string, Partial<FitOptions>][] = [
  ['shuffled batches with a smaller last one', {}],
  ['batches drawn with replacement', { sampling: 'replacement', seed: 5 }],
  ['epochs that are no passes over the rows', { stepsPerEpoch: 4 }],
  ['early stopping', { patience: 2, epochs: 20 }],
  ['evaluations of every set at the end of each epoch', { evaluateEvery: undefined, evaluateOn: ['train', 'valid'] }],
  ['the last parameters kept', { keepBest: false }],
  ['momentum', { optimizer: momentum({ learningRate: 0.1, l2: 0.001, nesterov: true }) }],
  ['AdamW', { optimizer: adamW({ learningRate: 0.03, weightDecay: 0.1 }), sampling: 'replacement' }],
]

describe.each(BACKENDS)('a run resumed from a checkpoint on %s', (_, backend) => {
  // 17 units: wider than a panel of the native layout, and not a multiple of one
  const make = (change: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 17, 3], backend, ...change })
  /** A model that owes nothing to the one that was trained. */
  const other = () => make({ seed: 77 })

  it.each(CASES)('equals an uninterrupted one, from every step: %s', async (_, change) => {
    const all = { ...options, ...change }
    const whole = await run(make(), train, { ...all, checkpointEveryMs: 0 })
    expect(whole.result!.stopped).toBe(change.patience ? 'early' : 'completed')
    expect(whole.checkpoints.map(({ step }) => step)).toEqual(whole.steps.slice(1))
    for (const resume of whole.checkpoints) {
      const resumed = await run(other(), train, { ...all, resume: throughFile(structuredClone(resume)) })
      const before = {
        ...whole,
        steps: whole.steps.slice(0, resume.step),
        evaluations: whole.evaluations.filter(({ entry }) => entry.step < resume.step),
        epochs: whole.epochs.filter(({ steps }) => steps <= resume.step),
      }
      expectSame(whole, before, resumed)
      const { best, history } = resumed.result!
      expect(history).toContain(best)
    }
  })

  it.each(CASES)('equals an uninterrupted one, wherever its signal fired: %s', async (_, change) => {
    const all = { ...options, ...change, checkpointEveryMs: 1e9 }
    const whole = await run(make(), train, all)
    let places = 0
    for (; ; places++) {
      const first = await run(make(), train, { ...all, signal: firingAt(places) })
      if (first.result) break
      expect(first.error).toMatchObject({ code: 'ABORTED', message: `fit at step ${first.steps.length}: aborted` })
      expect(first.checkpoints.map(({ step }) => step)).toEqual([first.steps.length])
      expectSame(whole, first, await run(other(), train, { ...all, resume: throughFile(first.checkpoints[0]) }))
    }
    // before each step, in each evaluation, and in the look for dead units after it
    expect(places).toBeGreaterThanOrEqual(whole.steps.length + 2 * whole.evaluations.length)
  })

  it.each(CASES)('equals an uninterrupted one, paused at every step: %s', async (_, change) => {
    const all = { ...options, ...change, checkpointEveryMs: 1e9 }
    const whole = await run(make(), train, all)
    const total = whole.steps.length
    let resume: TrainingCheckpoint | undefined
    for (let untilStep = 1; untilStep < total; untilStep++) {
      const part: Run = await run(resume ? other() : make(), train, { ...all, untilStep, resume })
      expect(part.result).toMatchObject({ stopped: 'paused', steps: untilStep })
      expect(part.checkpoints).toHaveLength(1)
      resume = throughFile(part.checkpoints[0])
    }
    const last = await run(other(), train, { ...all, untilStep: total, resume: resume! })
    expect(last.result).toEqual(whole.result)
    expect(last.digest).toBe(whole.digest)
    expect(last.checkpoints).toEqual([])
  })

  it('leaves a paused model with the best so far, and says how far it is when it goes on', async () => {
    const model = make()
    const paused = await run(model, train, { ...options, untilStep: 9 })
    expect(paused.result!.best).toBe(paused.result!.history[paused.checkpoints[0].best!])
    const kept = make()
    kept.setParameters(paused.checkpoints[0].bestParameters!)
    expect(model.parametersDigest()).toBe(kept.parametersDigest())
    const started: object[] = []
    const callbacks = { onStart: (event: object) => void started.push(event) }
    await runFit(other(), train, { ...options, resume: paused.checkpoints[0], callbacks })
    expect(started).toEqual([{ epochs: 4, stepsPerEpoch: 6, batchSize: 10, totalSteps: 24, step: 9, rows: 53 }])
  })

  it('stops at once where it has been paused already', async () => {
    const { checkpoints } = await run(make(), train, { ...options, untilStep: 7 })
    const again = await run(other(), train, { ...options, untilStep: 7, resume: checkpoints[0] })
    expect(again).toMatchObject({ result: { stopped: 'paused', steps: 7 }, steps: [] })
    expect(again.checkpoints).toEqual(checkpoints)
  })

  it('can go on for longer than was planned', async () => {
    const { checkpoints } = await run(make(), train, { ...options, epochs: 3, untilStep: 16 })
    const longer = await run(other(), train, { ...options, epochs: 9, resume: checkpoints[0] })
    const whole = await run(make(), train, { ...options, epochs: 9 })
    expect(longer).toMatchObject({ result: whole.result, digest: whole.digest })
    const message = expect.stringMatching(/^epochs: expected at least 3, because the checkpoint is at step 16, got 2$/)
    const shorter = await run(other(), train, { ...options, epochs: 2, resume: checkpoints[0] })
    expect(shorter.error).toMatchObject({ code: 'INVALID_ARGUMENT', message })
  })

  it('equals an uninterrupted regression, whose accuracies are NaN', async () => {
    const regression = () => new MLP({ layers: [2, 9, 2], loss: 'meanSquaredError', activation: 'gelu', backend })
    const given = { optimizer, valid: curve(30, 2), epochs: 3, batchSize: 7, checkpointEveryMs: 0 }
    const whole = await run(regression(), curve(40), given)
    for (const resume of whole.checkpoints) {
      const resumed = await run(regression(), curve(40), { ...given, resume })
      expect(resumed).toMatchObject({ result: whole.result, digest: whole.digest })
    }
  })

  it('reports the collapse that was seen before', async () => {
    const dead = make()
    const parameters = dead.getParameters()
    parameters[0].biases.fill(-1000)
    dead.setParameters(parameters)
    const still = { ...options, optimizer: sgd({ learningRate: 0 }), epochs: 1 }
    const { checkpoints } = await run(dead, train, { ...still, untilStep: 2 })
    const { result } = await run(other(), train, { ...still, resume: checkpoints[0] })
    expect(result!.collapsed).toEqual({ step: 0, deadShare: 1 })
  })

  it('fails at the same step when its numbers overflow, from whatever step it goes on', async () => {
    const wild = { ...options, optimizer: sgd({ learningRate: 1e25 }), evaluateEvery: undefined, checkpointEveryMs: 0 }
    const slow = { ...options, optimizer: sgd({ learningRate: 30, l2: 1 }), epochs: 60, checkpointEveryMs: 0 }
    for (const given of [wild, slow]) {
      const whole = await run(make(), train, given)
      expect(whole.error).toMatchObject({ code: 'NOT_FINITE' })
      expect(whole.checkpoints.length).toBeGreaterThan(0)
      for (const resume of whole.checkpoints) {
        const resumed = await run(other(), train, { ...given, resume })
        expect(resumed.error).toEqual(whole.error)
      }
    }
  })

  it('is not fooled by an ABORTED that is not its own', async () => {
    const seen: unknown[] = []
    const callbacks = {
      onEvaluation: () => Promise.reject(new NativeMlpError('ABORTED', 'mine')),
      onCheckpoint: (event: unknown) => void seen.push(event),
    }
    await expect(runFit(make(), train, { ...options, callbacks })).rejects.toThrow('mine')
    expect(seen).toEqual([])
  })

  it('waits for onCheckpoint, and ends with what it throws', async () => {
    const onCheckpoint = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      throw new Error('disk full')
    }
    const failing = { ...options, checkpointEveryMs: 0, callbacks: { onCheckpoint } }
    await expect(runFit(make(), train, failing)).rejects.toThrow('disk full')
    await expect(runFit(make(), train, { ...failing, signal: AbortSignal.abort() })).rejects.toThrow('disk full')
  })

  it('hands out checkpoints of their own, which training leaves alone', async () => {
    const copies: TrainingCheckpoint[] = []
    const kept: TrainingCheckpoint[] = []
    const onCheckpoint = ({ checkpoint }: CheckpointEvent) => {
      kept.push(checkpoint)
      copies.push(structuredClone(checkpoint))
    }
    await runFit(make(), train, { ...options, checkpointEveryMs: 0, callbacks: { onCheckpoint } })
    expect(kept).toEqual(copies)
  })
})

const status = nativeStatus()

describe.runIf(status.available)('on any instruction set and number of threads', () => {
  const isas = status.available ? status.isas : []
  const backends = isas.flatMap((isa) => [1, 2].map((threads) => createNativeBackend({ isa, threads })))
  const wide = (at: number) => new MLP({ layers: [4, 65, 17, 3], backend: backends[at % backends.length] })

  it.each([
    optimizer,
    momentum({ learningRate: 0.1, l2: 0.01 }),
    momentum({ learningRate: 0.1, nesterov: true }),
    adam({ learningRate: 0.01, l2: 0.01, l2Biases: true }),
    adamW({ learningRate: 0.02 }),
  ])('a run goes on with the same bits: $config.name', async (optimizer) => {
    expect(backends.length).toBeGreaterThan(1)
    const given = { ...options, optimizer }
    const whole = await run(wide(0), train, given)
    let resume: TrainingCheckpoint | undefined
    for (let step = 1; step < 24; step++) {
      resume = throughFile((await run(wide(step), train, { ...given, untilStep: step, resume })).checkpoints[0])
    }
    const last = await run(wide(24), train, { ...given, resume })
    expect(last).toMatchObject({ result: whole.result, digest: whole.digest })
  })
})

describe('a checkpoint', () => {
  const backend = createJsBackend()
  const make = (change: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 5, 3], backend, ...change })
  const given = { ...options, patience: 50 }
  const resumable = async () => (await run(make(), train, { ...given, untilStep: 3 })).checkpoints[0]

  it.each<[string, Partial<FitOptions>, string]>([
    [
      'another learning rate',
      { optimizer: sgd({ learningRate: 0.2, l2: 0.001 }) },
      'optimizer.learningRate: .* 0.3, .* 0.2',
    ],
    ['another L2 term', { optimizer: sgd({ learningRate: 0.3 }) }, 'optimizer.l2: .* 0.001, .* 0'],
    [
      'L2 on biases',
      { optimizer: sgd({ learningRate: 0.3, l2: 0.001, l2Biases: true }) },
      'optimizer.l2Biases: .*false.*true',
    ],
    ['another batch size', { batchSize: 12 }, 'batchSize: .* 10, .* 12'],
    ['another length of the epochs', { stepsPerEpoch: 5 }, 'stepsPerEpoch: .* 6, .* 5'],
    ['another sampling', { sampling: 'replacement' }, 'sampling: .* "shuffle", .* "replacement"'],
    ['another seed', { seed: 2 }, 'seed: .* 1, .* 2'],
    ['other evaluations', { evaluateEvery: 3 }, 'evaluateEvery: .* 2, .* 3'],
    ['other sets to evaluate', { evaluateOn: ['train', 'valid'] }, 'evaluateOn: .* "valid", .* "train,valid"'],
    ['other parameters to keep', { keepBest: false }, 'keepBest: .* true, .* false'],
    ['another patience', { patience: 7 }, 'patience: .* 50, .* 7'],
    ['no early stopping', { patience: null }, 'patience: .* 50, .* null'],
    ['a stop at a collapse', { stopOnCollapse: true }, 'stopOnCollapse: .* false, .* true'],
    ['fewer rows to validate', { valid: valid.take(39) }, 'valid.rows: .* 40, .* 39'],
    ['other rows to validate', { valid: clusters(40, 3) }, 'valid.digest: '],
    ['an end before it', { untilStep: 2 }, 'untilStep: expected an integer >= 3, got 2'],
  ])('does not go on with %s', async (_, change, message) => {
    const { error } = await run(make(), train, { ...given, ...change, resume: await resumable() })
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(new RegExp(message)) })
  })

  it.each<[string, Partial<MLPOptions>, RegExp]>([
    ['layers', { layers: [4, 6, 3] }, /^resume: layers: .*"4-5-3", this run has "4-6-3"$/],
    ['activation', { activation: 'tanh' }, /^resume: activation: .*"relu", this run has "tanh"$/],
  ])('does not go on in a model with other %s', async (_, change, message) => {
    const { error } = await run(make(change), train, { ...given, resume: await resumable() })
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
  })

  it('does not go on with other rows, or the same in another order', async () => {
    const resume = await resumable()
    const message = (data: Samples) => run(make(), data, { ...given, resume }).then(({ error }) => error?.message)
    const reversed = train.subset(Array.from(train.rows).reverse())
    expect(await message(reversed)).toMatch(/^resume: train\.digest: /)
    const values = train.values.slice()
    values[0] += 1
    expect(await message(Object.assign(train.take(53), { values }))).toMatch(/^resume: train\.digest: /)
    // the same rows in other arrays are the same rows
    const moved = clusters(53).subset(Array.from({ length: 53 }, (_, i) => i))
    expect(await message(moved)).toBeUndefined()
  })

  describe('of an optimizer with memory', () => {
    const adamOptions = { learningRate: 0.01, beta1: 0.9, beta2: 0.99 }
    const withAdam = { ...given, optimizer: adam(adamOptions) }
    const ofAdam = async () => (await run(make(), train, { ...withAdam, untilStep: 3 })).checkpoints[0]

    it.each<[string, Partial<FitOptions>, RegExp]>([
      ['beta1', { optimizer: adam({ ...adamOptions, beta1: 0.8 }) }, /^resume: optimizer\.beta1: .* 0\.9, .* 0\.8$/],
      ['beta2', { optimizer: adam({ ...adamOptions, beta2: 0.9 }) }, /^resume: optimizer\.beta2: .* 0\.99, .* 0\.9$/],
      [
        'epsilon',
        { optimizer: adam({ ...adamOptions, epsilon: 1e-6 }) },
        /^resume: optimizer\.epsilon: .* 1e-8, .* 0\.000001$/,
      ],
      ['name', { optimizer: sgd({ learningRate: 0.01 }) }, /^resume: optimizer\.name: .* "adam", .* "sgd"$/],
      ['name', { optimizer: adamW({ learningRate: 0.01 }) }, /^resume: optimizer\.name: .* "adam", .* "adamW"$/],
    ])('does not go on with another %s', async (_, change, message) => {
      const { error } = await run(make(), train, { ...withAdam, ...change, resume: await ofAdam() })
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
    })

    it('does not go on with slots of other names or shapes, leaving the model as it is', async () => {
      const resume = await ofAdam()
      const { firstMoment, secondMoment } = resume.slots
      expect(Object.keys(resume.slots)).toEqual(['firstMoment', 'secondMoment'])
      const short = secondMoment.map((layer, l) => (l === 1 ? { ...layer, biases: layer.biases.slice(1) } : layer))
      const cases: [object, RegExp][] = [
        [{}, /^resume: slots of the optimizer: .*"", this run has "firstMoment, secondMoment"$/],
        [{ firstMoment }, /^resume: slots of the optimizer: .*"firstMoment", this run/],
        [{ firstMoment, momentum: secondMoment }, /^resume: slots of the optimizer: .*"firstMoment, momentum"/],
        [{ firstMoment, secondMoment, momentum: firstMoment }, /^resume: slots of the optimizer: /],
        [{ firstMoment, secondMoment: short }, /^resume\.slots\.secondMoment\[1\]\.biases: .* length 3, /],
        [
          { firstMoment: firstMoment.slice(1), secondMoment },
          /^resume\.slots\.firstMoment\[0\]\.weights: .* length 20/,
        ],
        [{ firstMoment: null, secondMoment }, /^resume\.slots\.firstMoment\[0\]\.weights: /],
        [{ firstMoment: [...firstMoment, firstMoment[1]], secondMoment }, /^resume\.slots\.firstMoment: .*2 layers/],
      ]
      for (const [slots, message] of cases) {
        const model = make()
        const before = model.parametersDigest()
        const { error } = await run(model, train, { ...withAdam, resume: { ...resume, slots: slots as never } })
        expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
        expect(model.parametersDigest()).toBe(before)
      }
      const sgdSlots = { ...(await resumable()), slots: { momentum: firstMoment } }
      expect((await run(make(), train, { ...given, resume: sgdSlots })).error!.message).toMatch(
        /^resume: slots of the optimizer: .*"momentum", this run has ""$/,
      )
    })

    it('holds what the optimizer remembers as torch.optim does, in the shapes of the parameters', async () => {
      const one = { ...withAdam, optimizer: adam({ learningRate: 0.01 }), valid: undefined, patience: null }
      const [first] = (await run(make(), train, { ...one, untilStep: 1 })).checkpoints
      const { firstMoment, secondMoment } = first.slots
      expect(first.parameters.map(({ weights, biases }) => [weights.length, biases.length])).toEqual([
        [20, 5],
        [15, 3],
      ])
      firstMoment.forEach(({ weights, biases }, l) => {
        for (const [m, v] of [
          [weights, secondMoment[l].weights],
          [biases, secondMoment[l].biases],
        ]) {
          expect(m.some((value) => value !== 0)).toBe(true)
          // after one step m = 0.1 g and v = 0.001 g^2
          m.forEach((value, i) => {
            expect(Math.abs(v[i] - 0.1 * value ** 2)).toBeLessThan(1e-6 * v[i] + 1e-30)
          })
        }
      })
    })
  })

  it('does not go on in another numeric family', async () => {
    const resume = { ...(await resumable()), family: { name: 'native', contract: 1 } as const }
    const { error } = await run(make(), train, { ...given, resume })
    expect(error!.message).toMatch(/^resume: numeric family: .*"native, contract 1", this run has "js, contract \d+"$/)
    const old = { ...(await resumable()), family: { name: 'js', contract: 0 } as const }
    expect((await run(make(), train, { ...given, resume: old })).error!.message).toMatch(/"js, contract 0"/)
  })

  it('leaves the model as it is when it is refused', async () => {
    const model = make({ seed: 9 })
    const before = model.parametersDigest()
    const resume = await resumable()
    const sampler = { ...resume.sampler, position: 1000 }
    for (const wrong of [
      { ...resume, step: -1 },
      { ...resume, sampler },
      { ...resume, parameters: [] },
    ]) {
      expect((await run(model, train, { ...given, resume: wrong })).error).toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    const without = (key: keyof TrainingCheckpoint) => ({ ...resume, [key]: undefined })
    const partial = (['family', 'layers', 'history', 'patience', 'slots', 'epoch', 'sampler'] as const).map(without)
    for (const nonsense of [null, 'x', {}, { parameters: [] }, ...partial]) {
      const refused = runFit(model, train, { ...given, resume: nonsense as never })
      await expect(refused).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^resume/),
      })
    }
    expect(model.parametersDigest()).toBe(before)
  })

  it.each([
    ['untilStep', 0],
    ['untilStep', 1.5],
    ['checkpointEveryMs', -1],
    ['checkpointEveryMs', Number.NaN],
  ])('is not asked for with %s: %s', async (name, value) => {
    const { error } = await run(make(), train, { ...given, [name]: value })
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) })
  })
})
