import { activate } from '../backend/js/activations.js'
import { keepsPreActivations, type LayerShape } from '../core/types.js'

/** One layer of a network. */
export interface TrainedLayer extends LayerShape {
  /** [inputs][outputs] row-major */
  readonly weights: Float32Array
  readonly biases: Float32Array
}

/** Outputs [n][outputs] of rows [n][inputs], with the bits of the TypeScript backend: sums in double, in order, from the bias. */
export function forwardRows(layers: readonly TrainedLayer[], rows: Float32Array, n: number): Float32Array {
  return layers.reduce((values, layer) => forwardLayer(layer, values, n), rows)
}

function forwardLayer(
  { inputs: K, outputs: N, weights, biases, activation }: TrainedLayer,
  from: Float32Array,
  n: number,
) {
  const values = new Float32Array(n * N)
  const sums = new Float64Array(N)
  for (let r = 0; r < n; r++) {
    sums.set(biases)
    for (let k = 0; k < K; k++) {
      const x = from[r * K + k]
      // would add zeros
      if (x === 0) continue
      for (let j = 0, w = k * N; j < N; j++, w++) sums[j] += x * weights[w]
    }
    for (let j = 0; j < N; j++) {
      const z = sums[j]
      values[r * N + j] = activation === 'relu' ? (z <= 0 ? 0 : z) : Math.fround(z) + 0
    }
  }
  const preActivations = keepsPreActivations(activation) ? new Float32Array(n * N) : null
  const out = { kind: 'matrix', rows: n, capacity: n, cols: N, stride: N, values, activation, preActivations } as const
  activate(out, { row0: 0, rowEnd: n, col0: 0, colEnd: N })
  return values
}
