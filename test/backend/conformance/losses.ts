import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import { ACTIVATIONS } from '../../../src/core/types.js'
import { activationBound, PROBABILITY, ROW_LOSS } from '../../tolerances.js'
import { ACTIVATION, binaryCrossEntropy, meanSquaredError, type Rows, softmaxCrossEntropy } from '../reference.js'
import {
  assertClose,
  assertGuard,
  flat,
  makeLayer,
  numbers,
  poison,
  randomRows,
  readMatrix,
  writeMatrix,
} from '../tools.js'

interface SoftmaxEdge {
  logits: Rows
  y: number[]
  loss: number[]
  grad: Rows
  argmax: number[]
}

const logitsOf = (backend: Backend, rows: number, outputs: number) =>
  backend.layerOutput(rows, { inputs: 1, outputs, activation: 'identity' })

function softmax(backend: Backend, logits: Rows, labels: number[]) {
  const B = logits.length
  const matrix = writeMatrix(logitsOf(backend, B + 1, logits[0].length), logits)
  const gradient = backend.matrix(B + 1, logits[0].length)
  poison(gradient)
  const rowLosses = new Float64Array(B).fill(-1)
  const correct = backend.loss('softmaxCrossEntropy', matrix, Int32Array.from(labels), gradient, rowLosses)
  const withoutGradient = new Float64Array(B)
  expect(backend.loss('softmaxCrossEntropy', matrix, Int32Array.from(labels), null, withoutGradient)).toBe(correct)
  expect(withoutGradient).toEqual(rowLosses)
  assertGuard(gradient, 'softmax gradient')
  return { correct, rowLosses: Array.from(rowLosses), gradient: readMatrix(gradient) }
}

