import { invalidArgument } from '../../core/errors.js'
import { isInt32Array, isUint8Array } from '../../core/typed-arrays.js'
import type { Batch, Dataset, Layer, LayerOutput, Matrix } from '../operands.js'
import {
  type Arenas,
  checkTruth,
  type DividedRun,
  type Operand,
  type Operation,
  type Program,
  type ProgramSpec,
  STEP,
  workPerRow,
} from '../program.js'
import { checkSlots, encodeRule, RULE_VALUES, type UpdateRule } from '../rules.js'
import { WARP_VALUES } from '../warp.js'
import { BatchLoss } from './batch-loss.js'
import { backward, forward, gradient, updateBy } from './dense.js'
import { JsDividedRun } from './divided-run.js'
import { dropout, undrop } from './dropout.js'
import { gatherRange, JsBatch } from './inputs.js'
import { argMax } from './loss.js'
import { mixRows } from './mixup.js'
import { limitNorms, moveAverage, normOf } from './parameters.js'
import type { Rectangle } from './product.js'
import { RuleStep } from './rules.js'
import { layerOutput, parameterLength } from './storage.js'
import { JsWarp } from './warp.js'

/** Rows per chunk of a program without updates: enough to amortise packing the weights. */
const CHUNK = 256

/** Interprets a program: the operations of dense.ts and loss.ts on the program's own memory. */
export class JsProgram implements Program {
  readonly spec: ProgramSpec
  readonly workPerRow: number
  readonly trains: boolean
  readonly batch: JsBatch
  readonly matrices: readonly LayerOutput[]
  /** views of the last arena `parameters`, one per layer */
  #layers: readonly Layer[] = []
  #parameters: Float32Array | null = null
  readonly #slotViews: Float32Array[] = []
  #slots: Float32Array | null = null
  readonly #loss: BatchLoss
  readonly #warp: JsWarp | null
  /** the rows of a step after resampling */
  readonly #warped: Dataset | null
  /** 0, 1, 2, ... */
  readonly #positions: Int32Array
  readonly #rule = new Float64Array(RULE_VALUES)
  readonly #step = new RuleStep()
  /** offset of each layer's parameters, and the total length */
  readonly #offsets: readonly number[]
  readonly #lastOutput: number
  /** in the layout of the parameters, for `gradient` operations */
  readonly #gradients: Float32Array
  /** factor of the gradients of the step */
  #clipScale = 1
  readonly averages: boolean

  constructor(spec: ProgramSpec) {
    this.spec = spec
    this.trains = spec.operations.some(({ op }) => op === 'update' || op === 'apply')
    const capacity = this.trains ? spec.capacity : Math.min(spec.capacity, CHUNK)
    this.batch = new JsBatch(spec.dataset, capacity)
    this.workPerRow = workPerRow(spec, this.batch.inputShare)
    this.matrices = spec.matrices.map((outputs, m) => {
      const activation = activationOf(spec, m)
      return layerOutput(capacity, { inputs: 1, outputs, activation })
    })
    const offsets = [0]
    for (const { inputs, outputs } of spec.layers) {
      offsets.push(offsets[offsets.length - 1] + parameterLength(inputs, outputs))
    }
    this.#offsets = offsets
    this.#lastOutput = spec.operations.reduce((last, each) => (each.op === 'forward' ? each.output : last), 0)
    const outputs = spec.matrices[this.#lastOutput]
    this.#loss = new BatchLoss(
      capacity,
      outputs,
      spec.operations.some(({ op }) => op === 'mix'),
    )
    this.#warp = spec.warp && new JsWarp(spec.warp)
    this.#warped = spec.warp && warpedDataset(spec.dataset, capacity)
    this.#positions = Int32Array.from({ length: spec.warp ? capacity : 0 }, (_, i) => i)
    const hasGradients = spec.operations.some(({ op }) => op === 'gradient')
    this.#gradients = new Float32Array(hasGradients ? this.parameters : 0)
    this.averages = spec.operations.some(({ op }) => op === 'average')
  }

  get parameters(): number {
    return this.#offsets[this.#offsets.length - 1]
  }

