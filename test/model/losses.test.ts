import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/core/random.js'
import { type Samples, samples } from '../../src/data/samples.js'
import { decodeModel, encodeModel } from '../../src/io/model-bytes.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import type { EpochEvent } from '../../src/train/callbacks.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { modelOptionsOf } from '../../src/train/from-config.js'
import { adam, sgd } from '../../src/train/optimizers.js'
import { outputsOf, referenceFrom, rowLoss } from '../train/double-reference.js'
import { clusters } from '../train/toy-data.js'
import { BACKENDS } from './backends.js'

const loss = 'binaryCrossEntropy'
const refused = (message: RegExp | string) => ({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })

/** Three independent questions about a point: whether each coordinate is positive, and whether their product is. */
function questions(rows: number, seed = 1): Samples {
  const random = randomStream(seed, 'test')
  const values = Float32Array.from({ length: rows * 2 }, () => 2 * random.next() - 1)
  const targets = Float32Array.from({ length: rows * 3 }, (_, i) => {
    const [a, b] = values.subarray(2 * Math.floor(i / 3))
    return Number([a, b, a * b][i % 3] > 0)
  })
  return samples({ values, cols: 2, targets })
}

function reference(model: MLP) {
  return referenceFrom(model.getParameters(), {
    loss,
    activation: model.activation,
    outputActivation: model.outputActivation,
  })
}

const row = ({ values, cols }: Samples, r: number) => [...values.subarray(r * cols, (r + 1) * cols)]

describe.each(BACKENDS)('binary cross-entropy of one output on %s', (_, backend) => {
  const train = clusters(120, 1, 4, 2)
  const test = clusters(300, 2, 4, 2)
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 9, 1], loss, seed: 3, backend, ...options })

  it('learns two classes', async () => {
    const model = make()
    const before = await evaluate(model, test)
    const epochs: EpochEvent[] = []
    const callbacks = { onEpoch: (event: EpochEvent) => void epochs.push(event) }
    const given = { optimizer: sgd({ learningRate: 0.3 }), valid: test, epochs: 8, batchSize: 16, callbacks }
    const { best, history } = await fit(model, train, given)
    const after = await evaluate(model, test)
    expect(after.loss).toBeLessThan(before.loss / 3)
    expect(after.accuracy).toBeGreaterThan(0.95)
    expect(best!.valid).toEqual({ loss: after.loss, accuracy: after.accuracy })
    expect(history).toHaveLength(8)
    expect(epochs.at(-1)!.accuracy).toBeGreaterThan(0.9)
  })

  it('predicts and measures both classes', async () => {
    const model = make()
    const net = reference(model)
    const { classes, probabilities, outputs } = await model.predict(test)
    expect([classes, probabilities, outputs].map(({ length }) => length)).toEqual([300, 300, 300])
    const confusion = [
      [0, 0],
      [0, 0],
    ]
    let total = 0
    for (let r = 0; r < 300; r++) {
      const [z] = outputsOf(net, row(test, r))
      expect(outputs[r]).toBeCloseTo(z, 4)
      expect(probabilities[r]).toBeCloseTo(1 / (1 + Math.exp(-z)), 5)
      expect(classes[r]).toBe(outputs[r] > 0 ? 1 : 0)
      confusion[test.labels![r]][classes[r]]++
      total += rowLoss(net, row(test, r), test.labels![r])
    }
    const result = await evaluate(model, test)
    const correct = confusion[0][0] + confusion[1][1]
    expect(result).toMatchObject({ confusion, correct, count: 300, accuracy: correct / 300 })
    expect(result.loss).toBeCloseTo(total / 300, 5)
    expect(result.perClass).toEqual(
      [0, 1].map((c) => ({
        precision: confusion[c][c] / (confusion[0][c] + confusion[1][c]) || 0,
        recall: confusion[c][c] / (confusion[c][0] + confusion[c][1]),
        support: confusion[c][0] + confusion[c][1],
      })),
    )
  })

  it('takes class 0 where an output is 0, and is sure at the extremes', async () => {
    const model = new MLP({ layers: [1, 1], loss, init: { weights: 0, biases: 0 }, backend })
    model.setParameters([{ weights: Float32Array.of(1), biases: Float32Array.of(0) }])
    const { classes, probabilities } = await model.predict(Float32Array.of(0, 1e-30, -1e-30, 3e38, -3e38))
    expect([...classes]).toEqual([0, 1, 0, 1, 0])
    expect([...probabilities]).toEqual([0.5, 0.5, 0.5, 1, 0])
    const data = samples({ values: Float32Array.of(3e38, -3e38, 50), cols: 1, labels: [0, 0, 0], classes: 2 })
    expect((await evaluate(model, data.subset([2]))).loss).toBeCloseTo(50, 4)
    expect(await evaluate(model, data.subset([1]))).toMatchObject({ loss: 0, correct: 1 })
    expect((await evaluate(model, data.subset([0]))).loss).toBeCloseTo(3e38, -33)
  })

  it('keeps the names of both classes in its file', () => {
    const model = make({ classNames: ['no', 'yes'] })
    const copy = decodeModel(encodeModel(model), 'model', { backend })
    expect(copy).toMatchObject({ loss, classNames: ['no', 'yes'], layerSizes: [4, 9, 1] })
    expect(copy.parametersDigest()).toBe(model.parametersDigest())
    expect(model.clone()).toMatchObject({ loss, classNames: ['no', 'yes'] })
    expect(() => make({ classNames: ['yes'] })).toThrow(/^classNames: expected 2 strings/)
  })

  it('refuses what it has no loss for', async () => {
    const optimizer = sgd({ learningRate: 0.1 })
    const three = clusters(30)
    const at = [...three.labels!].indexOf(2)
    const classes = `^train: label of row ${at}: expected 0\\.\\.1, the 2 classes of loss '${loss}' with 1 output, got 2$`
    await expect(fit(make(), three, { optimizer })).rejects.toMatchObject(refused(classes))
    await expect(evaluate(make(), three)).rejects.toMatchObject(refused(classes.replace('train', 'data')))
    const targets = samples({ values: new Float32Array(8), cols: 4, targets: [0, 1] })
    await expect(fit(make(), targets, { optimizer })).rejects.toMatchObject(
      refused(`^train: loss '${loss}' with 1 output needs labels, but the set has targets$`),
    )
    await expect(evaluate(make(), samples({ values: new Float32Array(8), cols: 4 }))).rejects.toMatchObject(
      refused(/ needs labels, but the set has neither labels nor targets$/),
    )
    expect(() => make({ outputActivation: 'sigmoid' })).toThrow(
      /^outputActivation: 'sigmoid' .*'binaryCrossEntropy', which applies the sigmoid itself: use 'identity'/,
    )
  })
})

