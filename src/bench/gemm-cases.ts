import type { Backend } from '../backend/backend.js'
import type { BenchCase } from './case.js'
import { fillRandom } from './data.js'
import type { Work } from './timing.js'

/** M x N x K of C [M][N] = op(A) [M][K] x op(B) [K][N], and the transposed operands in BLAS notation. */
interface Shape {
  readonly M: number
  readonly N: number
  readonly K: number
  readonly transposed: 'NN' | 'TN' | 'NT'
}

const shape = (M: number, N: number, K: number, transposed: Shape['transposed'] = 'NN'): Shape => ({
  M,
  N,
  K,
  transposed,
})

/** The products of a step of 784-512-10, some of other steps, of an evaluation, and squares. */
const SHAPES: readonly Shape[] = [
  shape(256, 512, 784),
  shape(784, 512, 256, 'TN'),
  shape(64, 128, 784),
  shape(1024, 1024, 1024),
  shape(2048, 2048, 2048),
  shape(10000, 512, 784),
  shape(256, 10, 512),
  shape(512, 10, 256, 'TN'),
  shape(256, 512, 10, 'NT'),
]

/** Products of contiguous row-major matrices, in cache if they fit. */
export const GEMM_CASES: readonly BenchCase[] = SHAPES.map((s) => ({
  name: `gemm ${s.M}x${s.N}x${s.K} ${s.transposed}`,
  group: 'gemm',
  flops: 2 * s.M * s.N * s.K,
  prepare: async (backend) => product(backend, s),
}))

function product(backend: Backend, { M, N, K, transposed }: Shape): Work {
  const transA = transposed[0] === 'T'
  const transB = transposed[1] === 'T'
  const A = fillRandom(backend.allocate(M * K), 'bench A')
  const B = fillRandom(backend.allocate(K * N), 'bench B')
  const C = backend.allocate(M * N)
  const lda = transA ? M : K
  const ldb = transB ? K : N
  return { call: () => backend.gemm(transA, transB, M, N, K, 1, A, lda, B, ldb, 0, C, N) }
}
