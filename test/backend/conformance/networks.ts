import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import type { Batch, Layer, LayerOutput, Matrix } from '../../../src/backend/operands.js'
import { SLOTS, type UpdateRule } from '../../../src/backend/rules.js'
import { ACTIVATIONS, type Activation } from '../../../src/core/types.js'
import { FINITE_DIFFERENCE, GOLDEN } from '../../tolerances.js'
import {
  binaryCrossEntropy,
  meanSquaredError,
  predict,
  type ReferenceLayer,
  type Rows,
  softmaxCrossEntropy,
} from '../reference.js'
import { assertClose, flat, makeLayer, numbers, randomRows, readLayer, readMatrix } from '../tools.js'

type Target = { labels: number[] } | { targets: Rows } | { answers: Rows }

/** A network of any depth composed from a backend's operations: what a training step does. */
class Network {
  readonly backend: Backend
  readonly layers: Layer[]
  readonly outputs: LayerOutput[]
  readonly gradients: Matrix[]
  readonly batch: Batch
  readonly rowLosses: Float64Array
  readonly target: Target

  constructor(backend: Backend, x: Rows, layers: readonly ReferenceLayer[], target: Target) {
    this.backend = backend
    this.target = target
    this.layers = layers.map((l) => makeLayer(backend, l.weights, l.biases, l.activation as Activation))
    this.outputs = this.layers.map((layer) => backend.layerOutput(x.length, layer))
    this.gradients = this.layers.map((layer) => backend.matrix(x.length, layer.outputs))
    const dataset = backend.dataset(flat(x), x.length, x[0].length, null)
    this.batch = backend.batch(dataset, x.length, this.layers[0].outputs)
    backend.gather(dataset, Int32Array.from(x.keys()), this.batch)
    this.rowLosses = new Float64Array(x.length)
  }

  input(i: number): Batch | Matrix {
    return i === 0 ? this.batch : this.outputs[i - 1]
  }

  /** Forward, loss and the gradients of every layer's output; returns the mean loss. */
  differentiate(): number {
    const { backend, layers, outputs, gradients, target, rowLosses } = this
    layers.forEach((layer, i) => {
      backend.forward(this.input(i), layer, outputs[i])
    })
    const last = layers.length - 1
    if ('labels' in target) {
      backend.loss('softmaxCrossEntropy', outputs[last], Int32Array.from(target.labels), gradients[last], rowLosses)
    } else if ('answers' in target) {
      backend.loss('binaryCrossEntropy', outputs[last], flat(target.answers), gradients[last], rowLosses)
    } else {
      backend.loss('meanSquaredError', outputs[last], flat(target.targets), gradients[last], rowLosses)
    }
    for (let i = last; i > 0; i--) backend.backward(gradients[i], layers[i], outputs[i - 1], gradients[i - 1])
    return rowLosses.reduce((sum, loss) => sum + loss, 0) / rowLosses.length
  }

  gradient(i: number): { weights: Rows; biases: number[] } {
    const { inputs: K, outputs: N } = this.layers[i]
    const dW = new Float32Array(K * N).fill(Number.NaN)
    const db = new Float32Array(N).fill(Number.NaN)
    this.backend.gradient(this.input(i), this.gradients[i], this.layers[i], dW, db)
    const weights = Array.from({ length: K }, (_, k) => Array.from(dW.subarray(k * N, (k + 1) * N)))
    return { weights, biases: Array.from(db) }
  }

  readonly slots: Float32Array[] = []

  step(rule: UpdateRule): number {
    const loss = this.differentiate()
    this.layers.forEach((layer, i) => {
      this.slots[i] ??= this.backend.allocate(SLOTS[rule.kind].length * layer.parameters.length)
      this.backend.update(this.input(i), this.gradients[i], layer, rule, this.slots[i])
    })
    return loss
  }
}

function meanLoss(x: Rows, layers: readonly ReferenceLayer[], target: Target): number {
  const y = predict(x, layers)
  const { rowLosses } =
    'labels' in target
      ? softmaxCrossEntropy(y, target.labels)
      : 'answers' in target
        ? binaryCrossEntropy(y, target.answers)
        : meanSquaredError(y, target.targets)
  return rowLosses.reduce((sum, loss) => sum + loss, 0) / rowLosses.length
}

/** Central difference of the double reference in every parameter, against the backend's gradient. */
function checkDifferences(backend: Backend, hidden: Activation, output: Activation, target: Target): void {
  const next = numbers(ACTIVATIONS.indexOf(hidden) * 7 + ACTIVATIONS.indexOf(output) + 1)
  const x = randomRows(6, 5, next, 1.5)
  const shapes = [
    [5, 4, hidden],
    [4, 3, output],
  ] as const
  const layers = shapes.map(([K, N, activation]) => ({
    weights: randomRows(K, N, next),
    biases: randomRows(1, N, next, 0.5)[0],
    activation,
  }))
  const network = new Network(backend, x, layers, target)
  expect(network.differentiate()).toBeCloseTo(meanLoss(x, layers, target), 5)
  const h = 1e-5
  const difference = (row: number[], j: number) => {
    const kept = row[j]
    row[j] = kept + h
    const above = meanLoss(x, layers, target)
    row[j] = kept - h
    const below = meanLoss(x, layers, target)
    row[j] = kept
    return (above - below) / (2 * h)
  }
  layers.forEach((layer, i) => {
    const got = network.gradient(i)
    const where = `${hidden}, then ${output}, layer ${i + 1}`
    const weights = layer.weights.map((row) => row.map((_, j) => difference(row, j)))
    assertClose(got.weights, weights, () => FINITE_DIFFERENCE, `weights of ${where}`)
    const biases = layer.biases.map((_, j) => difference(layer.biases, j))
    assertClose([got.biases], [biases], () => FINITE_DIFFERENCE, `biases of ${where}`)
  })
}

