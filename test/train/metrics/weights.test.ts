import { evaluate, fit, type MetricName, MLP, samples, sgd, type TrainingCheckpoint } from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { clusters } from '../toy-data.js'

const { values, cols, labels, classes } = clusters(120)
const set = samples({ values, cols, labels: labels!, classes: classes! })
const { train, valid } = set.split({ valid: 0.4, seed: 3 })
const weights = Float32Array.from(valid.rows, (_, i) => (i % 5 === 0 ? 0 : (i * 7) % 11))
const newModel = () => new MLP({ layers: [cols, 5, classes!], seed: 2 })
const optimizer = () => sgd({ learningRate: 0.2 })

describe('weights of rows', () => {
  it('repeat rows: whole weights give what repeated rows give', async () => {
    const model = newModel()
    const positions = [...weights].flatMap((weight, i) => Array<number>(weight).fill(i))
    const metrics: MetricName[] = [
      'balancedAccuracy',
      'f1Macro',
      'rocAuc',
      'logLoss',
      'calibrationError',
      'top2Accuracy',
    ]
    const weighted = await evaluate(model, valid, { sampleWeights: weights, metrics })
    const repeated = await evaluate(model, valid.subset(positions), { metrics })
    for (const name of [...metrics, 'loss', 'accuracy'] as (keyof typeof weighted)[]) {
      expect(weighted[name], name).toBeCloseTo(repeated[name] as number, 12)
    }
    expect(weighted.confusion).toEqual(repeated.confusion)
    expect(weighted.perClass).toEqual(repeated.perClass)
    expect(weighted.count).toBe(valid.length)
    expect(Number.isInteger(weighted.correct)).toBe(true)
  })

  it('of 1 or any other equal number change no bit', async () => {
    const model = newModel()
    const metrics: MetricName[] = ['balancedAccuracy', 'f1Micro', 'rocAuc', 'brierScore']
    const plain = await evaluate(model, valid, { metrics })
    expect(await evaluate(model, valid, { metrics, sampleWeights: new Uint8Array(valid.length).fill(1) })).toEqual(
      plain,
    )
    const halves = await evaluate(model, valid, { sampleWeights: new Float64Array(valid.length).fill(0.5) })
    expect(halves).toMatchObject({ loss: plain.loss, accuracy: plain.accuracy })
  })

  it('of an evaluated set weight the evaluations of a run, which choose the best', async () => {
    const model = newModel()
    const options = { valid, epochs: 6, batchSize: 8, selectBy: 'balancedAccuracy' as const, optimizer: optimizer() }
    const { best, history } = await fit(model, train, { ...options, evaluationWeights: { valid: weights } })
    const { loss, accuracy, balancedAccuracy } = await evaluate(model, valid, {
      sampleWeights: weights,
      metrics: ['balancedAccuracy'],
    })
    expect(best!.valid).toEqual({ loss, accuracy, balancedAccuracy })
    const plain = await fit(newModel(), train, { ...options, optimizer: optimizer() })
    expect(plain.history).not.toEqual(history)
  })

  it('must be the same in a resumed run', async () => {
    let checkpoint: TrainingCheckpoint | undefined
    const options = { valid, epochs: 4, batchSize: 8, optimizer: optimizer(), checkpointEveryMs: 0 }
    const callbacks = {
      onCheckpoint: (event: { checkpoint: TrainingCheckpoint }) => {
        checkpoint = event.checkpoint
      },
    }
    await fit(newModel(), train, { ...options, evaluationWeights: { valid: weights }, untilStep: 5, callbacks })
    const resume = checkpoint!
    const other = weights.map((weight) => weight + 1)
    await expect(fit(newModel(), train, { ...options, evaluationWeights: { valid: other }, resume })).rejects.toThrow(
      /evaluationWeights\.valid/,
    )
    await expect(fit(newModel(), train, { ...options, resume })).rejects.toThrow(/evaluationWeights\.valid/)
    await fit(newModel(), train, { ...options, evaluationWeights: { valid: weights }, resume })
  })

  it.each([
    [[1, 2], 'sampleWeights: expected 48 numbers, one for each row, got [1, 2]'],
    [Array.from({ length: 48 }, (_, i) => (i === 7 ? -1 : 1)), 'sampleWeights[7]: expected a number >= 0, got -1'],
    [
      Array.from({ length: 48 }, () => 0),
      'sampleWeights: expected a weight above 0 for some row, and a finite sum, got 0',
    ],
    [
      Array.from({ length: 48 }, () => 1e308),
      'sampleWeights: expected a weight above 0 for some row, and a finite sum, got Infinity',
    ],
    ['a', 'sampleWeights: expected 48 numbers, one for each row, got "a"'],
  ])('are numbers >= 0, one for each row: %j', async (sampleWeights, message) => {
    await expect(evaluate(newModel(), valid, { sampleWeights: sampleWeights as number[] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    })
  })

  it('are errors for a set that is not given, and where they leave a metric undefined', async () => {
    const options = { epochs: 1, optimizer: optimizer() }
    await expect(fit(newModel(), train, { ...options, evaluationWeights: { valid: weights } })).rejects.toThrow(
      'evaluationWeights.valid: expected none for a set that is not given',
    )
    const unused = { evaluationWeights: { train: Float32Array.from(train.rows, () => 2) }, valid }
    await expect(fit(newModel(), train, { ...options, ...unused })).rejects.toThrow(
      'evaluationWeights.train: expected none for a set not in evaluateOn',
    )
    await expect(
      fit(newModel(), train, { ...options, evaluationWeights: { vlaid: weights } as never }),
    ).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' })
    const without = Array.from(valid.rows, (row) => (labels![row] === 1 ? 0 : 1))
    await expect(evaluate(newModel(), valid, { metrics: ['rocAuc'], sampleWeights: without })).rejects.toThrow(
      "data: 'rocAuc' is not defined: no row with a weight above 0 has class 1",
    )
  })
})
