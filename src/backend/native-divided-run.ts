import type { AddonOperations, Handle } from './native-addon.js'
import type { DividedRun, Program } from './program.js'

/* Results of `runPart` besides those of `run`. */
const UNFINISHED = -2
const UPDATING = -3

interface Run {
  readonly program: Program
  readonly rowIndices: Int32Array
  /** arenas as `run` of the addon takes them */
  readonly memory: Parameters<AddonOperations['runPart']>[5]
  /** encoded */
  readonly rule: Float64Array
}

/** A training step in several calls of the addon, which remembers how far it has come. */
export class NativeDividedRun implements DividedRun {
  isUpdating = false
  readonly #ops: AddonOperations
  readonly #handle: Handle
  readonly #run: Run

  constructor(ops: AddonOperations, handle: Handle, run: Run) {
    this.#ops = ops
    this.#handle = handle
    this.#run = run
    ops.restart(handle)
  }

  next(work: number): number | null {
    const { program, rowIndices, memory, rule } = this.#run
    const { values, rows, table } = program.spec.dataset
    const result = this.#ops.runPart(this.#handle, values, rows, table, rowIndices, memory, rule, work)
    this.isUpdating = result === UPDATING
    return result === UNFINISHED || result === UPDATING ? null : result
  }
}
