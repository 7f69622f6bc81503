import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/core/random.js'
import { type SamplesOptions, samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'

const ROWS = 4000
const COLS = 40

function arrays() {
  const random = randomStream(5, 'test')
  const values = Float32Array.from({ length: ROWS * COLS }, () => random.normal())
  const bytes = Uint8Array.from({ length: ROWS * COLS }, () => random.int(256))
  const labels = Int32Array.from({ length: ROWS }, () => random.int(3))
  const targets = Float32Array.from({ length: ROWS * 3 }, () => random.next())
  return { values, bytes, labels, targets }
}

/** Lets the call run up to its first pause, refills the caller's arrays, and waits. */
async function whileReused<T>(call: () => Promise<T>, reused: readonly (Float32Array | Uint8Array | Int32Array)[]) {
  const pending = call()
  for (const array of reused) array.fill(0)
  return await pending
}

describe.each(BACKENDS)('an array that its owner refills on %s', (_, backend) => {
  const make = (loss: 'softmaxCrossEntropy' | 'meanSquaredError' = 'softmaxCrossEntropy') =>
    new MLP({ layers: [COLS, 64, 3], loss, backend, seed: 2 })

  it.each(['values', 'bytes'] as const)('while predict runs does not change its results: %s', async (kind) => {
    const model = make()
    const expected = await model.predict(arrays()[kind])
    for (const rows of [ROWS, 20]) {
      const array = arrays()[kind].slice(0, rows * COLS)
      const { outputs } = await whileReused(() => model.predict(array), [array])
      expect(outputs).toEqual(expected.outputs.slice(0, rows * 3))
    }
  })

  it.each<[string, (given: ReturnType<typeof arrays>) => SamplesOptions, 'softmaxCrossEntropy' | 'meanSquaredError']>([
    ['floats and labels', ({ values, labels }) => ({ values, cols: COLS, labels }), 'softmaxCrossEntropy'],
    ['bytes and labels', ({ bytes, labels }) => ({ values: bytes, cols: COLS, labels }), 'softmaxCrossEntropy'],
    ['floats and targets', ({ values, targets }) => ({ values, cols: COLS, targets }), 'meanSquaredError'],
  ])('after samples() changes neither fit nor evaluate: %s', async (_, options, loss) => {
    const run = async (isReused: boolean) => {
      const model = make(loss)
      const given = arrays()
      const set = samples(options(given))
      const reused = isReused ? Object.values(given) : []
      const training = () => fit(model, set, { optimizer: sgd({ learningRate: 0.01 }), epochs: 1, yieldEveryMs: 0 })
      const { history } = await whileReused(training, reused)
      const { loss: after } = await whileReused(() => evaluate(model, set), reused)
      return { history, digest: model.parametersDigest(), after, outputs: (await model.predict(set)).outputs }
    }
    expect(await run(true)).toEqual(await run(false))
  })

  it('in shared memory is copied into shared memory', () => {
    const values = new Float32Array(new SharedArrayBuffer(16))
    const set = samples({ values, cols: 2 })
    values.fill(7)
    expect(set.values).toEqual(new Float32Array(4))
    expect(set.values.buffer).toBeInstanceOf(SharedArrayBuffer)
  })
})