describe.each(BACKENDS)('binary cross-entropy of several outputs on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) =>
    new MLP({ layers: [2, 12, 3], loss, seed: 3, backend, ...options })

  it('learns several answers at once, and measures how many rows have all of them right', async () => {
    const [train, test] = [questions(200), questions(150, 2)]
    const model = make({ activation: 'tanh' })
    const given = { optimizer: adam({ learningRate: 0.05 }), valid: test, epochs: 30, batchSize: 20 }
    const { best } = await fit(model, train, given)
    const result = await evaluate(model, test)
    expect(best!.valid).toEqual({ loss: result.loss, accuracy: result.accuracy })
    expect(result.accuracy).toBeGreaterThan(0.8)
    expect(result).toMatchObject({
      confusion: [],
      perClass: [],
      count: 150,
      correct: Math.round(result.accuracy * 150),
    })

    const { classes, probabilities, outputs } = await model.predict(test)
    const net = reference(model)
    let [correct, total] = [0, 0]
    for (let r = 0; r < 150; r++) {
      const targets = [...test.targets!.subarray(r * 3, r * 3 + 3)]
      total += rowLoss(net, row(test, r), targets)
      if (targets.every((target, c) => target === classes[r * 3 + c])) correct++
    }
    expect(result.correct).toBe(correct)
    expect(result.loss).toBeCloseTo(total / 150, 4)
    outputs.forEach((z, i) => {
      expect(classes[i]).toBe(z > 0 ? 1 : 0)
      expect(probabilities[i]).toBeCloseTo(1 / (1 + Math.exp(-z)), 5)
    })
  })

  it('takes targets between 0 and 1', async () => {
    const model = new MLP({ layers: [1, 2], loss, init: { weights: 0, biases: 0 }, backend })
    const data = samples({ values: Float32Array.of(1, 1), cols: 1, targets: [0.25, 0.75, 0, 1] })
    const { loss: before, correct } = await evaluate(model, data)
    expect(before).toBeCloseTo(Math.LN2, 6)
    expect(correct).toBe(0)
    await fit(model, data, { optimizer: sgd({ learningRate: 1 }), epochs: 200 })
    // the mean of the targets
    const { probabilities } = await model.predict(Float32Array.of(1))
    expect(probabilities[0]).toBeCloseTo(0.125, 2)
    expect(probabilities[1]).toBeCloseTo(0.875, 2)
  })

  it('keeps the names of its outputs in its file', () => {
    const classNames = ['right', 'above', 'same sign']
    const copy = decodeModel(encodeModel(make({ classNames })), 'model', { backend })
    expect(copy).toMatchObject({ loss, classNames, layerSizes: [2, 12, 3] })
  })

  it('names row and column of a target outside 0 to 1, and refuses labels', async () => {
    const optimizer = sgd({ learningRate: 0.1 })
    for (const bad of [1.5, -0.25]) {
      const data = questions(20)
      data.targets![7 * 3 + 1] = bad
      const message = `^valid: target 1 of row 2: expected 0 to 1 for loss '${loss}', got ${bad}$`
      const valid = data.subset([5, 6, 7])
      await expect(fit(make(), questions(9), { optimizer, valid })).rejects.toMatchObject(refused(message))
      await expect(evaluate(make(), valid)).rejects.toMatchObject(refused(message.replace('valid', 'data')))
      // rows that do not belong to the set do not matter
      await evaluate(make(), data.subset([5, 6]))
    }
    const labelled = clusters(20, 1, 2)
    await expect(fit(make(), labelled, { optimizer })).rejects.toMatchObject(
      refused(`^train: loss '${loss}' with 3 outputs needs targets, but the set has labels$`),
    )
    await expect(evaluate(make({ layers: [2, 4, 2] }), questions(9))).rejects.toMatchObject(
      refused(/^data\.targetCols: expected 2, the outputs of the model, got 3$/),
    )
  })
})

describe('softmax cross-entropy of one output', () => {
  const message =
    "layers: loss 'softmaxCrossEntropy' needs at least two outputs, one per class, got 1: the softmax of one output is " +
    "always 1; for two classes use loss 'binaryCrossEntropy' with one output, or two outputs"

  it('is refused, with the loss to use instead', () => {
    expect(() => new MLP({ layers: [4, 8, 1] })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
    expect(() => new MLP({ layers: [4, 8, 1], loss })).not.toThrow()
  })

  it('is refused where it follows from the data', () => {
    const one = samples({ values: [1, 2], cols: 1, labels: [0, 0] })
    expect(() => modelOptionsOf({ hidden: 4, learningRate: 0.1 }, one)).toThrow(
      "loss: 'softmaxCrossEntropy' needs labels of at least two classes, the data have labels of 1 class",
    )
  })
})
