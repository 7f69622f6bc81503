import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import type { Batch, Dataset, Layer, Matrix } from '../../../src/backend/operands.js'
import { trainingProgram } from '../../../src/backend/program.js'
import { type Activation, LOSSES } from '../../../src/core/types.js'
import type { Rows } from '../reference.js'
import {
  assertSame,
  flat,
  makeLayer,
  makeOutput,
  numbers,
  randomRows,
  readLayer,
  readMatrix,
  writeMatrix,
} from '../tools.js'

const ODD = [0, -0, 1e-45, -1e-45, 1e-40, -1e-40, 1.17549435e-38, -1e-30, 1, -1]

interface Ways {
  readonly rows: Rows
  readonly inputs: { name: string; input: Batch | Matrix }[]
}

/** The same rows as a sparse batch, as a dense one (its data set has enough other, full rows) and as a matrix. */
function threeWays(backend: Backend, B: number, K: number, N: number, bytes: boolean): Ways {
  const next = numbers(B * K)
  const table = Float32Array.from({ length: 256 }, (_, i) => (i < ODD.length ? ODD[i] : i / 255))
  const make = (length: number, full: boolean) => {
    const values = bytes ? new Uint8Array(length) : new Float32Array(length)
    for (let i = 0; i < length; i++) {
      const byte = full ? 200 : next() > 0.2 ? 0 : Math.floor(next() * 256)
      values[i] = bytes ? byte : table[byte]
    }
    return values
  }
  const few = make(B * K, false)
  const many = bytes ? new Uint8Array(20 * B * K) : new Float32Array(20 * B * K)
  many.set(few)
  many.set(make(19 * B * K, true), B * K)
  const indices = Int32Array.from({ length: B }, (_, r) => (r * 3) % B)
  const rows = Array.from(indices, (row) =>
    Array.from(few.subarray(row * K, (row + 1) * K), (v) => (bytes ? table[v] : v)),
  )
  const gathered = (dataset: Dataset) => {
    const batch = backend.batch(dataset, B, N)
    backend.gather(dataset, indices, batch)
    return batch
  }
  const sparse = backend.dataset(few, B, K, bytes ? table : null)
  const dense = backend.dataset(many, 20 * B, K, bytes ? table : null)
  expect(sparse.density).toBeLessThan(0.3)
  expect(dense.density).toBeGreaterThan(0.9)
  return {
    rows,
    inputs: [
      { name: 'sparse', input: gathered(sparse) },
      { name: 'dense', input: gathered(dense) },
      { name: 'matrix', input: writeMatrix(backend.matrix(B, K), rows) },
    ],
  }
}

function parametersOf(backend: Backend, K: number, N: number, odd: boolean, activation: Activation): Layer {
  const next = numbers(K + N)
  const pick = () => (odd ? Math.fround(ODD[Math.floor(next() * ODD.length)]) : Math.fround(2 * next() - 1))
  const weights = Array.from({ length: K }, () => Array.from({ length: N }, pick))
  return makeLayer(backend, weights, Array.from({ length: N }, pick), activation)
}

/** Forward, gradient and two updates; every number that comes out. */
function everything(backend: Backend, input: Batch | Matrix, layer: Layer, gradRows: Rows, learningRate: number): Rows {
  const { inputs: K, outputs: N } = layer
  const B = gradRows.length
  const out = makeOutput(backend, B, N, layer.activation)
  backend.forward(input, layer, out)
  const gradOut = writeMatrix(backend.matrix(B, N), gradRows)
  const dW = new Float32Array(K * N).fill(Number.NaN)
  const db = new Float32Array(N).fill(Number.NaN)
  backend.gradient(input, gradOut, layer, dW, db)
  const result = [...readMatrix(out), Array.from(dW), Array.from(db)]
  for (const l2 of [0, 0.1]) {
    backend.update(input, gradOut, layer, { kind: 'sgd', learningRate, l2, l2Biases: l2 })
    const { weights, biases } = readLayer(backend, layer)
    result.push(...weights, biases)
  }
  return result
}

