import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { encodeStep, PLAIN, STEP_VALUES, type TrainingParts, trainingProgram } from '../../src/backend/program.js'
import { type Samples, samples } from '../../src/data/samples.js'
import { datasetOf } from '../../src/model/datasets.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { Augmentation } from '../../src/train/augmentation.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { adam, momentum, type Optimizer, sgd, slotNames, slotsFor } from '../../src/train/optimizers.js'
import { TrainingStep } from '../../src/train/step.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve, DIGITS, pixels } from './toy-data.js'

/** Turns of the event loop while work is done. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const count = () => {
    if (isOver) return
    turns++
    setImmediate(count)
  }
  setImmediate(count)
  await work()
  isOver = true
  return turns
}

const ALL_PARTS: TrainingParts = {
  dropout: true,
  mixes: true,
  clips: true,
  limitsNorms: true,
  averages: true,
  firstTrained: 0,
}
const ALL_VALUES = {
  dropoutKey: 9,
  dropoutRate: 0.3,
  smoothing: 0.1,
  clipNorm: 0.2,
  maxNorm: 0.9,
  averageShare: 0.25,
  mixShare: 0.3,
}

/** Three steps on the same rows, each in parts of `work`, or whole: what they leave. */
function trained(
  backend: Backend,
  options: MLPOptions,
  data: Samples,
  optimizer: Optimizer,
  work: number | null,
  parts: TrainingParts = PLAIN,
) {
  const model = new MLP({ ...options, seed: 3, backend })
  const rows = data.rows.slice(3)
  const dataset = datasetOf(backend, data, 'train')
  const program = backend.compile(trainingProgram(dataset, rows.length, model.layers, model.loss, parts))
  const rowLosses = new Float64Array(Math.max(32, rows.length))
  const truth = data.labels ?? data.targets
  const slots = slotsFor(model, slotNames(optimizer.rule(0), { averageDecay: 0 }))
  const memory = { parameters: model.parameters, slots, truth, rowLosses, predicted: null, outputs: null }
  const average = parts.averages ? model.snapshot() : null
  const rowWeights = parts === PLAIN ? null : Float32Array.from({ length: data.rows.length }, (_, r) => 1 + (r % 3))
  const step = parts === PLAIN ? null : encodeStep(ALL_VALUES, new Float64Array(STEP_VALUES))
  const arenas = { ...memory, average, rowWeights, step }
  const correct: number[] = []
  let count = 0
  for (let step = 0; step < 3; step++) {
    if (work === null) {
      correct.push(backend.run(program, rows, arenas, optimizer.rule(step)))
      continue
    }
    const run = backend.divide(program, rows, arenas, optimizer.rule(step))
    const before = model.snapshot()
    for (let result: number | null = null; result === null; count++) {
      if (!run.isUpdating && !before.every((value, i) => value === model.parameters[i]))
        throw new Error('updated early')
      result = run.next(work)
      if (result !== null) correct.push(result)
    }
  }
  return { left: { digest: model.parametersDigest(), rowLosses, slots, average, correct }, parts: count }
}

