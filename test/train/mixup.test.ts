import { describe, expect, it } from 'vitest'
import { NO_STEP_VALUES, PLAIN } from '../../src/backend/program.js'
import { type Samples, samples } from '../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { StepEvent } from '../../src/train/callbacks.js'
import { fit } from '../../src/train/fit.js'
import { mixupKeys, mixupShare } from '../../src/train/mixup.js'
import { sgd } from '../../src/train/optimizers.js'
import { TrainingStep } from '../../src/train/step.js'
import { EVERY_ISA } from '../model/backends.js'
import { clusters, curve, DIGITS, pixels } from './toy-data.js'

describe('the share of a step', () => {
  const keys = mixupKeys(1)
  const draws = (alpha: number, count = 4000) =>
    Array.from({ length: count }, (_, step) => mixupShare(alpha, keys, step)).sort((a, b) => a - b)

  /** Cumulative distributions of Beta(alpha, alpha) in closed form. */
  const closed: [number, (x: number) => number][] = [
    [0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [1, (x) => x],
    [2, (x) => 3 * x ** 2 - 2 * x ** 3],
    [3, (x) => 10 * x ** 3 - 15 * x ** 4 + 6 * x ** 5],
  ]

  it.each(closed)('has the distribution Beta(%d, alpha)', (alpha, cumulative) => {
    const sorted = draws(alpha)
    const distances = sorted.map((x, i) => Math.abs(cumulative(x) - (i + 0.5) / sorted.length))
    // Kolmogorov and Smirnov's bound at one in a hundred
    expect(Math.max(...distances)).toBeLessThan(1.63 / Math.sqrt(sorted.length))
  })

  it.each([0.1, 0.4, 1, 8, 100])('has mean 1/2 and the variance of alpha %d', (alpha) => {
    const values = draws(alpha)
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
    const expected = 1 / (4 * (2 * alpha + 1))
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(expected / values.length))
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.1)
  })

  it('is a share for any alpha', () => {
    for (const alpha of [5e-324, 1e-30, 1e-3, 1e30, 3.4e38]) {
      for (const x of draws(alpha, 50)) {
        expect(x >= 0 && x <= 1, `${alpha}: ${x}`).toBe(true)
        if (alpha < 1e-20) expect(x === 0 || x === 1).toBe(true)
        if (alpha > 1e20) expect(x).toBeCloseTo(0.5, 6)
      }
    }
  })

  it('depends on seed and step alone, and is the same on every engine', () => {
    expect(mixupShare(0.4, keys, 7)).toBe(mixupShare(0.4, mixupKeys(1), 7))
    expect(mixupShare(0.4, keys, 8)).not.toBe(mixupShare(0.4, keys, 7))
    expect(mixupShare(0.4, mixupKeys(2), 7)).not.toBe(mixupShare(0.4, keys, 7))
    expect([0, 1, 2].map((step) => mixupShare(0.4, keys, step))).toEqual(PINNED_SHARES)
  })
})

/** Change only with the generator or the elementary functions. */
const PINNED_SHARES = [0.41972088048593953, 0.029595941439739117, 0.010819326944220355]

const SHARE = 0.3
const ROWS = 21
const all = Int32Array.from({ length: ROWS }, (_, i) => i)
const next = (r: number) => (r + 1) % ROWS
const RULE = { kind: 'sgd', learningRate: 1, l2: 0, l2Biases: 0 } as const

/** The rows as a step mixes them, as floats, with the truth of the rows themselves or of the next ones. */
function mixed({ values, cols, table, labels, targets, classes }: Samples, ofNext: boolean): Samples {
  const meaning = (i: number) => (table === null ? values[i] : table[values[i]])
  const inputs = Float32Array.from({ length: ROWS * cols }, (_, i) => {
    const r = Math.floor(i / cols)
    const [own, other] = [r * cols + (i % cols), next(r) * cols + (i % cols)].map(meaning)
    return (1 - SHARE) * own + SHARE * other
  })
  const of = (r: number) => (ofNext ? next(r) : r)
  const outputs = targets === null ? 0 : targets.length / ROWS
  return samples({
    values: inputs,
    cols,
    ...(labels && { labels: Int32Array.from(all, (r) => labels[of(r)]), classes }),
    ...(targets && {
      targets: Float32Array.from(
        { length: ROWS * outputs },
        (_, i) => targets[of(Math.floor(i / outputs)) * outputs + (i % outputs)],
      ),
    }),
  })
}

/** Loss and gradient of a step at learning rate 1. */
function stepOn(
  model: MLP,
  data: Samples,
  mixShare: number | null,
  smoothing: number,
  rowWeights: Float32Array | null,
) {
  const before = model.getParameters()
  const parts = { ...PLAIN, mixes: mixShare !== null }
  const step = new TrainingStep(model, data, ROWS, { parts, rowWeights })
  const loss = step.run(all, RULE, { ...NO_STEP_VALUES, mixShare: mixShare ?? 0, smoothing })
  const gradient = model
    .getParameters()
    .flatMap(({ weights, biases }, l) => [
      ...weights.map((p, i) => before[l].weights[i] - p),
      ...biases.map((p, i) => before[l].biases[i] - p),
    ])
  return { loss, gradient, correct: step.correct }
}

