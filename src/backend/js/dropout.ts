import { mix32 } from '../../core/random.js'
import type { LayerOutput, Matrix } from '../operands.js'
import { STEP } from '../program.js'
import { timesDerivative } from './activations.js'
import { type Rectangle, whole } from './product.js'

/** kRowStep and kUnitStep of native/kernels/kernels.h */
const ROW_STEP = 0x9e3779b9
const UNIT_STEP = 0x85ebca6b

/** out = x * mask, or a part of it; the masks are those of the native backend. */
export function dropout(
  x: LayerOutput,
  mask: Matrix,
  out: Matrix,
  layer: number,
  step: Float64Array | null,
  { row0, rowEnd, col0, colEnd }: Rectangle = whole(x.rows, x.cols),
): void {
  const stepKey = step?.[STEP.dropoutKey] ?? 0
  const rate = step?.[STEP.dropoutRate] ?? 0
  const key = mix32((stepKey + Math.imul(layer, ROW_STEP)) | 0)
  const threshold = Math.floor(rate * 4294967296)
  const scale = Math.fround(1 / (1 - rate))
  mask.rows = x.rows
  out.rows = x.rows
  for (let r = row0; r < rowEnd; r++) {
    const rowKey = mix32((key + Math.imul(r, ROW_STEP)) | 0)
    for (let c = col0; c < colEnd; c++) {
      const kept = mix32((rowKey + Math.imul(c, UNIT_STEP)) | 0) >= threshold ? scale : 0
      mask.values[r * mask.stride + c] = kept
      out.values[r * out.stride + c] = x.values[r * x.stride + c] * kept + 0
    }
  }
}

/** gradient <- gradient * mask * act'(x), or a part of it */
export function undrop(
  gradient: Matrix,
  mask: Matrix,
  x: LayerOutput,
  part: Rectangle = whole(gradient.rows, gradient.cols),
): void {
  const { row0, rowEnd, col0, colEnd } = part
  const { stride, values } = gradient
  for (let r = row0; r < rowEnd; r++) {
    for (let c = col0; c < colEnd; c++) values[r * stride + c] *= mask.values[r * mask.stride + c]
  }
  timesDerivative(gradient, x, part)
}