describe.each(BACKENDS)('a step in parts on %s', (_, backend) => {
  const cases: [string, MLPOptions, Samples, Optimizer][] = [
    ['dense rows', { layers: [4, 40, 20, 3] }, clusters(150), sgd({ learningRate: 0.1, l2: 0.01 })],
    ['sparse bytes', { layers: [20, 33, 4], activation: 'gelu' }, pixels(300), momentum({ learningRate: 0.1 })],
    ['sparse floats', { layers: [20, 70, 4] }, floats(pixels(90)), adam({ learningRate: 0.01 })],
    [
      'targets',
      { layers: [2, 17, 2], activation: 'tanh', loss: 'meanSquaredError' },
      curve(80),
      sgd({ learningRate: 0.1 }),
    ],
    ['one layer', { layers: [4, 3] }, clusters(40), sgd({ learningRate: 0.1, l2: 0.1, l2Biases: true })],
    [
      'yes or no',
      { layers: [4, 9, 1], loss: 'binaryCrossEntropy', activation: 'sigmoid' },
      clusters(70, 1, 4, 2),
      adam({ learningRate: 0.1 }),
    ],
  ]

  it.each(cases)('has the bits of a whole one: %s', (_, options, data, optimizer) => {
    const whole = trained(backend, options, data, optimizer, null).left
    for (const work of [500, 1e4, 1e9]) {
      const { left, parts } = trained(backend, options, data, optimizer, work)
      expect(left, `parts of ${work}`).toEqual(whole)
      if (work === 500) expect(parts).toBeGreaterThan(3 * 4)
      if (work === 1e9) expect(parts).toBe(3)
    }
  })

  it.each(cases)('has the bits of a whole one with all that a step can do: %s', (_, options, data, optimizer) => {
    for (const parts of [
      ALL_PARTS,
      { ...ALL_PARTS, clips: false, mixes: false },
      { ...ALL_PARTS, dropout: false, firstTrained: 1 },
    ]) {
      if (parts.firstTrained >= options.layers.length - 1) continue
      const whole = trained(backend, options, data, optimizer, null, parts).left
      for (const work of [500, 1e4, 1e9]) {
        const { left, parts: count } = trained(backend, options, data, optimizer, work, parts)
        expect(left, `parts of ${work}`).toEqual(whole)
        if (work === 500) expect(count).toBeGreaterThan(3 * 4)
      }
    }
  })

  it('divides what takes time by the parameter: clipping, applying the rule and averaging', () => {
    const options: MLPOptions = { layers: [100, 200, 3] }
    const data = clusters(5, 1, 100)
    const optimizer = adam({ learningRate: 0.01 })
    const partsWith = (changed: Partial<TrainingParts>) => {
      const parts = { ...PLAIN, clips: true, ...changed }
      const whole = trained(backend, options, data, optimizer, null, parts).left
      const { left, parts: count } = trained(backend, options, data, optimizer, 1e5, parts)
      expect(left).toEqual(whole)
      return count
    }
    const plain = partsWith({})
    expect(plain).toBeGreaterThanOrEqual(3 * 5)
    expect(partsWith({ averages: true })).toBeGreaterThanOrEqual(plain + 3 * 2)
  })

  it('divides the resampling of images, with the bits of a whole one', async () => {
    const values = Uint8Array.from({ length: 400 * 784 }, (_, i) => (i * 7919) % 256)
    const labels = Int32Array.from({ length: 400 }, (_, i) => i % 4)
    const data = samples({ values, cols: 784, labels, imageShape: [28, 28] })
    const step = () => {
      const model = new MLP({ layers: [784, 3, 4], seed: 4, backend })
      const augmentation = new Augmentation(DIGITS, [28, 28], 1)
      return { model, step: new TrainingStep(model, data, 400, { augmentation }) }
    }
    const [whole, divided] = [step(), step()]
    const rule = sgd({ learningRate: 0.1 }).rule(0)
    const loss = whole.step.run(data.rows, rule, undefined, 2)
    let inParts = 0
    const turns = await turnsOf(async () => {
      inParts = await divided.step.runInParts(data.rows, rule, { epoch: 2, what: 'a step' })
    })
    expect(inParts).toBe(loss)
    expect(divided.model.parametersDigest()).toBe(whole.model.parametersDigest())
    if (backend.family.name === 'js') expect(turns).toBeGreaterThanOrEqual(2)
  })

  it('has the bits of a whole one where sums are longer than the buffers of a kernel', () => {
    const data = clusters(9000, 1, 3, 2)
    const options: MLPOptions = { layers: [3, 20, 2] }
    const optimizer = sgd({ learningRate: 0.1 })
    const whole = trained(backend, options, data, optimizer, null).left
    expect(trained(backend, options, data, optimizer, 1e5).left).toEqual(whole)
  })

  it('reports a loss that is not finite, and updates nothing', () => {
    const data = clusters(60)
    const model = new MLP({ layers: [4, 20, 3], backend })
    model.parameters.fill(1e30)
    const before = model.parametersDigest()
    const program = backend.compile(trainingProgram(datasetOf(backend, data, 'train'), 60, model.layers, model.loss))
    const arenas = { parameters: model.parameters, slots: null, truth: data.labels, predicted: null, outputs: null }
    const run = backend.divide(
      program,
      data.rows,
      { ...arenas, rowLosses: new Float64Array(60) },
      sgd({ learningRate: 1 }).rule(0),
    )
    let result: number | null = null
    while (result === null) result = run.next(500)
    expect(result).toBe(-1)
    expect(model.parametersDigest()).toBe(before)
    expect(backend.firstLayerNotFinite(program)).toBeGreaterThanOrEqual(0)
  })
})

