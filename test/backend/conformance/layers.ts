import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import type { Layer, LayerOutput, Matrix } from '../../../src/backend/operands.js'
import { ACTIVATIONS, type Activation } from '../../../src/core/types.js'
import { activationBound, chainBound, derivativeBound, stepBound } from '../../tolerances.js'
import { ACTIVATION, affine, type Rows, transpose, weightGradient } from '../reference.js'
import {
  assertClose,
  assertGuard,
  assertSame,
  flat,
  INPUT_KINDS,
  makeInput,
  makeLayer,
  makeOutput,
  numbers,
  poison,
  randomRows,
  readLayer,
  readMatrix,
  type TestInput,
  writeMatrix,
} from '../tools.js'

const WIDTHS = [1, 9, 10, 15, 16, 17, 47, 64, 65, 130]
const INPUTS = [1, 7, 784]
const BATCHES = [1, 4, 33]

/** Everything one layer does, against the reference, at one shape. */
interface Case {
  readonly backend: Backend
  readonly data: TestInput
  readonly weights: Rows
  readonly biases: number[]
  readonly layer: Layer
  readonly where: string
}

function makeCase(
  backend: Backend,
  kind: (typeof INPUT_KINDS)[number],
  B: number,
  K: number,
  N: number,
  activation: Activation,
): Case {
  const next = numbers(B * 1000003 + K * 1009 + N)
  const data = makeInput(backend, kind, B, K, N, K + N + B)
  const weights = randomRows(K, N, next, 1 / Math.sqrt(K))
  const biases = randomRows(1, N, next)[0]
  const layer = makeLayer(backend, weights, biases, activation)
  return { backend, data, weights, biases, layer, where: `${kind} ${B} x ${K} -> ${N} ${activation}` }
}

function checkForward({ backend, data, weights, biases, layer, where }: Case): LayerOutput {
  const out = makeOutput(backend, data.rows.length, layer.outputs, layer.activation)
  backend.forward(data.input, layer, out)
  expect(out.rows).toBe(data.rows.length)
  const z = affine(data.rows, weights, biases)
  const y = z.values.map((row) => row.map(ACTIVATION[layer.activation].value))
  const chain = (r: number, c: number) => chainBound(layer.inputs, z.magnitudes[r][c])
  assertClose(readMatrix(out), y, (r, c) => activationBound(chain(r, c), z.values[r][c], y[r][c]), `forward ${where}`)
  assertGuard(out, `forward ${where}`)
  return out
}

function checkGradient({ backend, data, layer, where }: Case, gradOut: Matrix, gradRows: Rows): void {
  const { inputs: K, outputs: N } = layer
  const dW = new Float32Array(K * N).fill(Number.NaN)
  const db = new Float32Array(N).fill(Number.NaN)
  backend.gradient(data.input, gradOut, layer, dW, db)
  const expected = weightGradient(data.rows, gradRows, K, N)
  const terms = gradRows.length
  assertClose(
    [Array.from(dW)],
    [expected.weights.values.flat()],
    (_, i) => chainBound(terms, expected.weights.magnitudes[Math.floor(i / N)][i % N]),
    `weight gradient ${where}`,
  )
  assertClose(
    [Array.from(db)],
    expected.biases.values,
    (_, j) => chainBound(terms, expected.biases.magnitudes[0][j]),
    `bias gradient ${where}`,
  )
}

function checkUpdate({ backend, data, weights, biases, layer, where }: Case, gradOut: Matrix): void {
  const { inputs: K, outputs: N } = layer
  const rule = { kind: 'sgd', learningRate: 0.3, l2: 0.01, l2Biases: 0.02 } as const
  const dW = new Float32Array(K * N)
  const db = new Float32Array(N)
  backend.gradient(data.input, gradOut, layer, dW, db)
  backend.update(data.input, gradOut, layer, rule)
  const after = readLayer(backend, layer)
  // the gradient is `gradient`'s own, so that only the rule is measured
  const step = (p: number, g: number, l2: number) => p - rule.learningRate * (g + l2 * p)
  const moved = weights.map((row, k) => row.map((p, j) => step(p, dW[k * N + j], rule.l2)))
  const bound = (p: number, g: number) => stepBound(0, p, g, rule.learningRate)
  assertClose(after.weights, moved, (k, j) => bound(weights[k][j], dW[k * N + j]), `update ${where}`)
  const movedBiases = [biases.map((p, j) => step(p, db[j], rule.l2Biases))]
  assertClose([after.biases], movedBiases, (_, j) => bound(biases[j], db[j]), `bias update ${where}`)
}

