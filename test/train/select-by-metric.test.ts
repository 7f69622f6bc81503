import { describe, expect, it } from 'vitest'
import { METRICS, type MetricName, metricRow } from '../../src/core/metrics.js'
import type { SetMetrics } from '../../src/core/results.js'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/io/checkpoint-file.js'
import { MLP } from '../../src/model/mlp.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve } from './toy-data.js'

const classes = clusters(300, 1, 4, 3, 2).split({ valid: 0.3 })
const values = curve(200).split({ valid: 0.3 })

const onRequest = Object.keys(METRICS)
  .filter((name) => name !== 'loss' && name !== 'accuracy')
  .map((name) => (name === 'topKAccuracy' ? 'top2Accuracy' : name) as MetricName)

describe.each(BACKENDS)('fit by a metric on %s', (_, backend) => {
  const run = (metric: MetricName, options: Partial<FitOptions> = {}) => {
    const isOfValues = metricRow(metric).tasks.some((task) => task === 'values')
    const { train, valid } = isOfValues ? values : classes
    const loss = isOfValues ? ('meanSquaredError' as const) : ('softmaxCrossEntropy' as const)
    const model = new MLP({ layers: [train.cols, 5, isOfValues ? 2 : 3], loss, backend })
    const optimizer = sgd({ learningRate: 0.4 })
    const given = { valid, optimizer, epochs: 3, batchSize: 16, evaluateEvery: 2, selectBy: metric, ...options }
    return fit(model, train, given).then((result) => ({ result, model, valid }))
  }

  it.each(onRequest)('keeps the evaluation with the best %s', async (metric) => {
    const { result, model, valid } = await run(metric)
    const sign = metricRow(metric).better === 'higher' ? 1 : -1
    const of = (set: SetMetrics | undefined) => sign * set![metric]!
    const best = result.history.reduce((a, b) => {
      const [x, y] = [of(a.valid), of(b.valid)]
      return y > x || (y === x && b.valid!.loss < a.valid!.loss) ? b : a
    })
    expect(result.history.length).toBeGreaterThan(10)
    expect(result.best).toBe(best)
    const measured = await evaluate(model, valid, { metrics: [metric] })
    expect(measured).toMatchObject(best.valid!)
    expect(of(best.valid)).toBeGreaterThan(of(result.history[0].valid))
  })

  it('changes nothing but the choice', async () => {
    const one = await run('rocAuc', { keepBest: false })
    const other = await run('rocAuc', { keepBest: false, selectBy: 'accuracy' })
    expect(one.model.parametersDigest()).toBe(other.model.parametersDigest())
    const plain = one.result.history.map(({ valid, ...entry }) => {
      const { rocAuc, ...rest } = valid!
      expect(rocAuc).toBeGreaterThan(0)
      return { ...entry, valid: rest }
    })
    expect(plain).toEqual(other.result.history)
  })

  it('is patient by the metric', async () => {
    const { result } = await run('calibrationError', { patience: 3, epochs: 50 })
    expect(result.stopped).toBe('early')
    const errors = result.history.map(({ valid }) => valid!.calibrationError!)
    const best = Math.min(...errors)
    expect(errors.slice(-4)[0]).toBe(best)
    expect(result.best!.valid!.calibrationError).toBe(best)
  })

  it('gives the same bits when it is resumed', async () => {
    const whole = await run('f1Macro')
    let checkpoint: TrainingCheckpoint | undefined
    const keep: FitOptions['callbacks'] = {
      onCheckpoint: (event) => {
        checkpoint = event.checkpoint
      },
    }
    await run('f1Macro', { untilStep: 17, callbacks: keep })
    const resume = decodeCheckpoint(encodeCheckpoint(checkpoint!), 'checkpoint')
    expect(resume).toEqual(checkpoint)
    const rest = await run('f1Macro', { resume })
    expect(rest.result.history).toEqual(whole.result.history)
    expect(rest.model.parametersDigest()).toBe(whole.model.parametersDigest())
    await expect(run('f1Micro', { resume })).rejects.toThrow(/resume: selectBy: .*"f1Macro".*"f1Micro"/)
  })

  it('measures it on every set', async () => {
    const { result } = await run('f1Micro', { evaluateOn: ['train', 'valid'] })
    for (const { train, valid } of result.history) {
      expect(train!.f1Micro).toBeCloseTo(train!.accuracy, 12)
      expect(valid!.f1Micro).toBeCloseTo(valid!.accuracy, 12)
    }
  })

  it.each<[string, MetricName, Partial<FitOptions>, string]>([
    [
      'a metric of another task',
      'f1Macro',
      { selectBy: 'r2' },
      "selectBy: 'r2' is not defined with loss 'softmaxCross",
    ],
    ['what is no metric', 'f1Macro', { selectBy: 'f1' as never }, 'selectBy: expected'],
    [
      'a validation set without a class',
      'rocAuc',
      { valid: classes.valid.take(1) },
      "valid: 'rocAuc' is not defined: no row",
    ],
    [
      'another set without a class',
      'rocAuc',
      { test: classes.valid.take(1) },
      "test: 'rocAuc' is not defined: no row has",
    ],
  ])('refuses %s before it trains', async (__, metric, options, message) => {
    await expect(run(metric, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })
})
