import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import type { StepEvent } from '../../src/train/callbacks.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { adam, adamW, momentum, type Optimizer, rmsProp, sgd } from '../../src/train/optimizers.js'
import { EVERY_ISA } from '../model/backends.js'

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
  label_smoothing: { eps: number; loss: number; grad: Parameters }
  optimizers: Record<
    string,
    {
      config: {
        lr: number
        wd: number
        momentum?: number
        beta1?: number
        beta2?: number
        eps?: number
        alpha?: number
      }
      losses_before_each_step_then_after_last: number[]
      after: Record<'1' | '5', Parameters>
    }
  >
}

/** Those of the files, which decay biases like weights. */
const OPTIMIZERS: Record<string, (config: Golden['optimizers'][string]['config']) => Optimizer> = {
  sgd_l2: ({ lr, wd }) => sgd({ learningRate: lr, l2: wd, l2Biases: true }),
  momentum: ({ lr, wd, momentum: share }) => momentum({ learningRate: lr, l2: wd, l2Biases: true, momentum: share }),
  nesterov: ({ lr, wd, momentum: share }) =>
    momentum({ learningRate: lr, l2: wd, l2Biases: true, momentum: share, nesterov: true }),
  rms_prop: ({ lr, alpha, eps }) => rmsProp({ learningRate: lr, alpha, epsilon: eps }),
  rms_prop_l2: ({ lr, wd, alpha, eps }) => rmsProp({ learningRate: lr, l2: wd, l2Biases: true, alpha, epsilon: eps }),
  adam: ({ lr, beta1, beta2, eps }) => adam({ learningRate: lr, beta1, beta2, epsilon: eps }),
  adam_l2: ({ lr, wd, beta1, beta2, eps }) =>
    adam({ learningRate: lr, l2: wd, l2Biases: true, beta1, beta2, epsilon: eps }),
  adamw: ({ lr, wd, beta1, beta2, eps }) =>
    adamW({ learningRate: lr, weightDecay: wd, weightDecayBiases: true, beta1, beta2, epsilon: eps }),
}

const floats = (values: number[] | number[][]) => Float32Array.from(values.flat())

function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual, what).toHaveLength(expected.length)
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${what}[${i}]`).toBeLessThan(1e-6 * (1 + Math.abs(expected[i])))
  })
}

function read(file: string) {
  const json = (name: string) =>
    JSON.parse(readFileSync(new URL(`../fixtures/golden/${name}`, import.meta.url), 'utf8'))
  const golden: Golden = json(file)
  Object.assign(golden.optimizers, json('rms-prop.json')[file])
  const data = samples({ values: golden.x.flat(), cols: 7, labels: golden.y, classes: 3 })
  return { golden, data }
}

function modelOf({ sizes, params }: Golden, backend: Backend): MLP {
  const model = new MLP({ layers: sizes, backend })
  model.setParameters(
    model.layers.map((_, l) => ({ weights: floats(params[`W${l + 1}`]), biases: floats(params[`b${l + 1}`]) })),
  )
  return model
}

function expectParameters(model: MLP, expected: Parameters, when: string): void {
  model.getParameters().forEach(({ weights, biases }, l) => {
    expectClose(weights, floats(expected[`W${l + 1}`]), `W${l + 1} ${when}`)
    expectClose(biases, floats(expected[`b${l + 1}`]), `b${l + 1} ${when}`)
  })
}

describe.each(EVERY_ISA)('golden networks on %s', (_, backend) => {
  it.each(FILES)('%s: logits, probabilities and loss', async (file) => {
    const { golden, data } = read(file)
    const model = modelOf(golden, backend)
    const { outputs, probabilities } = await model.predict(data)
    expectClose(outputs, floats(golden.logits), 'logits')
    expectClose(probabilities, floats(golden.probs), 'probabilities')
    expect((await evaluate(model, data)).loss).toBeCloseTo(golden.loss, 6)
  })

  it.each(FILES)('%s: the gradient of smoothed labels', async (file) => {
    const { golden, data } = read(file)
    const { eps, loss, grad } = golden.label_smoothing
    const model = modelOf(golden, backend)
    const losses: number[] = []
    const onStep = (event: StepEvent) => {
      losses.push(event.loss)
    }
    const options = { epochs: 1, batchSize: data.length, labelSmoothing: eps, callbacks: { onStep } }
    await fit(model, data, { optimizer: sgd({ learningRate: 1 }), ...options })
    expect(losses[0]).toBeCloseTo(loss, 6)
    model.getParameters().forEach(({ weights, biases }, l) => {
      const step = (name: string) => floats(golden.params[name]).map((p, i) => p - floats(grad[name])[i])
      expectClose(weights, step(`W${l + 1}`), `W${l + 1}`)
      expectClose(biases, step(`b${l + 1}`), `b${l + 1}`)
    })
  })

  describe.each(FILES)('%s: losses, and parameters after 1 and 5 steps', (file) => {
    const { golden, data } = read(file)

    it('knows every optimizer of the file', () => {
      expect(Object.keys(golden.optimizers).sort()).toEqual(Object.keys(OPTIMIZERS).sort())
    })

    it.each(Object.keys(OPTIMIZERS))('%s', async (name) => {
      const { config, losses_before_each_step_then_after_last: expected, after } = golden.optimizers[name]
      const model = modelOf(golden, backend)
      const losses: number[] = []
      const onStep = ({ step, loss }: StepEvent) => {
        losses.push(loss)
        if (step === 0) expectParameters(model, after[1], 'after the first step')
      }
      const options = { epochs: 5, batchSize: data.length, callbacks: { onStep } }
      await fit(model, data, { optimizer: OPTIMIZERS[name](config), ...options })
      expectParameters(model, after[5], 'after the fifth step')
      losses.push((await evaluate(model, data)).loss)
      expect(losses).toHaveLength(6)
      losses.forEach((loss, i) => {
        expect(loss, `loss ${i}`).toBeCloseTo(expected[i], 6)
      })
    })
  })
})
