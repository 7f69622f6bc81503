import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { createNativeBackend, nativeStatus } from '../../src/backend/native.js'
import { WARP_VALUES } from '../../src/backend/warp.js'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { Augmentation } from '../../src/train/augmentation.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { momentum, sgd } from '../../src/train/optimizers.js'
import { TrainingStack } from '../../src/train/stack.js'
import { BACKENDS } from '../model/backends.js'
import { pausedAt } from './paused-at.js'
import { DIGITS, pixels } from './toy-data.js'

/** Changes only with the numeric contract, the initial weights, the batches or the augmentation. */
const PINNED = '95b8558f220b08d0'

const HEIGHT = 12
const WIDTH = 10
const flat = pixels(90, 1, HEIGHT * WIDTH)
const { values, labels } = flat
const train = samples({ values, cols: HEIGHT * WIDTH, labels: labels!, imageShape: [HEIGHT, WIDTH] })
const floats = samples({
  values: Float32Array.from(values, (byte) => Math.fround(byte / 255)),
  cols: HEIGHT * WIDTH,
  labels: labels!,
  imageShape: [HEIGHT, WIDTH],
})
/** 90 rows in batches of 16: the last of an epoch is short */
const options: FitOptions = { optimizer: momentum({ learningRate: 0.05 }), epochs: 4, batchSize: 16, ...DIGITS }
const make = (backend: Backend, seed = 3) => new MLP({ layers: [HEIGHT * WIDTH, 40, 10, 4], seed, backend })

async function digest(backend: Backend, changes: Partial<FitOptions> = {}, data = train): Promise<string> {
  const model = make(backend)
  await fit(model, data, { ...options, ...changes })
  return model.parametersDigest()
}

describe.each(BACKENDS)('augmentation on %s', (_, backend) => {
  it('trains to the same bits when resumed in the middle of an epoch', async () => {
    const resume = await pausedAt(9, make(backend), train, options)
    const model = make(backend, 99)
    await fit(model, train, { ...options, resume: structuredClone(resume) })
    expect(model.parametersDigest()).toBe(await digest(backend))
    const other = fit(make(backend), train, { ...options, rotation: 11, resume })
    await expect(other).rejects.toThrow('resume: rotation: the checkpoint was made with 10, this run has 11')
  })

  it('trains to the same bits in a stack as alone', async () => {
    const stack = new TrainingStack()
    const runs = [0.05, 0.1].flatMap((learningRate) =>
      [{}, { rotation: 30 }, { elasticAlpha: 0 }].map((changes) => ({ optimizer: sgd({ learningRate }), ...changes })),
    )
    const digests = await Promise.all(
      runs.map(async (changes) => {
        const model = make(backend)
        await stack.fit(model, train, { ...options, ...changes })
        return model.parametersDigest()
      }),
    )
    for (const [i, changes] of runs.entries()) expect(digests[i]).toBe(await digest(backend, changes))
    expect(new Set(digests).size).toBe(runs.length)
  })

  it('evaluates the images as they are', async () => {
    const model = make(backend)
    const { history } = await fit(model, train, { ...options, optimizer: sgd({ learningRate: 0 }), epochs: 2 })
    const plain = await fit(make(backend), train, { optimizer: sgd({ learningRate: 0 }), batchSize: 16, epochs: 2 })
    expect(history).toEqual(plain.history)
  })

  it('depends on each of its options, the seed and the epoch, and takes floats', async () => {
    const changes: Partial<FitOptions>[] = [
      { elasticAlpha: 5 },
      { elasticSigma: 2 },
      { rotation: 0 },
      { scaling: 0.2 },
      { shear: 0 },
      { translation: 0 },
      { elasticAlpha: 0, rotation: 0, scaling: 0, shear: 0, translation: 0 },
    ]
    const digests = await Promise.all([{}, ...changes].map((each) => digest(backend, { epochs: 1, ...each })))
    digests.push(await digest(backend, { epochs: 1 }, floats))
    expect(new Set(digests).size).toBe(changes.length + 2)
  })
})

describe.runIf(nativeStatus().available)('augmented training', () => {
  const { isas = [] } = nativeStatus() as { isas?: readonly string[] }
  it.each(isas.flatMap((isa) => [1, 2, 3].map((threads) => ({ isa, threads }))))(
    'has pinned bits after 600 steps on $isa, $threads threads',
    async (variant) => {
      expect(await digest(createNativeBackend(variant), { epochs: 100 })).toBe(PINNED)
    },
  )
})

