import type { Backend } from '../../src/backend/backend.js'
import type { Batch, Layer, LayerOutput, Matrix } from '../../src/backend/operands.js'
import type { Activation } from '../../src/core/types.js'
import type { Rows } from './reference.js'

/** Numbers for tests: a multiplicative generator (Lehmer, 1951), in (0, 1). */
export function numbers(seed: number): () => number {
  let state = (seed * 7919 + 104729) % 2147483647
  const next = () => {
    state = (state * 16807) % 2147483647
    return state / 2147483647
  }
  for (let i = 0; i < 5; i++) next()
  return next
}

/** Float32 values in (-scale, scale), as doubles. */
export function randomRows(rows: number, cols: number, next: () => number, scale = 1): Rows {
  return Array.from({ length: rows }, () => Array.from({ length: cols }, () => Math.fround((2 * next() - 1) * scale)))
}

export function flat(rows: Rows): Float32Array {
  return Float32Array.from(rows.flat())
}

export function makeLayer(backend: Backend, weights: Rows, biases: number[], activation: Activation): Layer {
  const inputs = weights.length
  const outputs = biases.length
  const parameters = backend.allocate(backend.parameterLength(inputs, outputs))
  const layer = { inputs, outputs, activation, parameters }
  backend.pack(flat(weights), Float32Array.from(biases), layer)
  return layer
}

export function readLayer(backend: Backend, layer: Layer): { weights: Rows; biases: number[] } {
  const weights = new Float32Array(layer.inputs * layer.outputs).fill(Number.NaN)
  const biases = new Float32Array(layer.outputs).fill(Number.NaN)
  backend.unpack(layer, weights, biases)
  const rows = Array.from({ length: layer.inputs }, (_, k) =>
    Array.from(weights.subarray(k * layer.outputs, (k + 1) * layer.outputs)),
  )
  return { weights: rows, biases: Array.from(biases) }
}

/** The parameters of layers one after the other, as a program takes them. */
export function arenaOf(backend: Backend, layers: readonly Layer[]): Float32Array {
  const arena = backend.allocate(layers.reduce((sum, { parameters }) => sum + parameters.length, 0))
  let offset = 0
  for (const { parameters } of layers) {
    arena.set(parameters, offset)
    offset += parameters.length
  }
  return arena
}

/** Fills the elements of a matrix, padding left alone, and sets its rows; rows past them become NaN. */
export function writeMatrix<T extends Matrix>(matrix: T, rows: Rows): T {
  poison(matrix)
  rows.forEach((row, r) => {
    row.forEach((value, c) => {
      matrix.values[r * matrix.stride + c] = value
    })
  })
  matrix.rows = rows.length
  return matrix
}

/** Makes every element NaN, so that one an operation forgets to write is seen. */
export function poison(matrix: Matrix): void {
  for (let r = 0; r < matrix.capacity; r++) {
    for (let c = 0; c < matrix.cols; c++) matrix.values[r * matrix.stride + c] = Number.NaN
  }
}

export function readMatrix(matrix: Matrix): Rows {
  return Array.from({ length: matrix.rows }, (_, r) =>
    Array.from(matrix.values.subarray(r * matrix.stride, r * matrix.stride + matrix.cols)),
  )
}

/** Rows past the used ones must still be the NaN of `poison`. */
export function assertGuard(matrix: Matrix, where: string): void {
  for (let r = matrix.rows; r < matrix.capacity; r++) {
    for (let c = 0; c < matrix.cols; c++) {
      if (!Number.isNaN(matrix.values[r * matrix.stride + c]))
        throw new Error(`${where}: wrote past its rows, at ${r}, ${c}`)
    }
  }
}

/** Throws at the first element further from `expected` than its bound, naming it. */
export function assertClose(
  actual: Rows,
  expected: Rows,
  bound: (r: number, c: number) => number,
  where: string,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${where}: ${actual.length} rows instead of ${expected.length}`)
  expected.forEach((row, r) => {
    row.forEach((value, c) => {
      if (!(Math.abs(actual[r][c] - value) <= bound(r, c))) {
        throw new Error(`${where}: ${actual[r][c]} instead of ${value} +- ${bound(r, c)} at ${r}, ${c}`)
      }
    })
  })
}

/** Equal bits, -0 told from +0. */
export function assertSame(actual: Rows, expected: Rows, where: string): void {
  if (actual.length !== expected.length)
    throw new Error(`${where}: ${actual.length} rows instead of ${expected.length}`)
  expected.forEach((row, r) => {
    row.forEach((value, c) => {
      if (!Object.is(actual[r][c], value))
        throw new Error(`${where}: ${actual[r][c]} instead of ${value} at ${r}, ${c}`)
    })
  })
}

export type InputKind = 'sparse bytes' | 'dense bytes' | 'sparse floats' | 'dense floats' | 'matrix'
export const INPUT_KINDS: readonly InputKind[] = [
  'sparse bytes',
  'dense bytes',
  'sparse floats',
  'dense floats',
  'matrix',
]

/** byte / 255 */
export const TABLE = Float32Array.from({ length: 256 }, (_, i) => i / 255)

export interface TestInput {
  readonly input: Batch | Matrix
  /** the same rows as doubles */
  readonly rows: Rows
}

/**
 * `count` rows of `K` inputs of a kind: gathered out of order, with a repeated row, from a data set of more rows.
 * Sparse kinds are about one fifth non-zero.
 */
export function makeInput(
  backend: Backend,
  kind: InputKind,
  count: number,
  K: number,
  N: number,
  seed: number,
): TestInput {
  const next = numbers(seed)
  const total = count + 3
  const sparse = kind.startsWith('sparse')
  const bytes = kind.endsWith('bytes')
  const values = bytes ? new Uint8Array(total * K) : new Float32Array(total * K)
  for (let i = 0; i < values.length; i++) {
    const u = next()
    const v = next()
    values[i] = sparse && u > 0.2 ? 0 : bytes ? 1 + Math.floor(255 * v) : 2 * v - 1
  }
  const meaning = (i: number) => (bytes ? TABLE[values[i]] : values[i])
  const indices = Int32Array.from({ length: count }, (_, r) => (r === 1 ? total - 1 : total - 1 - r))
  const rows = Array.from(indices, (row) => Array.from({ length: K }, (_, k) => meaning(row * K + k)))
  if (kind === 'matrix') return { input: writeMatrix(backend.matrix(count + 1, K), rows), rows }
  const dataset = backend.dataset(values, total, K, bytes ? TABLE : null)
  const batch = backend.batch(dataset, count + 1, N)
  backend.gather(dataset, indices, batch)
  return { input: batch, rows }
}

/** An output matrix full of NaN, with one row more than needed. */
export function makeOutput(backend: Backend, rows: number, outputs: number, activation: Activation): LayerOutput {
  const out = backend.layerOutput(rows + 1, { inputs: 1, outputs, activation })
  poison(out)
  return out
}