export function losses(create: () => Backend): void {
  const backend = create()

  describe('softmax cross-entropy', () => {
    it.each([1, 2, 3, 10, 15, 16, 17, 33, 130])('agrees with the reference for %i classes', (C) => {
      for (const B of [1, 4, 33]) {
        const next = numbers(C * 100 + B)
        const logits = randomRows(B, C, next, 8)
        const labels = logits.map(() => Math.floor(next() * C))
        const expected = softmaxCrossEntropy(logits, labels)
        const got = softmax(backend, logits, labels)
        assertClose(
          [got.rowLosses],
          [expected.rowLosses],
          (_, r) => ROW_LOSS * (1 + expected.rowLosses[r]),
          `loss, ${C}`,
        )
        assertClose(got.gradient, expected.gradient, () => PROBABILITY / B, `gradient, ${C}`)
        expect(got.correct).toBe(expected.correct)
      }
    })

    it('agrees with the golden file at extreme logits', () => {
      const text = readFileSync(new URL('../../fixtures/golden/softmax_edge.json', import.meta.url), 'utf8')
      const edge: SoftmaxEdge = JSON.parse(text)
      const B = edge.y.length
      const got = softmax(backend, edge.logits, edge.y)
      assertClose([got.rowLosses], [edge.loss], (_, r) => ROW_LOSS * (1 + edge.loss[r]), 'golden loss')
      const gradient = edge.grad.map((row) => row.map((g) => g / B))
      assertClose(got.gradient, gradient, () => PROBABILITY / B, 'golden gradient')
      expect(got.correct).toBe(edge.y.filter((y, r) => y === edge.argmax[r]).length)
    })

    it('is finite for any finite logits', () => {
      const max = 3.4028234663852886e38
      const got = softmax(
        backend,
        [
          [max, -max, 0],
          [-max, -max, -max],
          [1e-45, -1e-45, 0],
        ],
        [1, 2, 0],
      )
      expect(got.rowLosses[0] / (2 * max)).toBeCloseTo(1, 6)
      expect(got.rowLosses[1]).toBeCloseTo(Math.log(3), 6)
      expect(got.rowLosses[2]).toBeCloseTo(Math.log(3), 6)
      expect(got.gradient.flat().every(Number.isFinite)).toBe(true)
    })

    it('makes no subnormal probability', () => {
      const { gradient } = softmax(backend, [[0, -63, -65, -90, -104]], [0])
      expect(gradient[0][1]).toBeGreaterThan(0)
      expect(gradient[0].slice(2)).toEqual([0, 0, 0])
    })

    it.each([Number.NaN, Infinity, -Infinity])(
      'gives NaN for the rows with a logit of %d, and only for them',
      (bad) => {
        for (const C of [3, 17]) {
          const logits = randomRows(3, C, numbers(C))
          logits[1][2] = bad
          const { rowLosses } = softmax(backend, logits, [0, 1, 2])
          expect(rowLosses.map(Number.isNaN)).toEqual([false, true, false])
        }
      },
    )

    it('breaks ties towards the lowest index', () => {
      const tied = new Array(20).fill(1)
      const labels = [0, 1, 19]
      expect(softmax(backend, [tied, tied, tied], labels).correct).toBe(1)
      expect(softmax(backend, [[0, 2, 2]], [1]).correct).toBe(1)
      expect(softmax(backend, [[0, 2, 2]], [2]).correct).toBe(0)
      expect(softmax(backend, [[-0, 0]], [0]).correct).toBe(1)
    })
  })

  describe('binary cross-entropy', () => {
    function binary(logits: Rows, truth: Int32Array | Float32Array) {
      const [B, N] = [logits.length, logits[0].length]
      const output = writeMatrix(logitsOf(backend, B + 1, N), logits)
      const gradient = backend.matrix(B + 1, N)
      poison(gradient)
      const rowLosses = new Float64Array(B).fill(-1)
      const correct = backend.loss('binaryCrossEntropy', output, truth, gradient, rowLosses)
      const alone = new Float64Array(B)
      expect(backend.loss('binaryCrossEntropy', output, truth, null, alone)).toBe(correct)
      expect(alone).toEqual(rowLosses)
      assertGuard(gradient, 'binary gradient')
      return { correct, rowLosses: Array.from(rowLosses), gradient: readMatrix(gradient) }
    }

    it.each([1, 2, 15, 16, 17, 33])('agrees with the reference for %i outputs', (N) => {
      for (const B of [1, 4, 33]) {
        const next = numbers(N * 100 + B)
        const logits = randomRows(B, N, next, 8)
        const targets = logits.map((row) => row.map(() => (next() > 0.5 ? 1 : 0)))
        const expected = binaryCrossEntropy(logits, targets)
        const got = binary(logits, flat(targets))
        assertClose(
          [got.rowLosses],
          [expected.rowLosses],
          (_, r) => ROW_LOSS * (1 + expected.rowLosses[r]),
          `loss, ${N}`,
        )
        assertClose(got.gradient, expected.gradient, () => PROBABILITY / (B * N), `gradient, ${N}`)
        expect(got.correct).toBe(expected.correct)
        if (N === 1) expect(binary(logits, Int32Array.from(targets.flat()))).toEqual(got)
      }
    })

    it('is finite for any finite logits, and NaN for the rows with another one only', () => {
      const max = 3.4028234663852886e38
      const got = binary([[max], [-max], [1e-45], [-200]], Int32Array.of(1, 1, 0, 1))
      expect(got.rowLosses[0]).toBe(0)
      expect(got.rowLosses[1] / max).toBeCloseTo(1, 6)
      expect(got.rowLosses[2]).toBeCloseTo(Math.log(2), 6)
      expect(got.rowLosses[3]).toBeCloseTo(200, 4)
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        const { rowLosses } = binary(
          [
            [0, 1],
            [2, bad],
            [3, 4],
          ],
          new Float32Array(6),
        )
        expect(rowLosses.map(Number.isNaN)).toEqual([false, true, false])
      }
    })

    it('refuses a label other than 0 and 1', () => {
      expect(() => binary([[0], [1]], Int32Array.of(0, 2))).toThrow(/2/)
    })
  })

  describe('mean squared error', () => {
    it.each(ACTIVATIONS)('agrees with the reference through %s', (activation) => {
      for (const [B, N] of [
        [1, 1],
        [4, 10],
        [33, 17],
      ]) {
        const next = numbers(B + N)
        const z = randomRows(B, N, next, 2)
        const targets = randomRows(B, N, next)
        // unit vectors as inputs and z as weights: the layer's pre-activations are z itself
        const unit = z.map((_, r) => z.map((__, k) => (r === k ? 1 : 0)))
        const layer = makeLayer(backend, z, new Array(N).fill(0), activation)
        const output = backend.layerOutput(B + 1, layer)
        backend.forward(writeMatrix(backend.matrix(B, B), unit), layer, output)
        const y = z.map((row) => row.map(ACTIVATION[activation].value))
        const expected = meanSquaredError(y, targets)
        const gradient = backend.matrix(B + 1, N)
        poison(gradient)
        const rowLosses = new Float64Array(B).fill(-1)
        backend.loss('meanSquaredError', output, flat(targets), gradient, rowLosses)
        const bound = (r: number, c: number) => 4 * activationBound(0, z[r][c], y[r][c])
        const slopes = z.map((row) => row.map(ACTIVATION[activation].slope))
        const through = expected.gradient.map((row, r) => row.map((g, c) => g * slopes[r][c]))
        assertClose(
          readMatrix(gradient),
          through,
          (r, c) => (bound(r, c) + 2 ** -20 * (1 + Math.abs(y[r][c] - targets[r][c]))) / (B * N),
          `gradient through ${activation}`,
        )
        assertClose(
          [Array.from(rowLosses)],
          [expected.rowLosses],
          (_, r) => 2 ** -20 * (1 + expected.rowLosses[r]),
          'loss',
        )
        assertGuard(gradient, 'mean squared error')
        const alone = new Float64Array(B)
        backend.loss('meanSquaredError', output, flat(targets), null, alone)
        expect(alone).toEqual(rowLosses)
      }
    })
  })
}
