import { invalidArgument } from '../../core/errors.js'
import { GemmSums } from './destinations.js'
import { RightOperand, StridedOperand } from './operands.js'
import { denseProduct, whole } from './product.js'

const left = new StridedOperand()
const right = new RightOperand()
const destination = new GemmSums()

/** C [M][N] = alpha op(A) x op(B) + beta C; as in BLAS, alpha = 0 reads neither A nor B, and beta = 0 never reads C. */
export function gemm(
  transA: boolean,
  transB: boolean,
  M: number,
  N: number,
  K: number,
  alpha: number,
  A: Float32Array,
  lda: number,
  B: Float32Array,
  ldb: number,
  beta: number,
  C: Float32Array,
  ldc: number,
): void {
  checkOperand('A', A, transA ? K : M, transA ? M : K, lda)
  checkOperand('B', B, transB ? N : K, transB ? K : N, ldb)
  checkOperand('C', C, M, N, ldc)
  left.set(A, 0, transA ? 1 : lda, transA ? lda : 1, alpha)
  right.set(B, 0, transB ? 1 : ldb, transB ? ldb : 1)
  denseProduct(left, right, whole(M, N), alpha === 0 ? 0 : K, destination.set(C, ldc, beta))
}

function checkOperand(name: string, values: Float32Array, rows: number, cols: number, ld: number): void {
  if (rows === 0 || cols === 0) return
  if (ld < cols) throw invalidArgument(`gemm ld${name.toLowerCase()}`, `at least ${cols}`, ld)
  const length = (rows - 1) * ld + cols
  if (values.length < length) throw invalidArgument(`gemm ${name}`, `at least ${length} values`, values)
}
