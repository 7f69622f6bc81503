import type { Layer } from '../operands.js'

/** Norm of all values together. */
export function normOf(arrays: readonly Float32Array[]): number {
  let sum = 0
  for (const values of arrays) for (let i = 0; i < values.length; i++) sum += values[i] * values[i]
  return Math.sqrt(sum)
}

/** Scales the incoming weights of each unit whose norm exceeds `limit` to it; 0: no limit. */
export function limitNorms({ parameters, inputs: K, outputs: N }: Layer, limit: number): void {
  if (limit === 0) return
  for (let n = 0; n < N; n++) {
    let sum = 0
    for (let k = 0; k < K; k++) sum += parameters[k * N + n] * parameters[k * N + n]
    const norm = Math.sqrt(sum)
    if (!(norm > limit)) continue
    for (let k = 0; k < K; k++) parameters[k * N + n] *= limit / norm
  }
}

/** average += share (parameters - average), of the parameters from..to-1 */
export function moveAverage(
  average: Float32Array,
  parameters: Float32Array,
  from: number,
  to: number,
  share: number,
): void {
  for (let i = from; i < to; i++) average[i] += share * (parameters[i] - average[i])
}