export function contract(create: () => Backend): void {
  const backend = create()

  describe('the same bits on the sparse path, on the dense path and from a matrix', () => {
    for (const bytes of [true, false]) {
      it.each([1, 10, 15, 16, 17, 47, 65])(`${bytes ? 'bytes' : 'floats'}, %i outputs`, (N) => {
        for (const odd of [false, true]) {
          for (const learningRate of [0, 0.5]) {
            const { inputs } = threeWays(backend, 21, 50, N, bytes)
            const gradRows = randomRows(21, N, numbers(N), odd ? 1e-40 : 1)
            if (odd) gradRows[3].fill(-0)
            const [sparse, ...others] = inputs.map(({ name, input }) => ({
              name,
              values: everything(backend, input, parametersOf(backend, 50, N, odd, 'identity'), gradRows, learningRate),
            }))
            for (const other of others) {
              assertSame(other.values, sparse.values, `${other.name} against sparse, ${N} outputs, odd ${odd}`)
            }
          }
        }
      })
    }
  })

  it('does not depend on the other rows of the batch', () => {
    const { inputs, rows } = threeWays(backend, 21, 50, 17, true)
    const layer = parametersOf(backend, 50, 17, false, 'tanh')
    const out = makeOutput(backend, 21, 17, 'tanh')
    backend.forward(inputs[0].input, layer, out)
    const all = readMatrix(out)
    rows.forEach((row, r) => {
      const single = makeOutput(backend, 1, 17, 'tanh')
      backend.forward(writeMatrix(backend.matrix(1, 50), [row]), layer, single)
      assertSame(readMatrix(single), [all[r]], `row ${r} alone`)
    })
  })

  it('lets no -0 out of a product', () => {
    for (const N of [3, 17]) {
      const layer = makeLayer(
        backend,
        [new Array(N).fill(-1e-30), new Array(N).fill(0)],
        new Array(N).fill(-0),
        'identity',
      )
      const input = writeMatrix(backend.matrix(3, 2), [
        [0, 0],
        [-0, 1],
        [1e-30, 0],
      ])
      const out = makeOutput(backend, 3, N, 'identity')
      backend.forward(input, layer, out)
      assertSame(readMatrix(out), new Array(3).fill(new Array(N).fill(0)), 'forward')
      const gradOut = writeMatrix(backend.matrix(3, N), [
        new Array(N).fill(-0),
        new Array(N).fill(0),
        new Array(N).fill(-1e-30),
      ])
      const dW = new Float32Array(2 * N).fill(Number.NaN)
      const db = new Float32Array(N).fill(Number.NaN)
      backend.gradient(input, gradOut, layer, dW, db)
      expect(Array.from(dW).every((g) => Object.is(g, 0))).toBe(true)
      expect(db[0]).toBeLessThan(0)
    }
  })

  it('ReLU turns what is not positive into +0 and passes NaN', () => {
    const values = [[-1, -0, 0, -1e-45, 1e-45, Number.NaN, 3]]
    for (const wide of [1, 5]) {
      const biases = Array.from({ length: wide }, () => values[0]).flat()
      const layer = makeLayer(backend, [new Array(7 * wide).fill(0)], biases, 'relu')
      const out = makeOutput(backend, 1, 7 * wide, 'relu')
      backend.forward(writeMatrix(backend.matrix(1, 1), [[0]]), layer, out)
      const smallest = Math.fround(1e-45)
      assertSame([readMatrix(out)[0].slice(0, 7)], [[0, 0, 0, 0, smallest, Number.NaN, 3]], 'ReLU')
    }
  })

  it('allFinite finds one bad value anywhere', () => {
    for (const length of [0, 1, 15, 16, 17, 1000]) {
      const values = new Float32Array(length).fill(3.4e38)
      expect(backend.allFinite(values)).toBe(true)
      for (let at = 0; at < Math.min(length, 40); at++) {
        for (const bad of [Number.NaN, Infinity, -Infinity]) {
          values[length - 1 - at] = bad
          expect(backend.allFinite(values)).toBe(false)
          values[length - 1 - at] = -1e-45
        }
      }
      expect(backend.allFinite(values)).toBe(true)
    }
  })

  it('refuses to train without classes or targets, with the same error', () => {
    const layer = makeLayer(backend, randomRows(2, 3, numbers(1)), [0, 0, 0], 'identity')
    const rule = { kind: 'sgd', learningRate: 1, l2: 0, l2Biases: 0 } as const
    for (const loss of LOSSES) {
      const dataset = backend.dataset(new Float32Array(8).fill(1), 4, 2, null)
      const program = backend.compile(trainingProgram(dataset, 4, [layer], loss))
      const arenas = { parameters: layer.parameters, slots: null, truth: null, rowLosses: new Float64Array(16) }
      const before = layer.parameters.slice()
      expect(() =>
        backend.run(program, Int32Array.of(0, 1), { ...arenas, predicted: null, outputs: null }, rule),
      ).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: 'truth: expected classes or targets for a program with updates, got null',
        }),
      )
      expect(layer.parameters).toEqual(before)
    }
  })

  it('measures the density after the table', () => {
    const table = new Float32Array(256).fill(1)
    table[7] = 0
    expect(backend.dataset(Uint8Array.of(0, 7, 7, 1), 2, 2, table).density).toBe(0.5)
    expect(backend.dataset(Float32Array.of(0, -0, 1, 2, 3, 0), 2, 3, null).density).toBe(0.5)
    expect(backend.dataset(flat([]), 0, 3, null).density).toBe(0)
  })
}
