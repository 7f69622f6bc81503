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
  /** the program's own gradient of the layer = input^T gradOut, to be applied with the others */
  | { readonly op: 'gradient'; readonly layer: number; readonly input: Operand; readonly gradOut: number }
  /** parameters <- rule(parameters, gradient) of every layer with a `gradient`, clipped by their common norm */
  | { readonly op: 'apply' }
  /** scales the incoming weights of each unit whose norm exceeds `maxNorm` to it */
  | { readonly op: 'limit'; readonly layer: number }
  /** average += averageShare (parameters - average) */
  | { readonly op: 'average' }
  /**
   * output = (1 - mixShare) row + mixShare next row, for each row of the batch, the first after the last (mixup; Zhang et al.,
   * 2018). The loss and its gradient are mixed likewise: of the same outputs against the truth of both rows, each with its weight.
   */
  | { readonly op: 'mix'; readonly output: number }
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
  'gradient',
  'apply',
  'limit',
  'average',
  'mix',
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
  /** multiply-adds of a run per row, roughly: what `DividedRun.next` counts */
  readonly workPerRow: number
}

/** A training step in parts, between which the event loop runs. Another run of the program ends it. */
export interface DividedRun {
  /** Whether the step has begun to update. Until then it can be given up: nothing has changed. */
  readonly isUpdating: boolean
  /**
   * Computes about `work` multiply-adds, > 0, or one piece of an operation if that is more.
   *
   * @returns what `Backend.run` returns, or null when there is more to do
   */
  next(work: number): number | null
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
  /** largest norm of all gradients together (Pascanu et al., 2013), as torch.nn.utils.clip_grad_norm_; 0: any */
  readonly clipNorm: number
  /** largest norm of the incoming weights of a unit (Srivastava et al., 2014); 0: any */
  readonly maxNorm: number
  /** 1 - decay of the exponential moving average of the parameters */
  readonly averageShare: number
  /** share of the next row in each row of a `mix`, 0 to 1 */
  readonly mixShare: number
}

export const NO_STEP_VALUES: StepValues = {
  dropoutKey: 0,
  dropoutRate: 0,
  smoothing: 0,
  clipNorm: 0,
  maxNorm: 0,
  averageShare: 0,
  mixShare: 0,
}

/** Positions in encoded StepValues. */
export const STEP = {
  dropoutKey: 0,
  dropoutRate: 1,
  smoothing: 2,
  clipNorm: 3,
  maxNorm: 4,
  averageShare: 5,
  mixShare: 6,
} as const

/** StepValues in the order that both backends read. */
export function encodeStep(values: StepValues, into: Float64Array): Float64Array {
  into[STEP.dropoutKey] = values.dropoutKey
  into[STEP.dropoutRate] = values.dropoutRate
  into[STEP.smoothing] = values.smoothing
  into[STEP.clipNorm] = values.clipNorm
  into[STEP.maxNorm] = values.maxNorm
  into[STEP.averageShare] = values.averageShare
  into[STEP.mixShare] = values.mixShare
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
  /** moving average of the parameters, in their layout; for programs with an `average` */
  readonly average?: Float32Array | null
  /** of every row of the data set: factors of its loss and its gradient in a training step */
  readonly rowWeights?: Float32Array | null
}

/** What a training program does beside forward, loss, backward and update. */
export interface TrainingParts {
  readonly dropout: boolean
  /** whether rows are mixed with others (mixup) */
  readonly mixes: boolean
  /** whether all gradients are known before the first parameter changes */
  readonly clips: boolean
  readonly limitsNorms: boolean
  readonly averages: boolean
  /** layers below this one keep their parameters */
  readonly firstTrained: number
}

export const PLAIN: TrainingParts = {
  dropout: false,
  mixes: false,
  clips: false,
  limitsNorms: false,
  averages: false,
  firstTrained: 0,
}

/** @throws NativeMlpError INVALID_ARGUMENT if a training program has nothing to compare its outputs with */
export function checkTruth(trains: boolean, truth: Arenas['truth']): void {
  if (trains && truth === null) throw invalidArgument('truth', 'classes or targets for a program with updates', truth)
}

/**
 * A training step of a network of any depth: gather, forward, loss, and from the last layer to the first backward into the
 * layer below and update. Matrix l holds the outputs of layer l, matrix L + l the gradient of its pre-activations. With
 * `dropout` matrix 2L + l holds the mask of hidden layer l, and matrix 3L - 1 + l its outputs that are not dropped. With `mixes` the
 * last matrix holds the mixed rows.
 */
export function trainingProgram(
  dataset: Dataset,
  capacity: number,
  layers: readonly LayerShape[],
  loss: Loss,
  { dropout, mixes, clips, limitsNorms, averages, firstTrained }: TrainingParts = PLAIN,
  warp: WarpSpec | null = null,
): ProgramSpec {
  const L = layers.length
  const mask = (l: number) => 2 * L + l
  const kept = (l: number) => (dropout ? 3 * L - 1 + l : l)
  const widths = layers.map(({ outputs }) => outputs)
  const hidden = dropout ? widths.slice(0, -1) : []
  const matrices = [...widths, ...widths, ...hidden, ...hidden]
  const mixed = matrices.length
  const first: Operand = mixes ? mixed : 'batch'
  const input = (l: number): Operand => (l === 0 ? first : kept(l - 1))
  const operations: Operation[] = [{ op: 'gather' }]
  if (mixes) operations.push({ op: 'mix', output: mixed })
  for (let l = 0; l < L; l++) {
    operations.push({ op: 'forward', layer: l, input: input(l), output: l })
    if (dropout && l < L - 1) operations.push({ op: 'dropout', layer: l, input: l, mask: mask(l), output: kept(l) })
  }
  operations.push({ op: 'loss', loss, output: L - 1, gradient: 2 * L - 1 })
  for (let l = L - 1; l >= firstTrained; l--) {
    const below = l - 1
    if (l > firstTrained) {
      operations.push({ op: 'backward', layer: l, gradOut: L + l, previous: kept(below), gradIn: L + below })
      if (dropout) operations.push({ op: 'undrop', layer: below, input: below, mask: mask(below), gradient: L + below })
    }
    operations.push({ op: clips ? 'gradient' : 'update', layer: l, input: input(l), gradOut: L + l })
  }
  if (clips) operations.push({ op: 'apply' })
  if (limitsNorms) for (let l = firstTrained; l < L; l++) operations.push({ op: 'limit', layer: l })
  if (averages) operations.push({ op: 'average' })
  return {
    dataset,
    capacity,
    layers: shapes(layers),
    matrices: mixes ? [...matrices, dataset.cols] : matrices,
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

/**
 * Multiply-adds of a run of a program per row, roughly.
 *
 * @param inputShare share of the inputs that the first layer multiplies
 */
export function workPerRow({ layers, operations }: ProgramSpec, inputShare: number): number {
  let sum = 0
  for (const each of operations) {
    if (each.op !== 'forward' && each.op !== 'backward' && each.op !== 'update' && each.op !== 'gradient') continue
    const readsBatch = each.op !== 'backward' && each.input === 'batch'
    const { inputs = 0, outputs = 0 } = layers[each.layer] ?? {}
    sum += inputs * outputs * (readsBatch ? inputShare : 1)
  }
  return sum
}

function shapes(layers: readonly LayerShape[]): LayerShape[] {
  return layers.map(({ inputs, outputs, activation }) => ({ inputs, outputs, activation }))
}
