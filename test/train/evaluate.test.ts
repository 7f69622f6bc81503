import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import { MLP } from '../../src/model/mlp.js'
import { evaluate, SetEvaluator } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { outputsOf, referenceFrom, rowLoss } from './double-reference.js'
import { clusters, curve } from './toy-data.js'

describe.each(BACKENDS)('evaluate on %s', (_, backend) => {
  it('agrees with a double-precision reference', async () => {
    const data = clusters(300, 5).subset(Array.from({ length: 200 }, (_, i) => 299 - i))
    const model = new MLP({ layers: [4, 9, 3], seed: 2, backend })
    const { loss, activation, outputActivation } = model
    const net = referenceFrom(model.getParameters(), { loss, activation, outputActivation })
    let total = 0
    const confusion = [0, 1, 2].map(() => [0, 0, 0])
    for (const row of data.rows) {
      const x = [...data.values.subarray(row * 4, row * 4 + 4)]
      const label = data.labels![row]
      total += rowLoss(net, x, label)
      const y = outputsOf(net, x)
      confusion[label][y.indexOf(Math.max(...y))]++
    }
    const result = await evaluate(model, data)
    expect(result.loss).toBeCloseTo(total / 200, 5)
    expect(result.confusion).toEqual(confusion)
    const correct = confusion[0][0] + confusion[1][1] + confusion[2][2]
    expect([result.correct, result.count, result.accuracy]).toEqual([correct, 200, correct / 200])
    expect(result.perClass.map(({ recall }) => recall)).toEqual(
      confusion.map((row, c) => row[c] / (row[0] + row[1] + row[2])),
    )
  })

  it('gives the same bits however the rows are cut', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const data = clusters(1000)
    const whole = await evaluate(model, data, { chunk: 1000 })
    for (const chunk of [1, 7, 256, 999]) expect(await evaluate(model, data, { chunk })).toEqual(whole)
    expect(await evaluate(model, data)).toEqual(whole)
    const regression = new MLP({ layers: [2, 5, 2], loss: 'meanSquaredError', backend })
    const once = await evaluate(regression, curve(100), { chunk: 100 })
    for (const chunk of [1, 7, 99]) expect(await evaluate(regression, curve(100), { chunk })).toEqual(once)
  })

  it('measures several sets with one evaluator', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const evaluator = new SetEvaluator(model)
    const sets = [clusters(50, 1), clusters(400, 2), clusters(20, 3)]
    for (const data of [...sets, sets[0]]) {
      const { loss, accuracy, correct, count } = await evaluate(model, data)
      const { predicted, values: _, ...measured } = await evaluator.measure(data, { name: 'data' })
      expect(measured).toEqual({ loss, accuracy, correct, count })
      expect(predicted).toHaveLength(data.length)
    }
  })

  it('gives the mean squared error for regression', async () => {
    const data = curve(100)
    const model = new MLP({ layers: [2, 5, 2], loss: 'meanSquaredError', activation: 'tanh', backend })
    const net = referenceFrom(model.getParameters(), {
      loss: 'meanSquaredError',
      activation: 'tanh',
      outputActivation: 'identity',
    })
    let total = 0
    for (let r = 0; r < 100; r++) {
      const x = [...data.values.subarray(r * 2, r * 2 + 2)]
      total += rowLoss(net, x, [...data.targets!.subarray(r * 2, r * 2 + 2)])
    }
    const result = await evaluate(model, data)
    expect(result.loss).toBeCloseTo(total / 100, 5)
    expect(result).toMatchObject({ accuracy: Number.NaN, correct: 0, count: 100, confusion: [], perClass: [] })
  })

  it('measures a model of very many classes, without their confusion matrix', async () => {
    const model = new MLP({ layers: [1, 30_000], init: { weights: 0, biases: 0 }, backend })
    const result = await evaluate(model, samples({ values: Uint8Array.of(1, 2, 3), cols: 1, labels: [0, 29_999, 0] }))
    expect(result).toMatchObject({ correct: 2, count: 3, accuracy: 2 / 3, confusion: [] })
    expect(result.perClass).toHaveLength(30_000)
    expect(result.perClass[0]).toEqual({ precision: 2 / 3, recall: 1, support: 2 })
    expect(result.perClass[29_999]).toEqual({ precision: 0, recall: 0, support: 1 })
  })

  it('names the row whose result is not finite, counting nothing as right', async () => {
    const model = new MLP({ layers: [1, 2], init: { weights: 0, biases: 0 }, backend })
    model.setParameters([{ weights: Float32Array.of(3e38, -3e38), biases: new Float32Array(2) }])
    const data = samples({ values: Float32Array.of(1, 0.5, 10, -10), cols: 1, labels: [0, 0, 0, 0] })
    await expect(evaluate(model, data)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/^evaluate: the loss of row [23] is not finite/),
    })
    await expect(model.predict(data)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/^predict: output 0 of row 2 is Infinity/),
    })
    expect((await evaluate(model, data.take(2))).correct).toBe(2)
  })

  it.each([null, undefined, {}, [4, 3]])('refuses the model %j', async (none) => {
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^model: expected an MLP/) }
    await expect(evaluate(none as never, clusters(9))).rejects.toMatchObject(refused)
    await expect(fit(none as never, clusters(9), { optimizer: sgd({ learningRate: 1 }) })).rejects.toMatchObject(
      refused,
    )
    expect(() => encodeModel(none as never)).toThrow(/^model: expected an MLP/)
  })

  it('refuses data that were moved to another thread or cut short, before or while it reads them', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const { values, labels } = clusters(3000)
    const moved = samples({ values: Float32Array.from(values), cols: 4, labels: labels! })
    await model.predict(moved)
    const reading = evaluate(model, moved, { chunk: 100 })
    structuredClone(moved.values, { transfer: [moved.values.buffer as ArrayBuffer] })
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(reading).rejects.toMatchObject(refused)
    const regression = new MLP({ layers: [2, 5, 2], loss: 'meanSquaredError', backend })
    const points = curve(100)
    structuredClone(points.targets, { transfer: [points.targets!.buffer as ArrayBuffer] })
    await expect(evaluate(regression, points)).rejects.toThrow(
      /data\.targets: expected 200 values that have not been transferred/,
    )
    await expect(evaluate(model, moved)).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/values.*transferred/),
    })
  })

  it('refuses a signal that is none', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const signal = {} as AbortSignal
    for (const call of [() => evaluate(model, clusters(9), { signal }), () => model.predict(clusters(9), { signal })]) {
      await expect(call()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('signal:'),
      })
    }
  })

  it('refuses sets that do not fit the model', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const regression = new MLP({ layers: [4, 3], loss: 'meanSquaredError', backend })
    const four = samples({ values: new Float32Array(8), cols: 4, labels: [3, 0] })
    await expect(evaluate(model, clusters(9, 1, 5))).rejects.toThrow(/data\.cols: expected 4, .* got 5/)
    await expect(evaluate(model, four)).rejects.toThrow(/data: label of row 0: expected 0\.\.2.*got 3/)
    await expect(evaluate(model, samples({ values: new Float32Array(8), cols: 4 }))).rejects.toThrow(/needs labels/)
    await expect(evaluate(regression, four)).rejects.toThrow(/needs targets/)
    const targets = samples({ values: new Float32Array(8), cols: 4, targets: [1, 2] })
    await expect(evaluate(regression, targets)).rejects.toThrow(/data\.targetCols: expected 3/)
    await expect(evaluate(model, undefined as never)).rejects.toThrow(/data: expected Samples, got undefined/)
    await expect(evaluate(model, clusters(9), { chunk: 0 })).rejects.toThrow(/chunk/)
    await expect(evaluate(model, clusters(9), { chunks: 1 } as never)).rejects.toThrow(/did you mean 'chunk'/)
  })

  it('stops when its signal fires, while it runs', async () => {
    const model = new MLP({ layers: [4, 9, 3], backend })
    const controller = new AbortController()
    setImmediate(() => controller.abort())
    const running = evaluate(model, clusters(2000), { signal: controller.signal, chunk: 1 })
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
