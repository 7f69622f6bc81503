import type { LayerShape, Loss } from '../core/types.js'
import type { Dataset } from './operands.js'

/** The gathered rows, or a matrix by its index. */
export type Operand = 'batch' | number

/** One operation of a program over named operands; see `Backend` for what each computes. */
export type Operation =
  /** batch <- the rows of the run */
  | { readonly op: 'gather' }
  | { readonly op: 'forward'; readonly layer: number; readonly input: Operand; readonly output: number }
  /** `gradient`: of the pre-activations of the output layer, null if not needed */
  | { readonly op: 'loss'; readonly loss: Loss; readonly output: number; readonly gradient: number | null }
  | {
      readonly op: 'backward'
      readonly layer: number
      readonly gradOut: number
      /** input of the layer */
      readonly previous: number
      readonly gradIn: number
    }
  | { readonly op: 'update'; readonly layer: number; readonly input: Operand; readonly gradOut: number }

/** Operations in the order of OpCode in native/program.h. */
export const OPERATIONS = ['gather', 'forward', 'loss', 'backward', 'update'] as const satisfies Operation['op'][]

/** The operations of a network as data; a program runs on any parameters of its shape. */
export interface ProgramSpec {
  /** source of the rows */
  readonly dataset: Dataset
  /** most rows of a run, >= 1 */
  readonly capacity: number
  /** their parameters are contiguous in the arena `parameters` */
  readonly layers: readonly LayerShape[]
  /** columns of each matrix; the program owns them */
  readonly matrices: readonly number[]
  readonly operations: readonly Operation[]
}

/** A compiled program. Opaque except for these members. */
export interface Program {
  readonly spec: ProgramSpec
}

/** Memory that a run reads and writes besides the program's own; validated before each run. */
export interface Arenas {
  /** of all layers, in the backend's layout; updated in place */
  readonly parameters: Float32Array
  /** state of the optimiser: SLOTS of the rule times the length of `parameters`; null without state */
  readonly slots: Float32Array | null
  /**
   * of every row of the data set, by row number: classes if the loss takes labels (softmax cross-entropy, binary
   * cross-entropy of one output), else targets [rows][outputs]; null: outputs only
   */
  readonly truth: Int32Array | Float32Array | null
  /** [rowIndices.length], loss of each row; needed with `truth` */
  readonly rowLosses: Float64Array | null
  /** [rowIndices.length], class of each row; for losses of classes */
  readonly predicted: Int32Array | null
  /** [rowIndices.length][outputs of the last layer], or null */
  readonly outputs: Float32Array | null
}

/** Forward passes over all layers; output of layer l in matrix l. */
function forwardPasses(layers: readonly LayerShape[]): Operation[] {
  return layers.map((_, l) => ({ op: 'forward', layer: l, input: l === 0 ? 'batch' : l - 1, output: l }))
}

/**
 * A training step of a network of any depth: gather, forward, loss, and from the last layer to the first backward into the
 * layer below and update. Matrix l holds the outputs of layer l, matrix L + l the gradient of its pre-activations.
 */
export function trainingProgram(
  dataset: Dataset,
  capacity: number,
  layers: readonly LayerShape[],
  loss: Loss,
): ProgramSpec {
  const L = layers.length
  const operations: Operation[] = [
    { op: 'gather' },
    ...forwardPasses(layers),
    { op: 'loss', loss, output: L - 1, gradient: 2 * L - 1 },
  ]
  for (let l = L - 1; l >= 0; l--) {
    if (l > 0) operations.push({ op: 'backward', layer: l, gradOut: L + l, previous: l - 1, gradIn: L + l - 1 })
    operations.push({ op: 'update', layer: l, input: l === 0 ? 'batch' : l - 1, gradOut: L + l })
  }
  const widths = layers.map(({ outputs }) => outputs)
  return { dataset, capacity, layers: shapes(layers), matrices: [...widths, ...widths], operations }
}

/** Outputs and, if truth is given, losses of any number of rows. */
export function evaluationProgram(
  dataset: Dataset,
  capacity: number,
  layers: readonly LayerShape[],
  loss: Loss,
): ProgramSpec {
  const operations: Operation[] = [
    { op: 'gather' },
    ...forwardPasses(layers),
    { op: 'loss', loss, output: layers.length - 1, gradient: null },
  ]
  return { dataset, capacity, layers: shapes(layers), matrices: layers.map(({ outputs }) => outputs), operations }
}

function shapes(layers: readonly LayerShape[]): LayerShape[] {
  return layers.map(({ inputs, outputs, activation }) => ({ inputs, outputs, activation }))
}