const multiLabel = () => {
  const { values, targets } = curve(ROWS)
  return samples({ values, cols: 2, targets: targets!.map((t) => (t > 0 ? 1 : 0)) })
}

const CASES: [string, Partial<MLPOptions> & Pick<MLPOptions, 'layers'>, () => Samples, number][] = [
  ['classes of bytes', { layers: [20, 33, 4] }, () => pixels(ROWS), 0],
  ['classes of floats, with label smoothing', { layers: [4, 20, 9, 3], activation: 'gelu' }, () => clusters(ROWS), 0.1],
  ['a narrow first layer', { layers: [4, 3] }, () => clusters(ROWS), 0],
  ['two classes by one output', { layers: [4, 9, 1], loss: 'binaryCrossEntropy' }, () => clusters(ROWS, 1, 4, 2), 0.2],
  ['several labels', { layers: [2, 17, 2], loss: 'binaryCrossEntropy' }, multiLabel, 0],
  ['squared errors', { layers: [2, 17, 2], loss: 'meanSquaredError', activation: 'tanh' }, () => curve(ROWS), 0],
  ['Huber', { layers: [2, 17, 2], loss: 'huber', outputActivation: 'tanh' }, () => curve(ROWS), 0],
]

describe.each(EVERY_ISA)('mixup on %s', (_, backend) => {
  const make = (options: object) => new MLP({ seed: 4, backend, ...options } as MLPOptions)

  it.each(CASES)(
    '%s: mixes inputs, losses and gradients, each with the weight of its row',
    (_, options, load, smoothing) => {
      const data = load()
      const weights = Float32Array.from(all, (r) => 0.5 + (r % 3))
      for (const rowWeights of [null, weights]) {
        const actual = stepOn(make(options), data, SHARE, smoothing, rowWeights)
        const own = stepOn(make(options), mixed(data, false), null, smoothing, rowWeights)
        const ofNext = rowWeights && Float32Array.from(all, (r) => weights[next(r)])
        const other = stepOn(make(options), mixed(data, true), null, smoothing, ofNext)
        expect(actual.loss).toBeCloseTo((1 - SHARE) * own.loss + SHARE * other.loss, 6)
        actual.gradient.forEach((g, i) => {
          expect(g, `gradient ${i}`).toBeCloseTo((1 - SHARE) * own.gradient[i] + SHARE * other.gradient[i], 5)
        })
        expect(actual.correct).toBe(own.correct)
        const swapped = stepOn(make(options), data, 1 - SHARE, smoothing, rowWeights)
        expect(swapped.loss).not.toBe(actual.loss)
      }
    },
  )

  it.each(CASES)('%s: with a share of 0 or 1 trains on the rows, or the next ones, as they are', (_, options, load) => {
    const data = load()
    const [plain, none, whole] = [null, 0, 1].map((share) => {
      const model = make(options)
      const { loss, correct } = stepOn(model, data, share, 0, null)
      return { digest: model.parametersDigest(), loss, correct }
    })
    expect(none).toEqual(plain)
    // the same rows in another order
    expect(whole.loss).toBeCloseTo(plain.loss, 6)
    expect(whole.correct).toBe(plain.correct)
  })

  it('trains on bytes, images and targets, and learns', async () => {
    const images = samples({ ...plainOf(pixels(300, 1, 36)), imageShape: [6, 6] })
    const trainings: [object, Samples, object][] = [
      [{ layers: [20, 32, 4] }, pixels(300), { classWeights: 'balanced', labelSmoothing: 0.05 }],
      [{ layers: [36, 32, 4] }, images, DIGITS],
      [{ layers: [2, 32, 2], loss: 'meanSquaredError' }, curve(300), { dropout: 0.1 }],
    ]
    for (const [options, data, more] of trainings) {
      const losses: number[] = []
      const callbacks = { onEpoch: ({ loss }: { loss: number }) => void losses.push(loss) }
      await fit(make(options), data, { mixup: 0.4, epochs: 10, batchSize: 32, callbacks, ...more })
      expect(losses[9]).toBeLessThan(losses[0])
    }
  })
})

function plainOf({ values, cols, labels, classes }: Samples) {
  return { values, cols, labels: labels!, classes }
}

describe('fit with mixup', () => {
  const run = async (option: { mixup?: number }) => {
    const model = new MLP({ layers: [4, 8, 3] })
    const losses: number[] = []
    const callbacks = { onStep: ({ loss }: StepEvent) => void losses.push(loss) }
    const optimizer = sgd({ learningRate: 0.1 })
    await fit(model, clusters(40), { optimizer, epochs: 2, batchSize: 10, ...option, callbacks })
    return { digest: model.parametersDigest(), losses }
  }

  it('is off at 0, and other at every alpha and step', async () => {
    const plain = await run({})
    const [off, some, more] = [await run({ mixup: 0 }), await run({ mixup: 0.2 }), await run({ mixup: 2 })]
    expect(off).toEqual(plain)
    expect(new Set([plain, some, more].map(({ digest }) => digest)).size).toBe(3)
  })

  it.each([-0.1, Number.NaN, '1', null])('refuses %j', async (mixup) => {
    const running = fit(new MLP({ layers: [4, 8, 3] }), clusters(20), { mixup } as never)
    await expect(running).rejects.toThrow(/^mixup: expected a number from 0 to /)
  })
})
