import { describe, expect, it } from 'vitest'
import { ACTIVATIONS, type Activation } from '../../src/core/types.js'
import { BatchSampler } from '../../src/data/batches.js'
import { type Samples, samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { sgd } from '../../src/train/optimizers.js'
import { TrainingStep } from '../../src/train/step.js'
import { BACKENDS } from '../model/backends.js'
import { referenceFrom, trainStep } from './double-reference.js'
import { clusters, curve } from './toy-data.js'

const STEPS = 10

/** Ten steps side by side: the losses and every parameter. */
function compare(model: MLP, data: Samples, options: Parameters<typeof sgd>[0], batchSize: number): void {
  const { loss, activation, outputActivation } = model
  const net = referenceFrom(model.getParameters(), { loss, activation, outputActivation })
  const sampler = new BatchSampler({ rows: data.rows, batchSize })
  const step = new TrainingStep(model, data, batchSize)
  const rule = sgd(options).rule(0)
  for (let i = 0; i < STEPS; i++) {
    const rows = sampler.next()
    const batch = [...rows].map((row) => ({
      x: [...data.values.subarray(row * data.cols, (row + 1) * data.cols)],
      target: data.labels
        ? data.labels[row]
        : [...data.targets!.subarray(row * data.targetCols, (row + 1) * data.targetCols)],
    }))
    expect(step.run(rows, rule), `loss of step ${i}`).toBeCloseTo(trainStep(net, batch, rule), 5)
  }
  model.getParameters().forEach(({ weights, biases }, l) => {
    const flat = net.weights[l].flat()
    weights.forEach((w, i) => {
      expect(w, `weight ${i} of layer ${l}`).toBeCloseTo(flat[i], 5)
    })
    biases.forEach((b, i) => {
      expect(b, `bias ${i} of layer ${l}`).toBeCloseTo(net.biases[l][i], 5)
    })
  })
}

describe.each(BACKENDS)('TrainingStep on %s', (_, backend) => {
  it.each(ACTIVATIONS)('follows a double-precision reference for ten steps: %s, cross-entropy', (activation) => {
    // 22 rows in batches of 8: every third batch is short
    const model = new MLP({ layers: [4, 7, 5, 3], activation, seed: 3, backend })
    compare(model, clusters(22), { learningRate: 0.1, l2: 0.01, l2Biases: true }, 8)
  })

  it.each(ACTIVATIONS)('follows a double-precision reference for ten steps: %s, squared error', (activation) => {
    const outputActivation: Activation = activation
    const options = { activation, outputActivation, loss: 'meanSquaredError' as const }
    compare(new MLP({ layers: [2, 6, 2], seed: 5, backend, ...options }), curve(20), { learningRate: 0.2, l2: 0.02 }, 6)
  })

  it.each(ACTIVATIONS)('follows a double-precision reference for ten steps: %s, Huber', (activation) => {
    const model = new MLP({
      layers: [2, 6, 2],
      activation,
      outputActivation: activation,
      loss: 'huber',
      seed: 5,
      backend,
    })
    const { values, targets } = curve(20)
    // differences on both sides of 1
    const wide = samples({ values, cols: 2, targets: targets!.map((target) => 3 * target) })
    compare(model, wide, { learningRate: 0.2, l2: 0.02 }, 6)
  })

  it.each(ACTIVATIONS)('follows a double-precision reference for ten steps: %s, one yes or no', (activation) => {
    const model = new MLP({ layers: [4, 7, 5, 1], activation, loss: 'binaryCrossEntropy', seed: 3, backend })
    compare(model, clusters(22, 1, 4, 2), { learningRate: 0.3, l2: 0.01, l2Biases: true }, 8)
  })

  it.each(ACTIVATIONS)('follows a double-precision reference for ten steps: %s, several of them', (activation) => {
    const model = new MLP({ layers: [2, 6, 2], activation, loss: 'binaryCrossEntropy', seed: 5, backend })
    const { values, targets } = curve(20)
    // between 0 and 1, some of them exactly
    const shares = targets!.map((target) => Math.min(1, Math.max(0, 0.5 + target)))
    compare(model, samples({ values, cols: 2, targets: shares }), { learningRate: 0.3, l2: 0.02 }, 6)
  })

  it.each([[[4, 3]], [[4, 33, 3]], [[4, 6, 5, 4, 3]]])('trains any depth and width: %o', (layers) => {
    compare(new MLP({ layers, init: 'glorot', backend }), clusters(40), { learningRate: 0.05 }, 16)
  })

  it('counts the rows classified right before the update', async () => {
    const data = clusters(30)
    const model = new MLP({ layers: [4, 8, 3], backend })
    const { classes } = await model.predict(data)
    const step = new TrainingStep(model, data, 30)
    step.run(data.rows, sgd({ learningRate: 0.1 }).rule(0))
    expect(step.correct).toBe(classes.filter((c, r) => c === data.labels![r]).length)
  })

  it('updates nothing when the loss is not finite, and names the layer', () => {
    const data = clusters(10)
    const model = new MLP({ layers: [4, 8, 3], backend })
    const parameters = model.getParameters()
    parameters[1].weights.fill(3e38)
    model.setParameters(parameters)
    const digest = model.parametersDigest()
    const step = new TrainingStep(model, data, 10)
    expect(step.run(data.rows, sgd({ learningRate: 0.1 }).rule(0))).toBeNaN()
    expect(step.firstLayerNotFinite()).toBe(1)
    expect(model.parametersDigest()).toBe(digest)
  })
})
