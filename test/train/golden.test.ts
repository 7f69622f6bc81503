import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { sgd } from '../../src/train/optimizers.js'
import { TrainingStep } from '../../src/train/step.js'
import { BACKENDS } from '../model/backends.js'

/** See the README beside the files: networks computed in float64 with two outside libraries. */
const FILES = ['tiny1_7-3.json', 'tiny_7-5-3.json', 'tiny3_7-6-5-3.json']

type Parameters = Record<string, number[] | number[][]>
interface Golden {
  sizes: number[]
  x: number[][]
  y: number[]
  params: Parameters
  logits: number[][]
  probs: number[][]
  loss: number
  optimizers: {
    sgd_l2: {
      config: { lr: number; wd: number }
      losses_before_each_step_then_after_last: number[]
      after: Record<'1' | '5', Parameters>
    }
  }
}

const floats = (values: number[] | number[][]) => Float32Array.from(values.flat())

function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual, what).toHaveLength(expected.length)
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${what}[${i}]`).toBeLessThan(1e-6 * (1 + Math.abs(expected[i])))
  })
}

describe.each(BACKENDS)('golden networks on %s', (_, backend) => {
  it.each(FILES)('%s: logits, probabilities, losses, and parameters after 1 and 5 steps', async (file) => {
    const url = new URL(`../fixtures/golden/${file}`, import.meta.url)
    const golden: Golden = JSON.parse(readFileSync(url, 'utf8'))
    const { config, losses_before_each_step_then_after_last: losses, after } = golden.optimizers.sgd_l2
    const data = samples({ values: golden.x.flat(), cols: 7, labels: golden.y, classes: 3 })
    const model = new MLP({ layers: golden.sizes, backend })
    const layers = model.layers.map((_, l) => [`W${l + 1}`, `b${l + 1}`])
    model.setParameters(
      layers.map(([W, b]) => ({ weights: floats(golden.params[W]), biases: floats(golden.params[b]) })),
    )

    const { outputs, probabilities } = await model.predict(data)
    expectClose(outputs, floats(golden.logits), 'logits')
    expectClose(probabilities, floats(golden.probs), 'probabilities')
    expect((await evaluate(model, data)).loss).toBeCloseTo(golden.loss, 6)

    const step = new TrainingStep(model, data, data.length)
    const rule = sgd({ learningRate: config.lr, l2: config.wd, l2Biases: true }).rule(0)
    for (let i = 0; i < 5; i++) {
      expect(step.run(data.rows, rule), `loss of step ${i}`).toBeCloseTo(losses[i], 6)
      const expected = i === 0 ? after[1] : i === 4 ? after[5] : null
      if (expected === null) continue
      model.getParameters().forEach(({ weights, biases }, l) => {
        expectClose(weights, floats(expected[layers[l][0]]), `${layers[l][0]} after step ${i}`)
        expectClose(biases, floats(expected[layers[l][1]]), `${layers[l][1]} after step ${i}`)
      })
    }
    expect((await evaluate(model, data)).loss).toBeCloseTo(losses[5], 6)
  })
})