type Named = Record<string, Rows | number[]>

interface Golden {
  sizes: number[]
  x: Rows
  y: number[]
  params: Named
  logits: Rows
  loss: number
  grad: Named
  optimizers: Record<string, { losses_before_each_step_then_after_last: number[]; after: Record<'1' | '5', Named> }>
}

function loadGolden(name: string): { golden: Golden; layers: ReferenceLayer[] } {
  const golden: Golden = JSON.parse(
    readFileSync(new URL(`../../fixtures/golden/${name}.json`, import.meta.url), 'utf8'),
  )
  const depth = golden.sizes.length - 1
  const layers = Array.from({ length: depth }, (_, i) => ({
    weights: golden.params[`W${i + 1}`] as Rows,
    biases: golden.params[`b${i + 1}`] as number[],
    activation: i === depth - 1 ? 'identity' : 'relu',
  }))
  return { golden, layers }
}

function assertNamed(got: { weights: Rows; biases: number[] }, expected: Named, i: number, where: string): void {
  assertClose(got.weights, expected[`W${i + 1}`] as Rows, () => GOLDEN, `W${i + 1} ${where}`)
  assertClose([got.biases], [expected[`b${i + 1}`] as number[]], () => GOLDEN, `b${i + 1} ${where}`)
}

const L2 = { learningRate: 0.1, l2: 0.01, l2Biases: 0.01 }
const ADAM = { kind: 'adam', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const
const PLAIN = { l2: 0, l2Biases: 0, weightDecay: 0, weightDecayBiases: 0 }

/** The optimisers of the golden files, see the README beside them. */
const GOLDEN_RULES: Record<string, (t: number) => UpdateRule> = {
  sgd_l2: () => ({ kind: 'sgd', ...L2 }),
  momentum: () => ({ kind: 'momentum', ...L2, momentum: 0.9, nesterov: false }),
  nesterov: () => ({ kind: 'momentum', ...L2, momentum: 0.9, nesterov: true }),
  adam: (t) => ({ ...ADAM, ...PLAIN, t }),
  adam_l2: (t) => ({ ...ADAM, ...PLAIN, l2: 0.01, l2Biases: 0.01, t }),
  adamw: (t) => ({ ...ADAM, ...PLAIN, weightDecay: 0.01, weightDecayBiases: 0.01, t }),
}

export function networks(create: () => Backend): void {
  const backend = create()
  const labels = [0, 1, 2, 2, 1, 0]
  const targets = randomRows(6, 3, numbers(5))
  const answers = targets.map((row) => row.map((t) => (t > 0 ? 1 : 0)))

  describe('gradients equal central differences', () => {
    it.each(ACTIVATIONS)('softmax cross-entropy over %s', (hidden) => {
      checkDifferences(backend, hidden, 'identity', { labels })
    })
    it.each(ACTIVATIONS)('binary cross-entropy over %s', (hidden) => {
      checkDifferences(backend, hidden, 'identity', { answers })
    })
    it.each(ACTIVATIONS)('mean squared error over %s', (hidden) => {
      for (const output of ACTIVATIONS) checkDifferences(backend, hidden, output, { targets })
    })
  })

  describe.each(['tiny1_7-3', 'tiny_7-5-3', 'tiny3_7-6-5-3'])('golden network %s', (name) => {
    it('has the recorded logits, loss and gradients', () => {
      const { golden, layers } = loadGolden(name)
      const network = new Network(backend, golden.x, layers, { labels: golden.y })
      expect(Math.abs(network.differentiate() - golden.loss)).toBeLessThan(GOLDEN)
      assertClose(readMatrix(network.outputs[layers.length - 1]), golden.logits, () => GOLDEN, 'logits')
      layers.forEach((_, i) => {
        assertNamed(network.gradient(i), golden.grad, i, 'gradient')
      })
    })

    it.each(Object.entries(GOLDEN_RULES))(
      'has the recorded parameters after one and five steps of %s',
      (which, rule) => {
        const { golden, layers } = loadGolden(name)
        const network = new Network(backend, golden.x, layers, { labels: golden.y })
        const { after, losses_before_each_step_then_after_last: losses } = golden.optimizers[which]
        for (let step = 1; step <= 5; step++) {
          expect(Math.abs(network.step(rule(step)) - losses[step - 1])).toBeLessThan(GOLDEN)
          if (step !== 1 && step !== 5) continue
          network.layers.forEach((layer, i) => {
            assertNamed(readLayer(backend, layer), after[`${step}`], i, `after ${step}`)
          })
        }
        expect(Math.abs(network.differentiate() - losses[5])).toBeLessThan(GOLDEN)
      },
    )
  })
}
