import { expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import { chainBound } from '../../tolerances.js'
import { affine, type Rows, transpose } from '../reference.js'
import { assertClose, numbers, randomRows } from '../tools.js'

const SHAPES = [
  [1, 1, 1],
  [2, 3, 4],
  [5, 7, 3],
  [1, 17, 33],
  [33, 1, 17],
  [16, 16, 16],
  [17, 47, 15],
  [65, 64, 130],
  [6, 130, 9],
  [130, 9, 65],
]

/** Row-major storage with `ld` floats a row, NaN between the rows; the last row ends with its last element. */
function stored(rows: Rows, cols: number, ld: number): Float32Array {
  const values = new Float32Array(rows.length === 0 ? 0 : (rows.length - 1) * ld + cols).fill(Number.NaN)
  rows.forEach((row, r) => {
    values.set(row, r * ld)
  })
  return values
}

function check(backend: Backend, shape: number[], transA: boolean, transB: boolean, alpha: number, beta: number): void {
  const [M, N, K] = shape
  const next = numbers(M * 31 + N * 17 + K)
  const a = randomRows(M, K, next)
  const b = randomRows(K, N, next)
  const c = randomRows(M, N, next)
  const extra = (M + N + K) % 3
  const lda = (transA ? M : K) + extra
  const ldb = (transB ? K : N) + extra
  const ldc = N + extra
  const A = stored(transA ? transpose(a, K) : a, transA ? M : K, lda)
  const B = stored(transB ? transpose(b, N) : b, transB ? K : N, ldb)
  const C = stored(c, N, ldc)
  if (beta === 0) C.fill(Number.NaN)
  backend.gemm(transA, transB, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc)
  const scaled = a.map((row) => row.map((v) => alpha * v))
  const expected = scaled.map((row, r) =>
    affine(
      [row],
      b,
      c[r].map((v) => beta * v),
    ),
  )
  const where = `${M} x ${N} x ${K} ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'} alpha ${alpha} beta ${beta}`
  assertClose(
    c.map((_, r) => Array.from(C.subarray(r * ldc, r * ldc + N))),
    expected.map((row) => row.values[0]),
    (r, j) => 2 * chainBound(K, expected[r].magnitudes[0][j]),
    where,
  )
  for (let r = 0; r + 1 < M; r++) {
    for (let j = N; j < ldc; j++) expect(C[r * ldc + j], `${where}: between the rows`).toBeNaN()
  }
}

export function multiplication(create: () => Backend): void {
  const backend = create()

  it.each(SHAPES.map((shape) => [shape.join(' x '), shape] as const))('every transposition, %s', (_, shape) => {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        for (const [alpha, beta] of [
          [1, 0],
          [1, 1],
          [-0.5, 2],
          [2, -1],
        ]) {
          check(backend, shape, transA, transB, alpha, beta)
        }
      }
    }
  })

  it('continues sums longer than any block', () => {
    check(backend, [5, 7, 5000], false, false, 1, 1)
    check(backend, [3, 20, 4500], true, true, 0.5, 0)
  })

  it('without terms leaves beta C, and without rows or columns nothing', () => {
    const none = new Float32Array(0)
    const C = Float32Array.of(1, 2, Number.NaN, 3, 4)
    backend.gemm(false, false, 2, 2, 0, 1, none, 1, none, 2, 2, C, 3)
    expect(C).toEqual(Float32Array.of(2, 4, Number.NaN, 6, 8))
    backend.gemm(false, false, 2, 2, 0, 1, none, 1, none, 2, 0, C, 3)
    expect(C).toEqual(Float32Array.of(0, 0, Number.NaN, 0, 0))
    backend.gemm(false, false, 0, 3, 2, 1, none, 2, Float32Array.of(1, 2, 3, 4, 5, 6), 3, 0, none, 3)
    backend.gemm(false, false, 3, 0, 2, 1, Float32Array.of(1, 2, 3, 4, 5, 6), 2, none, 1, 0, none, 1)
  })
}
