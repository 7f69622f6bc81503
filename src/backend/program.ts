import { invalidArgument } from '../core/errors.js'
import type { LayerShape, Loss } from '../core/types.js'
import type { Dataset } from './operands.js'
import type { WarpSpec } from './warp.js'

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
  /** output = input * mask; mask: 0 at the rate of the step, else 1 / (1 - rate), hashed from key, layer, row and unit */
  | {
      readonly op: 'dropout'
      readonly layer: number
      readonly input: number
      readonly mask: number
      readonly output: number
    }
  /** gradient <- gradient * mask * act'(input) */
  | {
      readonly op: 'undrop'
      readonly layer: number
      readonly input: number
      readonly mask: number
      readonly gradient: number
    }

/** Operations in the order of OpCode in native/program.h. */
export const OPERATIONS = [
  'gather',
  'forward',
  'loss',
  'backward',
  'update',
  'dropout',
  'undrop',
] as const satisfies Operation['op'][]

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
  /** of a training step: its rows are images, resampled before anything else; null: taken as they are */
  readonly warp: WarpSpec | null
}

/** A compiled program. Opaque except for these members. */
export interface Program {
  readonly spec: ProgramSpec
}

/** What differs between the steps of a run besides the rule. */
export interface StepValues {
  /** of the masks of this step, 0 to 2^32 - 1 */
  readonly dropoutKey: number
  /** fraction of the units dropped, in [0, 1) */
  readonly dropoutRate: number
  /**
   * label smoothing s, in [0, 1): softmax cross-entropy against (1 - s) onehot + s / classes (Szegedy et al., 2016), binary
   * cross-entropy against (1 - s) t + s / 2; the squared error ignores it
   */
  readonly smoothing: number
}

/** StepValues in the order that both backends read. */
export function encodeStep({ dropoutKey, dropoutRate, smoothing }: StepValues, into: Float64Array): Float64Array {
  into[0] = dropoutKey
  into[1] = dropoutRate
  into[2] = smoothing
  return into
}
/** Long enough that V8 does not allocate it on its heap and copy it for an addon. */
export const STEP_VALUES = 16

/** Memory that a run reads and writes besides the program's own; validated before each run. */
export interface Arenas {
  /** of all layers, in the backend's layout; updated in place */
  readonly parameters: Float32Array
  /** state of the optimiser: SLOTS of the rule times the length of `parameters`; null without state */
  readonly slots: Float32Array | null
  /**
   * of every row of the data set, by row number: classes if the loss takes labels (softmax cross-entropy, binary
   * cross-entropy of one output), else targets [rows][outputs]; null: outputs only, of a program without updates
   */
  readonly truth: Int32Array | Float32Array | null
  /** [rowIndices.length], loss of each row; needed with `truth` */
  readonly rowLosses: Float64Array | null
  /** [rowIndices.length], class of each row; for losses of classes */
  readonly predicted: Int32Array | null
  /** [rowIndices.length][outputs of the last layer], or null */
  readonly outputs: Float32Array | null
  /** from `encodeStep`; missing or null: no dropout, no smoothing */
  readonly step?: Float64Array | null
  /** [rowIndices.length][WARP_VALUES], how each row is resampled; needed by a program with `warp` */
  readonly warps?: Int32Array | null
}

/** @throws NativeMlpError INVALID_ARGUMENT if a training program has nothing to compare its outputs with */
export function checkTruth(trains: boolean, truth: Arenas['truth']): void {
  if (trains && truth === null) throw invalidArgument('truth', 'classes or targets for a program with updates', truth)
}

/**
 * A training step of a network of any depth: gather, forward, loss, and from the last layer to the first backward into the
 * layer below and update. Matrix l holds the outputs of layer l, matrix L + l the gradient of its pre-activations. With
 * `dropout` matrix 2L + l holds the mask of hidden layer l, and matrix 3L - 1 + l its outputs that are not dropped.
 */
export function trainingProgram(
  dataset: Dataset,
  capacity: number,
  layers: readonly LayerShape[],
  loss: Loss,
  dropout = false,
  warp: WarpSpec | null = null,
): ProgramSpec {
  const L = layers.length
  const mask = (l: number) => 2 * L + l
  const kept = (l: number) => (dropout ? 3 * L - 1 + l : l)
  const input = (l: number): Operand => (l === 0 ? 'batch' : kept(l - 1))
  const operations: Operation[] = [{ op: 'gather' }]
  for (let l = 0; l < L; l++) {
    operations.push({ op: 'forward', layer: l, input: input(l), output: l })
    if (dropout && l < L - 1) operations.push({ op: 'dropout', layer: l, input: l, mask: mask(l), output: kept(l) })
  }
  operations.push({ op: 'loss', loss, output: L - 1, gradient: 2 * L - 1 })
  for (let l = L - 1; l >= 0; l--) {
    const below = l - 1
    if (l > 0) operations.push({ op: 'backward', layer: l, gradOut: L + l, previous: kept(below), gradIn: L + below })
    if (l > 0 && dropout) {
      operations.push({ op: 'undrop', layer: below, input: below, mask: mask(below), gradient: L + below })
    }
    operations.push({ op: 'update', layer: l, input: input(l), gradOut: L + l })
  }
  const widths = layers.map(({ outputs }) => outputs)
  const hidden = dropout ? widths.slice(0, -1) : []
  return {
    dataset,
    capacity,
    layers: shapes(layers),
    matrices: [...widths, ...widths, ...hidden, ...hidden],
    operations,
    warp,
  }
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
    ...layers.map((_, l) => ({ op: 'forward', layer: l, input: l === 0 ? 'batch' : l - 1, output: l }) as const),
    { op: 'loss', loss, output: layers.length - 1, gradient: null },
  ]
  const widths = layers.map(({ outputs }) => outputs)
  return { dataset, capacity, layers: shapes(layers), matrices: widths, operations, warp: null }
}

function shapes(layers: readonly LayerShape[]): LayerShape[] {
  return layers.map(({ inputs, outputs, activation }) => ({ inputs, outputs, activation }))
}
