import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { METRICS, type MetricName, metricLabel } from '../../../src/core/metrics.js'
import { LOSSES, type Loss } from '../../../src/core/types.js'
import { type Samples, samples } from '../../../src/data/samples.js'
import { MLP } from '../../../src/model/mlp.js'
import { evaluate } from '../../../src/train/evaluate.js'
import { reliabilityBins } from '../../../src/train/metrics/calibration.js'
import { precisionRecallCurve, rocCurve } from '../../../src/train/metrics/curves.js'
import { suitableMetrics } from '../../../src/train/metrics/measure.js'
import { BACKENDS } from '../../model/backends.js'

interface Case {
  readonly name: string
  readonly loss: Loss
  readonly labels?: readonly number[]
  readonly targets?: readonly (readonly number[])[]
  readonly outputs: readonly (readonly number[])[]
  /** of the rows */
  readonly weights?: readonly number[]
  readonly values: Readonly<Record<string, number>>
}

interface Curve {
  readonly name: string
  readonly labels: readonly number[]
  readonly scores: readonly number[]
  readonly falsePositiveRate: readonly number[]
  readonly truePositiveRate: readonly number[]
  readonly area: number
  readonly recall: readonly number[]
  readonly precision: readonly number[]
  readonly averagePrecision: number
}

/** Values of scikit-learn and NumPy: metrics.py writes them. */
const golden: { readonly cases: readonly Case[]; readonly curves: readonly Curve[] } = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/metrics.json', import.meta.url), 'utf8'),
)

/** Rows that are their own outputs, through a layer of the identity matrix. */
function scored({ loss, labels, targets, outputs }: Omit<Case, 'name' | 'values'>, backend?: MLP['backend']) {
  const cols = outputs[0].length
  const model = new MLP({ layers: [cols, cols], loss, backend })
  const weights = Float32Array.from({ length: cols * cols }, (_, i) => (i % (cols + 1) === 0 ? 1 : 0))
  model.setParameters([{ weights, biases: new Float32Array(cols) }])
  const values = Float32Array.from(outputs.flat())
  const truth = labels ? { labels: [...labels] } : { targets: Float32Array.from(targets!.flat()) }
  return { model, data: samples({ values, cols, ...truth }) }
}

const metricsOf = (model: MLP, data: Samples, ...metrics: string[]) =>
  evaluate(model, data, { metrics: metrics as MetricName[] })

describe.each(BACKENDS)('metrics on %s', (_, backend) => {
  it.each(golden.cases)('agree with scikit-learn: $name', async (given) => {
    const { model, data } = scored(given, backend)
    const names = Object.keys(given.values)
    expect(names.length).toBeGreaterThan(1)
    const options = { metrics: names as MetricName[], sampleWeights: given.weights }
    const result: Readonly<Record<string, unknown>> = { ...(await evaluate(model, data, options)) }
    for (const name of names) expect(result[name], name).toBeCloseTo(given.values[name], 12)
  })
})

it('the golden values hold every metric', () => {
  const held = new Set(golden.cases.flatMap(({ values }) => Object.keys(values)))
  const names = Object.keys(METRICS).filter((name) => name !== 'loss' && name !== 'accuracy')
  expect(names.length).toBeGreaterThan(10)
  for (const name of names) expect(held).toContain(name === 'topKAccuracy' ? 'top5Accuracy' : name)
})

it('docs/metrics.md lists every metric with its tasks, and which value is better', () => {
  const lines = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8').split('\n')
  for (const [name, { tasks, better }] of Object.entries(METRICS)) {
    const word = name === 'topKAccuracy' ? 'top5Accuracy' : name
    const row = lines.find((line) => line.startsWith('| `') && line.includes(`\`${word}\``))
    const words = tasks.length === 3 ? 'all' : tasks.join(', ')
    expect(row?.split(' | ').slice(1, 3), name).toEqual([words, better])
  }
})

