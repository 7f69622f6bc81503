import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { outputsOf, referenceFrom } from '../train/double-reference.js'
import { clusters, pixels } from '../train/toy-data.js'
import { BACKENDS } from './backends.js'

describe.each(BACKENDS)('predict on %s', (_, backend) => {
  it('gives the outputs, their softmax and the arg max of every row', async () => {
    const model = new MLP({ layers: [4, 9, 3], seed: 3, backend })
    const data = clusters(700)
    const { classes, probabilities, outputs } = await model.predict(data)
    const net = referenceFrom(model.getParameters(), {
      activation: 'relu',
      outputActivation: 'identity',
      loss: 'softmaxCrossEntropy',
    })
    expect([classes.length, probabilities.length, outputs.length]).toEqual([700, 2100, 2100])
    for (let r = 0; r < 700; r++) {
      const z = outputsOf(net, [...data.values.subarray(r * 4, r * 4 + 4)])
      const total = z.reduce((sum, value) => sum + Math.exp(value), 0)
      z.forEach((value, c) => {
        expect(outputs[r * 3 + c]).toBeCloseTo(value, 4)
        expect(probabilities[r * 3 + c]).toBeCloseTo(Math.exp(value) / total, 4)
      })
      const row = outputs.subarray(r * 3, r * 3 + 3)
      expect(classes[r]).toBe(row.indexOf(Math.max(...row)))
    }
  })

  it('takes only the rows of a set, in their order', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const data = clusters(50)
    const all = await model.predict(data)
    const some = await model.predict(data.subset([40, 3, 3, 17]))
    expect([...some.classes]).toEqual([40, 3, 3, 17].map((r) => all.classes[r]))
    expect(some.outputs.slice(0, 3)).toEqual(all.outputs.slice(120, 123))
  })

  it('reads bytes as the model does: unit or raw', async () => {
    const data = pixels(30)
    const bytes = data.values as Uint8Array
    for (const scale of ['unit', 'raw'] as const) {
      const model = new MLP({ layers: [20, 8, 4], inputScale: scale, backend })
      const floats = Float32Array.from(bytes, (byte) => (scale === 'unit' ? byte / 255 : byte))
      const fromBytes = await model.predict(bytes)
      expect(fromBytes.outputs).toEqual((await model.predict(floats)).outputs)
      const set = samples({ values: bytes, cols: 20, scale })
      expect((await model.predict(set)).outputs).toEqual(fromBytes.outputs)
    }
    const raw = new MLP({ layers: [20, 8, 4], inputScale: 'raw', backend })
    await expect(raw.predict(data)).rejects.toThrow(/inputs\.scale: expected 'raw'.*got 'unit'.*inputScale: 'unit'/)
  })

  it('sees an array that has changed since the last call', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const rows = new Float32Array(8).fill(1)
    const before = await model.predict(rows)
    rows.fill(-2)
    expect((await model.predict(rows)).outputs).not.toEqual(before.outputs)
    rows[3] = Number.NaN
    await expect(model.predict(rows)).rejects.toThrow(/inputs\[0\]\[3\].*NaN/)
  })

  it('gives raw outputs for regression', async () => {
    const model = new MLP({ layers: [2, 3, 2], loss: 'meanSquaredError', outputActivation: 'tanh', backend })
    const { classes, probabilities, outputs } = await model.predict(Float32Array.of(0.5, -0.5, 3, 4))
    expect([classes.length, probabilities.length, outputs.length]).toEqual([0, 0, 4])
    expect(outputs.every((value) => Math.abs(value) <= 1)).toBe(true)
  })

  it('refuses rows that do not fit', async () => {
    const model = new MLP({ layers: [4, 3], backend })
    await expect(model.predict(new Float32Array(6))).rejects.toThrow(/row of 4 values/)
    await expect(model.predict(new Float32Array(0))).rejects.toThrow(/at least one/)
    await expect(model.predict(Float32Array.of(1, 2, 3, 4, 5, 6, Number.NaN, 8))).rejects.toThrow(
      /inputs\[1\]\[2\]: expected a finite number, got NaN/,
    )
    await expect(model.predict(samples({ values: new Float32Array(6), cols: 3 }))).rejects.toThrow(/inputs\.cols/)
    await expect(model.predict([1, 2, 3, 4] as never)).rejects.toThrow(/inputs: expected Samples/)
    await expect(model.predict(new Float32Array(4), { sgnal: 1 } as never)).rejects.toThrow(/'signal'/)
  })

  it('stops when its signal fires', async () => {
    const model = new MLP({ layers: [4, 3], backend })
    await expect(model.predict(new Float32Array(4), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    })
  })
})
