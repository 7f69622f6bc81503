import type { Backend } from '../backend/backend.js'
import {
  type Arenas,
  encodeStep,
  PLAIN,
  type Program,
  STEP_VALUES,
  type StepValues,
  type TrainingParts,
} from '../backend/program.js'
import type { UpdateRule } from '../backend/rules.js'
import { WARP_VALUES } from '../backend/warp.js'
import { nextAmount, nextMacrotask, throwIfAborted } from '../core/event-loop.js'
import type { Signal } from '../core/platform.js'
import { nowMs } from '../core/timers.js'
import type { Samples } from '../data/samples.js'
import { datasetOf } from '../model/datasets.js'
import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import type { Augmentation } from './augmentation.js'
import { SharedPrograms } from './shared-programs.js'

export interface StepOptions {
  /** state of the optimiser, see `slotsFor`; default: an optimiser without state */
  readonly slots?: Float32Array | null
  /** default: none of them */
  readonly parts?: TrainingParts
  /** moving average of the parameters, in their layout; with `parts.averages` */
  readonly average?: Float32Array | null
  /** of every row of the data set: factors of its loss and its gradient */
  readonly rowWeights?: Float32Array | null
  /** transforms the images of each step; default: none */
  readonly augmentation?: Augmentation | null
  /** programs shared with other runs that train in turn with this one */
  readonly shared?: SharedPrograms
}

/** Multiply-adds of the first part of a long step: about 5 ms on the slowest backend. */
const FIRST_WORK = 8e6
/** Smaller parts would mostly repeat what each begins with. */
const LEAST_WORK = 1e6

export interface PartOptions {
  /** default: no dropout, no label smoothing */
  readonly values?: StepValues
  /** determines the augmentation */
  readonly epoch?: number
  readonly signal?: Signal
  /** name of the computation, for the ABORTED error */
  readonly what: string
}

/** One training step of a network of any depth, as one run of a program. */
export class TrainingStep {
  /** rows of the last batch predicted correctly; 0 for regression */
  correct = 0

  readonly #backend: Backend
  readonly #program: Program
  readonly #arenas: Arenas & { readonly rowLosses: Float64Array; readonly step: Float64Array }
  readonly #augmentation: Augmentation | null
  /** multiply-adds of a part, adapted to the measured speed */
  #work = FIRST_WORK

  /**
   * @param data a set that has passed `checkSet`
   * @param capacity most rows of a batch
   */
  constructor(model: MLP, data: Samples, capacity: number, options: StepOptions = {}) {
    const { backend, parameters, loss, outputs } = model
    const { slots = null, parts = PLAIN, average = null, rowWeights = null, augmentation = null, shared } = options
    this.#backend = backend
    const programs = shared ?? new SharedPrograms()
    this.#program = programs.get(model, datasetOf(backend, data, 'train'), capacity, parts, augmentation?.spec ?? null)
    this.#augmentation = augmentation
    this.#arenas = {
      parameters,
      slots,
      truth: LOSS_INFO[loss].takesLabels(outputs) ? data.labels : data.targets,
      rowLosses: new Float64Array(Math.max(capacity, MIN_LOSSES)),
      predicted: null,
      outputs: null,
      step: new Float64Array(STEP_VALUES),
      warps: augmentation && new Int32Array(Math.max(capacity * WARP_VALUES, MIN_INTS)),
      average,
      rowWeights,
    }
  }

  /**
   * Trains on a batch of dataset rows and returns its mean loss before the update. If the loss is not finite, returns it
   * without updating.
   *
   * @param values default: those of the step before, at first NO_STEP_VALUES
   * @param epoch determines the augmentation
   */
  run(rowIndices: Int32Array, rule: UpdateRule, values?: StepValues, epoch = 0): number {
    this.#prepare(rowIndices, values, epoch)
    this.correct = this.#backend.run(this.#program, rowIndices, this.#arenas, rule)
    return this.#meanLoss(rowIndices)
  }

  /** Whether a step on so many rows is short enough not to block the event loop noticeably. */
  isShort(rows: number): boolean {
    return rows * this.#program.workPerRow <= this.#work
  }

  /**
   * `run` in parts of about 8 ms, with a turn of the event loop after each, and the same bits.
   *
   * @throws NativeMlpError ABORTED when the signal fires before the step updates; it then has changed nothing
   */
  async runInParts(rowIndices: Int32Array, rule: UpdateRule, options: PartOptions): Promise<number> {
    const { signal, what, values, epoch = 0 } = options
    this.#prepare(rowIndices, values, epoch)
    const run = this.#backend.divide(this.#program, rowIndices, this.#arenas, rule)
    for (;;) {
      const start = nowMs()
      const correct = run.next(this.#work)
      if (correct !== null) {
        this.correct = correct
        return this.#meanLoss(rowIndices)
      }
      this.#work = Math.max(LEAST_WORK, nextAmount(this.#work, nowMs() - start))
      await nextMacrotask()
      if (!run.isUpdating) throwIfAborted(signal, what)
    }
  }

  #prepare(rowIndices: Int32Array, values: StepValues | undefined, epoch: number): void {
    const { step, warps } = this.#arenas
    if (values) encodeStep(values, step)
    if (warps) this.#augmentation!.transformations(rowIndices, epoch, warps)
  }

  #meanLoss(rowIndices: Int32Array): number {
    const { rowLosses } = this.#arenas
    let sum = 0
    for (let r = 0; r < rowIndices.length; r++) sum += rowLosses[r]
    return sum / rowIndices.length
  }

  /** 0-based first layer with a non-finite output in the last batch, or -1; call before the next step of the program. */
  firstLayerNotFinite(): number {
    return this.#backend.firstLayerNotFinite(this.#program)
  }
}

/** V8 allocates shorter arrays on its own heap and copies them when an addon accesses them. */
const MIN_LOSSES = 16
const MIN_INTS = 32