it.each(golden.curves)('curves agree with scikit-learn: $name', (given) => {
  const roc = rocCurve(given.labels, given.scores)
  expect(roc.area).toBeCloseTo(given.area, 12)
  // scikit-learn's curve has every threshold, this one the corners
  const points = given.falsePositiveRate.map((x, i) => `${x.toFixed(9)} ${given.truePositiveRate[i].toFixed(9)}`)
  const corners = roc.falsePositiveRate.map((x, i) => `${x.toFixed(9)} ${roc.truePositiveRate[i].toFixed(9)}`)
  expect(points).toEqual(expect.arrayContaining(corners))
  expect([corners[0], corners.at(-1)]).toEqual([points[0], points.at(-1)])
  expect(trapezoids(roc.falsePositiveRate, roc.truePositiveRate)).toBeCloseTo(given.area, 12)
  const { recall, precision, averagePrecision } = precisionRecallCurve(given.labels, given.scores)
  expect(averagePrecision).toBeCloseTo(given.averagePrecision, 12)
  expect(recall).toHaveLength(given.recall.length)
  recall.forEach((value, i) => {
    expect(value).toBeCloseTo(given.recall[i], 12)
    expect(precision[i]).toBeCloseTo(given.precision[i], 12)
  })
})

function trapezoids(xs: readonly number[], ys: readonly number[]): number {
  return xs.slice(1).reduce((sum, x, i) => sum + ((x - xs[i]) * (ys[i] + ys[i + 1])) / 2, 0)
}

