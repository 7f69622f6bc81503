import type { Arenas, DividedRun, Operation, Program } from '../program.js'
import type { UpdateRule } from '../rules.js'
import { LIST_COLS } from './kernels.js'
import { listsFit, type Rectangle } from './product.js'

type LossOperation = Extract<Operation, { op: 'loss' }>
type OtherOperation = Exclude<Operation, { op: 'loss' }>
/** Divided by rows or by parameters; `limit` not at all. */
type RowOperation = Extract<Operation, { op: 'gather' | 'apply' | 'limit' | 'average' }>
type Product = Exclude<OtherOperation, RowOperation>

/** What a divided run needs of its program. */
interface Interpreter extends Program {
  readonly batch: { readonly inputShare: number }
  readonly parameters: number
  readonly appliedRows: number
  readonly warps: boolean
  bind(arenas: Arenas, rule: UpdateRule): void
  compute(
    each: OtherOperation,
    rowIndices: Int32Array,
    first: number,
    end: number,
    arenas: Arenas,
    part?: Rectangle,
  ): void
  loss(
    each: LossOperation,
    rowIndices: Int32Array,
    first: number,
    end: number,
    arenas: Arenas,
    from: number,
    to: number,
  ): number
}

interface Run {
  readonly program: Interpreter
  readonly rowIndices: Int32Array
  readonly arenas: Arenas
  readonly rule: UpdateRule
}

/** Multiply-adds that take as long as the activation or the rule of one result, and as the loss of one output. */
const RESULT_WORK = 32
const LOSS_WORK = 40
/** The same for applying a rule to a parameter, limiting its norm or averaging it. */
const PARAMETER_WORK = 16
/** The same for resampling a value of an image. */
const WARP_WORK = 64
/** Parameters averaged at a time, at least. */
const LEAST_AVERAGED = 4096

/**
 * A training step in parts. A part computes whole operations and rectangles of the result of an operation, since no sum may be
 * divided and the operations share their buffers.
 */
export class JsDividedRun implements DividedRun {
  isUpdating = false
  readonly #run: Run
  readonly #check: () => void
  #operation = 0
  /** the next rectangle begins here; it has the rows before `#rowEnd` unless it is the first of them */
  #row = 0
  #rowEnd = 0
  #col = 0
  #correct = 0

  /** @param check throws unless the arenas are still long enough */
  constructor(run: Run, check: () => void) {
    this.#run = run
    this.#check = check
  }

  next(work: number): number | null {
    const { program, arenas, rule } = this.#run
    this.#check()
    program.bind(arenas, rule)
    const { operations } = program.spec
    let left = work
    while (this.#operation < operations.length) {
      if (left <= 0) return null
      const each = operations[this.#operation]
      if (each.op === 'loss') {
        left -= this.#loss(each, left)
        if (this.#correct < 0) return -1
      } else if (isByRow(each)) {
        left -= this.#rows(each, left)
      } else {
        left -= this.#rectangle(each, left)
      }
    }
    return this.#correct
  }

  /** @returns work done */
  #loss(each: LossOperation, work: number): number {
    const { program, rowIndices, arenas } = this.#run
    const perRow = LOSS_WORK * program.spec.matrices[each.output]
    const from = this.#row
    const to = Math.min(rowIndices.length, from + Math.max(1, Math.floor(work / perRow)))
    const correct = program.loss(each, rowIndices, 0, rowIndices.length, arenas, from, to)
    this.#correct = correct < 0 ? -1 : this.#correct + correct
    this.#row = to
    if (to === rowIndices.length) this.#endOperation()
    return (to - from) * perRow
  }

  /** Rows of an operation that takes time by the row or by the parameter. @returns work done */
  #rows(each: RowOperation, work: number): number {
    const { program, rowIndices, arenas } = this.#run
    const { count, least, perItem } = this.#itemsOf(each)
    this.isUpdating ||= each.op !== 'gather'
    const from = this.#row
    const to = Math.min(count, from + Math.max(least, Math.floor(work / perItem)))
    program.compute(each, rowIndices, 0, rowIndices.length, arenas, { row0: from, rowEnd: to, col0: 0, colEnd: 1 })
    this.#row = to
    if (to === count) this.#endOperation()
    return (to - from) * perItem
  }

  /** Rows or parameters of an operation, the least to compute at a time, and the work of one. */
  #itemsOf(each: RowOperation): { count: number; least: number; perItem: number } {
    const { program, rowIndices } = this.#run
    const { parameters, appliedRows, warps, spec } = program
    const rows = rowIndices.length
    const ofParameters = PARAMETER_WORK * parameters
    if (each.op === 'gather' && warps) return { count: rows, least: 1, perItem: WARP_WORK * spec.dataset.cols }
    if (each.op === 'gather') return { count: rows, least: rows, perItem: 1 }
    if (each.op === 'apply') return { count: appliedRows, least: 1, perItem: ofParameters / appliedRows }
    if (each.op === 'limit') return { count: 1, least: 1, perItem: ofParameters }
    return { count: parameters, least: LEAST_AVERAGED, perItem: PARAMETER_WORK }
  }

  /** @returns work done */
  #rectangle(each: Product, work: number): number {
    const { program, rowIndices, arenas } = this.#run
    const { rows, cols, perResult } = this.#shape(each)
    const results = work / perResult
    if (this.#col === 0) {
      const lastWeights = (each.op === 'update' || each.op === 'gradient') && this.#row < rows - 1 ? rows - 1 : rows
      // near-square: both operands are packed for every rectangle
      this.#rowEnd = Math.min(lastWeights, this.#row + 2 * Math.max(1, Math.floor(Math.sqrt(results))))
    }
    const height = this.#rowEnd - this.#row
    const width = Math.max(LIST_COLS, Math.floor(results / height / LIST_COLS) * LIST_COLS)
    const colEnd = Math.min(cols, this.#col + width)
    const part: Rectangle = { row0: this.#row, rowEnd: this.#rowEnd, col0: this.#col, colEnd }
    this.isUpdating ||= each.op === 'update'
    program.compute(each, rowIndices, 0, rowIndices.length, arenas, part)
    const done = height * (colEnd - this.#col) * perResult
    this.#col = colEnd
    if (colEnd === cols) {
      this.#row = this.#rowEnd
      this.#col = 0
    }
    if (this.#row === rows) this.#endOperation()
    return done
  }

  /** Rows and columns of the result of an operation, and the work of one of its values. */
  #shape(each: Product): { rows: number; cols: number; perResult: number } {
    const { program, rowIndices } = this.#run
    const count = rowIndices.length
    if (each.op === 'mix') return { rows: count, cols: program.spec.dataset.cols, perResult: RESULT_WORK }
    if (each.op === 'dropout' || each.op === 'undrop') {
      return { rows: count, cols: program.spec.matrices[each.input], perResult: RESULT_WORK }
    }
    const { inputs, outputs } = program.spec.layers[each.layer]
    if (each.op === 'backward') return { rows: count, cols: inputs, perResult: outputs + RESULT_WORK }
    const terms = each.op === 'forward' ? inputs : count
    const share = each.input === 'batch' && listsFit(terms) ? program.batch.inputShare : 1
    return { rows: each.op === 'forward' ? count : inputs + 1, cols: outputs, perResult: terms * share + RESULT_WORK }
  }

  #endOperation(): void {
    this.#operation++
    this.#row = 0
    this.#col = 0
  }
}

function isByRow(each: OtherOperation): each is RowOperation {
  return each.op === 'gather' || each.op === 'apply' || each.op === 'limit' || each.op === 'average'
}