function checkBackward(
  { backend, weights, layer, where }: Case,
  gradOut: Matrix,
  gradRows: Rows,
  activation: Activation,
): void {
  const { inputs: K, outputs: N } = layer
  const B = gradRows.length
  const z = randomRows(B, K, numbers(K + 3 * B), 3)
  const previous = passThrough(backend, z, activation)
  const gradIn = backend.matrix(B + 1, K)
  poison(gradIn)
  backend.backward(gradOut, layer, previous, gradIn)
  const sums = affine(gradRows, transpose(weights, N), new Array(K).fill(0))
  const expected = sums.values.map((row, r) => row.map((g, k) => g * ACTIVATION[activation].slope(z[r][k])))
  assertClose(
    readMatrix(gradIn),
    expected,
    (r, k) => derivativeBound(chainBound(N, sums.magnitudes[r][k]), sums.values[r][k]),
    `backward through ${activation} ${where}`,
  )
  assertGuard(gradIn, `backward ${where}`)
}

/** A layer output whose pre-activations are exactly `z`: each row is the biases of a layer with zero weights. */
function passThrough(backend: Backend, z: Rows, activation: Activation): LayerOutput {
  const K = z[0].length
  const B = z.length
  const out = backend.layerOutput(B + 1, { inputs: 1, outputs: K, activation })
  poison(out)
  const row = backend.layerOutput(1, { inputs: 1, outputs: K, activation })
  const input = writeMatrix(backend.matrix(1, 1), [[0]])
  z.forEach((values, r) => {
    backend.forward(input, makeLayer(backend, [new Array(K).fill(0)], values, activation), row)
    out.values.set(row.values.subarray(0, row.stride), r * out.stride)
    out.preActivations?.set(row.preActivations!.subarray(0, row.stride), r * out.stride)
  })
  out.rows = B
  return out
}

function checkAll(
  backend: Backend,
  kind: (typeof INPUT_KINDS)[number],
  B: number,
  K: number,
  N: number,
  activation: Activation,
): void {
  const one = makeCase(backend, kind, B, K, N, activation)
  checkForward(one)
  const gradRows = randomRows(B, N, numbers(B + K * N))
  const gradOut = writeMatrix(backend.matrix(B + 1, N), gradRows)
  checkGradient(one, gradOut, gradRows)
  if (kind === 'matrix') checkBackward(one, gradOut, gradRows, activation)
  checkUpdate(one, gradOut)
}

export function layers(create: () => Backend): void {
  const backend = create()

  describe('parameters', () => {
    it.each(WIDTHS)('survive pack and unpack, %i outputs', (N) => {
      for (const K of INPUTS) {
        const weights = randomRows(K, N, numbers(K * N))
        const biases = randomRows(1, N, numbers(K + N))[0]
        const after = readLayer(backend, makeLayer(backend, weights, biases, 'relu'))
        assertSame(after.weights, weights, `weights ${K} x ${N}`)
        assertSame([after.biases], [biases], `biases ${K} x ${N}`)
        expect(backend.parameterLength(K, N) % 16).toBe(0)
        expect(backend.parameterLength(K, N)).toBeGreaterThanOrEqual((K + 1) * N)
      }
    })
  })

  describe.each(INPUT_KINDS)('one layer on %s', (kind) => {
    it.each(WIDTHS)('forward, gradient, update and backward, %i outputs', (N) => {
      for (const K of INPUTS) for (const B of BATCHES) checkAll(backend, kind, B, K, N, 'relu')
    })
    it.each(ACTIVATIONS)('with %s', (activation) => {
      for (const [B, K, N] of [
        [4, 7, 9],
        [33, 20, 17],
        [5, 40, 65],
      ]) {
        checkAll(backend, kind, B, K, N, activation)
      }
    })
  })

  it('takes sums longer than any block: 5,000 inputs, 3,000 rows', () => {
    checkAll(backend, 'sparse bytes', 3, 5000, 17, 'identity')
    checkAll(backend, 'dense floats', 3, 5000, 5, 'identity')
    checkAll(backend, 'dense floats', 3000, 5, 17, 'identity')
    checkAll(backend, 'sparse bytes', 3000, 5, 3, 'identity')
    checkAll(backend, 'matrix', 3, 5000, 17, 'identity')
  })

  it('takes an empty batch', () => {
    const { layer } = makeCase(backend, 'matrix', 1, 7, 5, 'relu')
    const before = readLayer(backend, layer)
    const input = backend.matrix(2, 7)
    const out = makeOutput(backend, 2, 5, 'relu')
    const gradOut = backend.matrix(2, 5)
    input.rows = 0
    gradOut.rows = 0
    backend.forward(input, layer, out)
    expect(out.rows).toBe(0)
    const dW = flat(before.weights)
    const db = Float32Array.from(before.biases)
    backend.gradient(input, gradOut, layer, dW, db)
    expect([...dW, ...db].every((g) => Object.is(g, 0))).toBe(true)
  })
}