describe('the transformations', () => {
  const rows = Int32Array.from({ length: 4000 }, (_, i) => i)
  function of(augmentation: Augmentation, indices: Int32Array, epoch = 0): Int32Array {
    const into = new Int32Array(indices.length * WARP_VALUES)
    augmentation.transformations(indices, epoch, into)
    return into
  }
  const augmentation = new Augmentation(DIGITS, [28, 28], 1)
  const all = of(augmentation, rows)

  it('depend on the row, the epoch and the seed, and not on the batch', () => {
    expect(of(augmentation, Int32Array.of(17, 3999, 17))).toEqual(
      Int32Array.of(...[17, 3999, 17].flatMap((row) => [...all.subarray(row * WARP_VALUES, (row + 1) * WARP_VALUES)])),
    )
    const others = [of(augmentation, rows, 1), of(new Augmentation(DIGITS, [28, 28], 2), rows)]
    for (const other of others) {
      const same = rows.filter((row) => other[row * WARP_VALUES + 3] === all[row * WARP_VALUES + 3])
      expect(same.length).toBeLessThan(20)
    }
    const keys = new Set(rows.map((row) => all[row * WARP_VALUES]))
    expect(keys.size).toBeGreaterThan(rows.length - 5)
  })

  it('are uniform in their ranges about the centre', () => {
    const angles = rows.map((row) => {
      const [, , , xx, , , yx] = all.subarray(row * WARP_VALUES, (row + 1) * WARP_VALUES)
      return (1000 * Math.atan2(yx, xx) * 180) / Math.PI
    })
    const mean = angles.reduce((a, b) => a + b) / rows.length / 1000
    const square = angles.reduce((a, b) => a + b * b, 0) / rows.length / 1e6
    expect(Math.abs(mean)).toBeLessThan(0.4)
    expect(Math.sqrt(square)).toBeCloseTo(10 / Math.sqrt(3), 0)
    expect(Math.max(...angles.map(Math.abs))).toBeLessThanOrEqual(10_000)
    for (const row of rows) {
      const [, , x0, xx, xy, y0, yx, yy] = all.subarray(row * WARP_VALUES, (row + 1) * WARP_VALUES)
      expect(Math.abs(x0 + 13.5 * (xx + xy) - 13.5 * 65536)).toBeLessThanOrEqual(0.3 * 65536 + 30)
      expect(Math.abs(y0 + 13.5 * (yx + yy) - 13.5 * 65536)).toBeLessThanOrEqual(0.3 * 65536 + 30)
      expect(Math.hypot(xx, yx)).toBeGreaterThan(65536 / 1.1 - 2)
      expect(Math.hypot(xx, yx)).toBeLessThan(65536 * 1.1 + 2)
    }
  })

  it('displace the centre by 0.9 pixels (standard deviation) with alpha 22 and sigma 4', () => {
    const { spec } = new Augmentation({ ...DIGITS, rotation: 0, scaling: 0, shear: 0, translation: 0 }, [28, 28], 5)
    const [, backend] = BACKENDS[0]
    // a ramp shows the displacement in x as a change of value
    const image = Float32Array.from({ length: 784 }, (_, i) => i % 28)
    const count = 600
    const out = new Float32Array(count * 784)
    const warps = of(
      new Augmentation({ ...DIGITS, rotation: 0, scaling: 0, shear: 0, translation: 0 }, [28, 28], 5),
      rows.subarray(0, count),
    )
    backend.warp(backend.dataset(image, 1, 784, null), new Int32Array(count), warps, spec, out)
    const moved = Array.from({ length: count }, (_, n) => out[n * 784 + 14 * 28 + 14] - 14)
    const deviation = Math.sqrt(moved.reduce((sum, d) => sum + d * d, 0) / count)
    expect(deviation).toBeGreaterThan(0.82)
    expect(deviation).toBeLessThan(0.97)
  })
})

describe('fit names what is wrong', () => {
  const model = new MLP({ layers: [HEIGHT * WIDTH, 4], backend: BACKENDS[0][1] })
  it('with rows that are no images', async () => {
    await expect(fit(model, flat, { ...options, elasticAlpha: 0 })).rejects.toThrow(
      'rotation: expected 0 for rows that are not images, got 10; set imageShape: [height, width] if they are',
    )
    await expect(fit(model, flat, { optimizer: sgd({ learningRate: 0.1 }), epochs: 1 })).resolves.toBeDefined()
  })

  it.each([
    ['elasticAlpha', -1, 'a number from 0 to 1000'],
    ['elasticSigma', 0.4, 'a number from 0.5 to 100'],
    ['rotation', 181, 'a number from 0 to 180'],
    ['scaling', 1.1, 'a number from 0 to 1'],
    ['shear', Number.NaN, 'a number from 0 to 1'],
    ['translation', 1001, 'a number from 0 to 1000'],
  ])('%s', async (name, value, expected) => {
    await expect(fit(model, train, { ...options, [name]: value })).rejects.toThrow(
      `${name}: expected ${expected}, got ${value}`,
    )
  })
})