  get outputs(): number {
    return this.spec.matrices[this.#lastOutput]
  }

  /** Prepares for operations on these arenas. */
  bind(arenas: Arenas, rule: UpdateRule | null): void {
    this.#bind(arenas.parameters)
    if (!this.trains) return
    if (rule === null) throw invalidArgument('rule', 'a rule for a program with updates', rule)
    checkSlots(rule, arenas.slots, this.parameters)
    this.#bindSlots(arenas.slots)
    encodeRule(rule, this.#rule)
  }

  run(rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule | null): number {
    this.bind(arenas, rule)
    if (this.trains) {
      return this.#runRows(rowIndices, 0, rowIndices.length, arenas)
    }
    let correct = 0
    for (let first = 0; first < rowIndices.length; first += CHUNK) {
      correct += this.#runRows(rowIndices, first, Math.min(first + CHUNK, rowIndices.length), arenas)
    }
    return correct
  }

  firstLayerNotFinite(): number {
    for (const each of this.spec.operations) {
      if (each.op === 'forward' && !allFinite(this.matrices[each.output])) return each.layer
    }
    return -1
  }

  #bind(parameters: Float32Array): void {
    if (parameters === this.#parameters) return
    if (parameters.length < this.parameters) {
      throw invalidArgument('parameters', `at least ${this.parameters} values`, parameters)
    }
    this.#layers = this.spec.layers.map((shape, l) => {
      return { ...shape, parameters: parameters.subarray(this.#offsets[l], this.#offsets[l + 1]) }
    })
    this.#parameters = parameters
  }

  /** Views of the slots from the start of each layer's own. */
  #bindSlots(slots: Float32Array | null): void {
    if (slots === this.#slots) return
    this.#slots = slots
    this.spec.layers.forEach((_, l) => {
      if (slots !== null) this.#slotViews[l] = slots.subarray(this.#offsets[l])
    })
  }

  #runRows(rowIndices: Int32Array, first: number, end: number, arenas: Arenas): number {
    let correct = 0
    for (const each of this.spec.operations) {
      if (each.op === 'loss') {
        correct = this.loss(each, rowIndices, first, end, arenas)
        if (correct < 0) return -1
      } else {
        this.compute(each, rowIndices, first, end, arenas)
      }
    }
    if (arenas.outputs !== null) copyOutputs(this.matrices[this.#lastOutput], arenas.outputs, first)
    return correct
  }

  /** Rows of `apply`: one of weights for each input of each layer with a gradient, and one of biases for each of these layers. */
  get appliedRows(): number {
    return this.#trainedLayers().reduce((rows, l) => rows + this.spec.layers[l].inputs + 1, 0)
  }

  /** Whether the rows of a batch are resampled. */
  get warps(): boolean {
    return this.#warp !== null
  }

  /**
   * One operation on the rows first..end-1, or a part of its result; of `gather` with resampling and of `apply` some rows, of
   * `average` some parameters, in order.
   */
  compute(
    each: Exclude<Operation, { op: 'loss' }>,
    rowIndices: Int32Array,
    first: number,
    end: number,
    arenas: Arenas,
    part?: Rectangle,
  ): void {
    const { matrices } = this
    const values = arenas.step ?? null
    if (each.op === 'gather' && this.#warp !== null) {
      const [from, to] = part ? [part.row0, part.rowEnd] : [0, end]
      const { cols, values: warped } = this.#warped!
      const warps = (arenas.warps as Int32Array).subarray(from * WARP_VALUES)
      this.#warp.run(this.spec.dataset, rowIndices.subarray(from, to), warps, warped.subarray(from * cols))
      if (to === end) gatherRange(this.#warped!, this.#positions, 0, end, this.batch)
    } else if (each.op === 'gather') {
      gatherRange(this.spec.dataset, rowIndices, first, end, this.batch)
    } else if (each.op === 'forward') {
      forward(this.#operand(each.input), this.#layers[each.layer], matrices[each.output], part)
    } else if (each.op === 'backward') {
      const { gradOut, layer, previous, gradIn } = each
      backward(matrices[gradOut], this.#layers[layer], matrices[previous], matrices[gradIn], part)
    } else if (each.op === 'mix') {
      mixRows(this.batch, matrices[each.output], values?.[STEP.mixShare] ?? 0, part)
    } else if (each.op === 'dropout') {
      dropout(matrices[each.input], matrices[each.mask], matrices[each.output], each.layer, values, part)
    } else if (each.op === 'undrop') {
      undrop(matrices[each.gradient], matrices[each.mask], matrices[each.input], part)
    } else if (each.op === 'gradient') {
      const { inputs: K, outputs: N } = this.#layers[each.layer]
      const own = this.#gradients.subarray(this.#offsets[each.layer])
      const biases = own.subarray(K * N)
      gradient(this.#operand(each.input), matrices[each.gradOut], this.#layers[each.layer], own, biases, part)
    } else if (each.op === 'apply') {
      this.#apply(values?.[STEP.clipNorm] ?? 0, part?.row0 ?? 0, part?.rowEnd ?? Number.POSITIVE_INFINITY)
    } else if (each.op === 'limit') {
      limitNorms(this.#layers[each.layer], values?.[STEP.maxNorm] ?? 0)
    } else if (each.op === 'average') {
      const [from, to] = part ? [part.row0, part.rowEnd] : [0, this.parameters]
      moveAverage(arenas.average as Float32Array, arenas.parameters, from, to, values?.[STEP.averageShare] ?? 0)
    } else {
      const slots = this.#slots === null ? null : this.#slotViews[each.layer]
      const step = this.#step.set(this.#rule, slots, this.parameters, each.layer === 0)
      updateBy(step, this.#operand(each.input), matrices[each.gradOut], this.#layers[each.layer], part)
    }
  }

  /** Of the `gradient` operations, in their order. */
  #trainedLayers(): number[] {
    return this.spec.operations.flatMap((each) => (each.op === 'gradient' ? [each.layer] : []))
  }

  /** Applies the rule to rows from..to-1 of all layers with gradients, clipped by their common norm. */
  #apply(clipNorm: number, from: number, to: number): void {
    const layers = this.#trainedLayers()
    const of = (l: number) => this.#gradients.subarray(this.#offsets[l], this.#offsets[l + 1])
    if (from === 0) this.#clipScale = clipNorm > 0 ? Math.min(1, clipNorm / (normOf(layers.map(of)) + 1e-6)) : 1
    const scale = this.#clipScale
    let start = 0
    for (const l of layers) {
      const { parameters, inputs: K, outputs: N } = this.#layers[l]
      const [first, end] = [Math.max(from - start, 0), Math.min(to - start, K + 1)]
      start += K + 1
      if (first >= end) continue
      const gradients = Float64Array.from(of(l).subarray(first * N, end * N), (g) => g * scale)
      const slots = this.#slots === null ? null : this.#slotViews[l]
      const step = this.#step.set(this.#rule, slots, this.parameters, l === 0)
      const block = { gradients, width: N, parameters, stride: N, cols: N }
      const rows = Math.min(end, K) - first
      if (rows > 0) step.run({ ...block, from: 0, at: first * N, rows, areBiases: false })
      if (end > K) step.run({ ...block, from: (K - first) * N, at: K * N, rows: 1, areBiases: true })
    }
  }

  #operand(operand: Operand): Batch | Matrix {
    return operand === 'batch' ? this.batch : this.matrices[operand]
  }

  /** The loss of the rows first..end-1, or of rows from..to-1 of these: -1 if the last part of a training step is not finite. */
  loss(
    { loss: kind, output, gradient }: Extract<Operation, { op: 'loss' }>,
    rowIndices: Int32Array,
    first: number,
    end: number,
    { truth, rowLosses, predicted, step, rowWeights }: Arenas,
    from = 0,
    to = end - first,
  ): number {
    const y = this.matrices[output]
    if (predicted !== null && from === 0) predictClasses(kind, y, predicted, first)
    if (truth === null) return 0
    const into = gradient === null ? null : this.matrices[gradient]
    const part = { rowIndices, first, count: end - first, from, to, next: false }
    const weights = this.trains ? rowWeights : null
    const correct = this.#loss.run(kind, y, truth, { step, rowWeights: weights }, into, part)
    if (to < end - first) return correct
    const { losses } = this.#loss
    let sum = 0
    for (let r = 0; r < end - first; r++) {
      sum += losses[r]
      ;(rowLosses as Float64Array)[first + r] = losses[r]
    }
    return this.trains && !Number.isFinite(sum) ? -1 : correct
  }
}

/** Room for resampled rows, with the density of the data set. */
function warpedDataset({ values, cols, table, density }: Dataset, rows: number): Dataset {
  const length = rows * cols
  return {
    rows,
    cols,
    table,
    density,
    values: isUint8Array(values) ? new Uint8Array(length) : new Float32Array(length),
  }
}

function activationOf({ operations, layers }: ProgramSpec, matrix: number) {
  const writer = operations.find((each) => each.op === 'forward' && each.output === matrix)
  return writer?.op === 'forward' ? layers[writer.layer].activation : 'identity'
}

function predictClasses(kind: string, { rows, cols, stride, values }: Matrix, predicted: Int32Array, first: number) {
  for (let r = 0; r < rows; r++) {
    if (kind === 'softmaxCrossEntropy') predicted[first + r] = argMax(values, r * stride, cols)
    else if (kind === 'binaryCrossEntropy') predicted[first + r] = values[r * stride] > 0 ? 1 : 0
  }
}

function copyOutputs({ rows, cols, stride, values }: Matrix, outputs: Float32Array, first: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) outputs[(first + r) * cols + c] = values[r * stride + c]
  }
}

function allFinite({ rows, cols, stride, values }: Matrix): boolean {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) if (!Number.isFinite(values[r * stride + c])) return false
  }
  return true
}

export function compile(spec: ProgramSpec): Program {
  if (spec.layers.length === 0) throw invalidArgument('layers', 'at least one layer', spec.layers)
  return new JsProgram(spec)
}

export function run(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule | null): number {
  const own = ownProgram(program)
  checkArenas(own, rowIndices.length, arenas)
  return own.run(rowIndices, arenas, rule)
}

export function divideRun(program: Program, rowIndices: Int32Array, arenas: Arenas, rule: UpdateRule): DividedRun {
  const own = ownProgram(program)
  if (!own.trains) throw invalidArgument('program', 'a program with updates', program)
  return new JsDividedRun({ program: own, rowIndices, arenas, rule }, () => checkArenas(own, rowIndices.length, arenas))
}

/** 0, 1, 2, ... */
let firstRows = new Int32Array(0)

export function forwardPass(program: Program, count: number, parameters: Float32Array, outputs: Float32Array): void {
  if (firstRows.length < count) firstRows = Int32Array.from({ length: count }, (_, i) => i)
  const arenas = { parameters, slots: null, truth: null, rowLosses: null, predicted: null, outputs }
  run(program, firstRows.length === count ? firstRows : firstRows.subarray(0, count), arenas, null)
}

export function firstLayerNotFinite(program: Program): number {
  return ownProgram(program).firstLayerNotFinite()
}

function ownProgram(program: Program): JsProgram {
  if (!(program instanceof JsProgram)) throw invalidArgument('program', 'a program of the js backend', program)
  return program
}

function checkArenas(program: JsProgram, count: number, arenas: Arenas): void {
  const { spec, outputs: cols, parameters, averages, trains } = program
  const { truth, rowLosses, predicted, outputs, warps, average, rowWeights } = arenas
  checkTruth(trains, truth)
  if (spec.warp && !isInt32Array(warps)) throw invalidArgument('warps', 'an Int32Array for a program with warp', warps)
  if (averages && !(average && average.length >= parameters)) {
    throw invalidArgument('average', `a Float32Array of at least ${parameters} values`, average)
  }
  if (rowWeights && rowWeights.length < spec.dataset.rows) {
    throw invalidArgument('rowWeights', `at least ${spec.dataset.rows} values`, rowWeights)
  }
  if (count > spec.capacity) throw invalidArgument('rowIndices', `at most ${spec.capacity} rows`, count)
  const truths = spec.dataset.rows * (isInt32Array(truth) ? 1 : cols)
  if (truth !== null && truth.length < truths) throw invalidArgument('labels or targets', `${truths} values`, truth)
  if (truth !== null && (rowLosses === null || rowLosses.length < count)) {
    throw invalidArgument('rowLosses', `room for ${count} rows`, rowLosses)
  }
  if (predicted !== null && predicted.length < count)
    throw invalidArgument('predicted', `room for ${count} rows`, predicted)
  if (outputs !== null && outputs.length < count * cols) {
    throw invalidArgument('outputs', `room for ${count} x ${cols} values`, outputs)
  }
}