describe('evaluate', () => {
  const three = golden.cases.find(({ name }) => name === 'ten classes')!

  it('returns loss and accuracy beside the metrics, and no metric that was not asked for', async () => {
    const { model, data } = scored(three)
    const { f1Macro, ...rest } = await evaluate(model, data, { metrics: ['f1Macro', 'loss', 'accuracy', 'f1Macro'] })
    expect(f1Macro).toBeGreaterThan(0.4)
    expect(rest).toEqual(await evaluate(model, data))
    // the accuracy is top-1 and micro F1, the loss of the rows their log loss
    const all = await evaluate(model, data, { metrics: ['top1Accuracy', 'f1Micro', 'logLoss'] })
    expect(all.top1Accuracy).toBe(rest.accuracy)
    expect(all.f1Micro).toBeCloseTo(rest.accuracy, 12)
    expect(all.logLoss).toBeCloseTo(rest.loss, 6)
  })

  it('gives the same values however the rows are cut, and of a subset those of its rows', async () => {
    const { model, data } = scored(three)
    const metrics = ['rocAuc', 'calibrationError', 'top3Accuracy', 'brierScore'] as const
    const whole = await evaluate(model, data, { metrics })
    for (const chunk of [1, 7, 299]) expect(await evaluate(model, data, { metrics, chunk })).toEqual(whole)
    const backwards = data.subset(Int32Array.from({ length: 300 }, (_, i) => 299 - i))
    expect((await evaluate(model, backwards, { metrics })).rocAuc).toBe(whole.rocAuc)
  })

  const { model: classifier, data: rows } = scored(three)
  const one = scored({ loss: 'meanSquaredError', targets: [[1], [2]], outputs: [[1], [2]] })
  const labelled = scored({
    loss: 'binaryCrossEntropy',
    targets: [
      [1, 0.5],
      [0, 1],
    ],
    outputs: [
      [1, 1],
      [1, 1],
    ],
  })
  it.each<[string, MLP, Samples, string, string]>([
    [
      'a misspelt metric',
      classifier,
      rows,
      'f1macro',
      "metrics[0]: expected the name of a metric, maybe 'f1Macro', got",
    ],
    [
      'the row of the table',
      classifier,
      rows,
      'topKAccuracy',
      "metrics[0]: expected the name of a metric, maybe 'top5",
    ],
    ['top-0', classifier, rows, 'top0Accuracy', "metrics[0]: expected the name of a metric, maybe 'top5Accuracy'"],
    ['what is no word', classifier, rows, 7 as never, "metrics[0]: expected one of 'loss', 'accuracy', 'balancedAcc"],
    [
      'k of all classes',
      classifier,
      rows,
      'top10Accuracy',
      'not defined for 10 classes: it would be 1 for every model',
    ],
    ['k of more', classifier, rows, 'top11Accuracy', 'not defined for 10 classes'],
    ['R2 of classes', classifier, rows, 'r2', "metrics[0]: 'r2' is not defined with loss 'softmaxCrossEntropy'"],
    ['AUC of values', one.model, one.data, 'rocAuc', "'rocAuc' is not defined with loss 'meanSquaredError'"],
    ['accuracy of values', one.model, one.data, 'accuracy', "'accuracy' is not defined with loss 'meanSquaredError'"],
    ['R2 of one row', one.model, one.data.take(1), 'r2', "data: 'r2' is not defined: it needs at least two rows"],
    ['AUC without a class', classifier, rows.take(3), 'rocAuc', "data: 'rocAuc' is not defined: no row has class "],
    ['log loss of labels', labelled.model, labelled.data, 'logLoss', "with loss 'binaryCrossEntropy' and 2 outputs"],
    ['F1 of soft labels', labelled.model, labelled.data, 'f1Macro', 'target 1 of row 0 is 0.5'],
  ])('refuses %s', async (_, model, data, name, message) => {
    await expect(metricsOf(model, data, name)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it('refuses the AUC of one class', async () => {
    const same = scored({ loss: 'binaryCrossEntropy', labels: [1, 1], outputs: [[1], [2]] })
    await expect(metricsOf(same.model, same.data, 'rocAuc')).rejects.toThrow(
      "'rocAuc' is not defined: no row has class 0",
    )
    const { model, data } = scored({
      loss: 'binaryCrossEntropy',
      targets: [
        [1, 1],
        [1, 0],
      ],
      outputs: [
        [1, 1],
        [1, 1],
      ],
    })
    await expect(metricsOf(model, data, 'rocAuc')).rejects.toThrow("'rocAuc' is not defined: every row has label 0")
    await expect(evaluate(model, data, { metrics: 'rocAuc' as never })).rejects.toThrow(/metrics: expected a list/)
  })
})

describe('suitableMetrics', () => {
  it('are those of the task, with what is wrong with the rows', () => {
    const { model, data } = scored(golden.cases[0])
    const names = suitableMetrics(model, data).map(({ name }) => name)
    expect(names).toEqual([
      'balancedAccuracy',
      'f1Macro',
      'f1Micro',
      'rocAuc',
      'top5Accuracy',
      'logLoss',
      'brierScore',
      'calibrationError',
    ])
    expect(suitableMetrics(model, data).every(({ problem }) => problem === null)).toBe(true)
    expect(suitableMetrics(model, data.take(2)).find(({ name }) => name === 'rocAuc')!.problem).toMatch(/^no row has/)
  })

  it('every loss has some, and every metric a label', () => {
    for (const loss of LOSSES) {
      const values = golden.cases.find((given) => given.loss === 'meanSquaredError')!
      const { model, data } = scored(golden.cases.find((given) => given.loss === loss) ?? { ...values, loss })
      expect(suitableMetrics(model, data).length, loss).toBeGreaterThan(2)
    }
    for (const name of Object.keys(METRICS)) expect(metricLabel(name as MetricName)).not.toBe('')
    expect(metricLabel('top12Accuracy')).toBe('top-12 accuracy')
  })
})

describe('reliabilityBins', () => {
  it('counts a confidence on an edge in the bin below', () => {
    const bins = reliabilityBins([0, 0.25, 0.2500001, 0.5, 1, 1], [1, 0, 1, 1, 1, 0], 4)
    expect(bins.map(({ count }) => count)).toEqual([2, 2, 0, 2])
    expect(bins[0]).toEqual({ from: 0, to: 0.25, count: 2, confidence: 0.125, accuracy: 0.5 })
    expect(bins[2]).toEqual({ from: 0.5, to: 0.75, count: 0, confidence: null, accuracy: null })
    expect(bins[3]).toEqual({ from: 0.75, to: 1, count: 2, confidence: 1, accuracy: 0.5 })
    for (let b = 1; b <= 1000; b++) {
      const at = reliabilityBins([b / 1000], [1], 1000).findIndex(({ count }) => count === 1)
      expect(at, `${b} / 1000`).toBe(b - 1)
    }
  })

  it('refuses what is no confidence', () => {
    expect(() => reliabilityBins([0.5, 1.1], [1, 1])).toThrow('confidences[1]: expected a number from 0 to 1, got 1.1')
    expect(() => reliabilityBins([0.5], [1, 1])).toThrow('isCorrect: expected 1 of them')
    expect(() => reliabilityBins([0.5], [1], 0)).toThrow('bins: expected an integer from 1 to 1000')
  })
})

describe('curves', () => {
  it('refuse rows of one kind, and scores that are none', () => {
    expect(() => rocCurve([1, 1], [0, 1])).toThrow(
      'isPositive: expected positive and negative rows, got no negative one',
    )
    expect(() => rocCurve([], [])).toThrow('got no positive one')
    expect(() => precisionRecallCurve([0, 0], [0, 1])).toThrow('isPositive: expected a positive row, got none')
    expect(() => rocCurve([1, 0], [0, Number.NaN])).toThrow('scores[1]: expected a finite number, got NaN')
    expect(() => rocCurve([1, 0], [0])).toThrow('scores: expected 2 of them')
  })
})
