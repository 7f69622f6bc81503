import type { Activation, LayerShape } from '../core/types.js'

/** Rows of inputs prepared by a backend. Opaque except for these members. */
export interface Dataset {
  readonly rows: number
  readonly cols: number
  /** fraction of non-zero values (after the table), 0..1 */
  readonly density: number
  readonly values: Uint8Array | Float32Array
  readonly table: Float32Array | null
}

/** How many values of a data set are not zero (after the table). */
export interface InputStatistics {
  readonly nonzeros: number
  /** most in a row; -1 if byte 0 does not map to 0. The TypeScript backend has no use for it: -1. */
  readonly longestRow: number
}

/** A mini-batch in the backend's fastest format. Opaque except for these members. */
export interface Batch {
  readonly kind: 'batch'
  rows: number
  readonly cols: number
  readonly capacity: number
}

export interface Matrix {
  readonly kind: 'matrix'
  /** rows in use, 0..capacity */
  rows: number
  readonly capacity: number
  readonly cols: number
  /** floats from one row to the next, >= cols; the rest is padding */
  readonly stride: number
  readonly values: Float32Array
}

export interface LayerOutput extends Matrix {
  readonly activation: Activation
  /** z before the activation, same stride, if the derivative needs it; else null */
  readonly preActivations: Float32Array | null
}

export interface Layer extends LayerShape {
  /** weights and biases in the backend's own layout; see pack and unpack */
  readonly parameters: Float32Array
}