/** The same rows as float32 values. */
function floats({ values, cols, labels }: Samples): Samples {
  return samples({ values: Float32Array.from(values), cols, labels: labels!, classes: 4 })
}

describe.each(BACKENDS)('the event loop on %s', (_, backend) => {
  const optimizer = sgd({ learningRate: 0.01 })
  // about 62 million multiply-adds for all rows: parts grow fourfold at most, from 8 million
  const wide = clusters(4000, 1, 60)
  const make = () => new MLP({ layers: [60, 120, 3], backend })

  it('turns within a long step, and not within short ones', async () => {
    const long = await turnsOf(() => fit(make(), wide, { epochs: 1, batchSize: 4000, optimizer, evaluateOn: [] }))
    expect(long).toBeGreaterThanOrEqual(2)
    const small = clusters(64)
    const model = new MLP({ layers: [4, 8, 3], backend })
    const short = await turnsOf(() =>
      fit(model, small, { epochs: 1, batchSize: 8, optimizer, evaluateOn: [], yieldEveryMs: 1e9 }),
    )
    expect(short).toBe(0)
  })

  it('turns while a large set is checked and measured, evaluated and predicted', async () => {
    const model = make()
    const values = new Float32Array(24_000 * 60).fill(0.5)
    const labels = new Int32Array(24_000)
    // 1.4 million values, of which a slice takes one million
    const many = samples({ values, cols: 60, labels, classes: 3 })
    expect(
      await turnsOf(() => fit(model, many, { optimizer, batchSize: 2, untilStep: 1, evaluateOn: [] })),
    ).toBeGreaterThanOrEqual(2)
    expect(await turnsOf(() => evaluate(model, many))).toBeGreaterThanOrEqual(3)
    expect(await turnsOf(() => model.predict(values))).toBeGreaterThanOrEqual(5)
  })

  it('lets a signal end a long step before it updates, as if it had not begun', async () => {
    const options = { epochs: 2, batchSize: 2000, optimizer, evaluateOn: [] as const }
    const whole = make()
    await fit(whole, wide, options)
    for (const sampling of ['shuffle', 'replacement'] as const) {
      const uninterrupted = make()
      await fit(uninterrupted, wide, { ...options, sampling })
      const model = make()
      const before = model.parametersDigest()
      const controller = new AbortController()
      let checkpoint: TrainingCheckpoint | undefined
      const callbacks = {
        onStart: () => void setImmediate(() => controller.abort()),
        onCheckpoint: (event: { checkpoint: TrainingCheckpoint }) => {
          checkpoint = event.checkpoint
        },
      }
      const run = fit(model, wide, { ...options, sampling, callbacks, signal: controller.signal })
      await expect(run).rejects.toMatchObject({ code: 'ABORTED', message: 'fit at step 0: aborted' })
      expect([model.parametersDigest(), checkpoint?.step]).toEqual([before, 0])
      const resumed = make()
      await fit(resumed, wide, { ...options, sampling, resume: checkpoint })
      expect(resumed.parametersDigest()).toBe(uninterrupted.parametersDigest())
    }
  })
})
