import type { Backend } from '../backend/backend.js'
import type { Arenas, Program } from '../backend/program.js'
import type { UpdateRule } from '../backend/rules.js'
import type { Samples } from '../data/samples.js'
import { datasetOf } from '../model/inputs.js'
import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import { SharedPrograms } from './shared-programs.js'

export interface StepOptions {
  /** what the optimiser remembers, see `slotsFor`; default: an optimiser without memory */
  readonly slots?: Float32Array | null
  /** where steps of other trainings compute, too, in turn with this one */
  readonly shared?: SharedPrograms
}

/** One training step of a network of any depth, as one run of a program. */
export class TrainingStep {
  /** rows of the last batch predicted correctly; 0 for regression */
  correct = 0

  readonly #backend: Backend
  readonly #program: Program
  readonly #arenas: Arenas & { readonly rowLosses: Float64Array }

  /**
   * @param data a set that has passed `checkSet`
   * @param capacity most rows of a batch
   */
  constructor(model: MLP, data: Samples, capacity: number, { slots = null, shared }: StepOptions = {}) {
    const { backend, parameters, loss, outputs } = model
    this.#backend = backend
    const programs = shared ?? new SharedPrograms()
    this.#program = programs.get(model, datasetOf(backend, data, 'train'), capacity)
    this.#arenas = {
      parameters,
      slots,
      truth: LOSS_INFO[loss].takesLabels(outputs) ? data.labels : data.targets,
      rowLosses: new Float64Array(Math.max(capacity, MIN_LOSSES)),
      predicted: null,
      outputs: null,
    }
  }

  /**
   * Trains on a batch of dataset rows and returns its mean loss, the one before the update. A loss that is not finite is
   * returned before anything is updated.
   */
  run(rowIndices: Int32Array, rule: UpdateRule): number {
    this.correct = this.#backend.run(this.#program, rowIndices, this.#arenas, rule)
    const { rowLosses } = this.#arenas
    let sum = 0
    for (let r = 0; r < rowIndices.length; r++) sum += rowLosses[r]
    return sum / rowIndices.length
  }

  /** 0-based layer that first gave a value that is not finite in the last batch, or -1; ask before another one steps. */
  firstLayerNotFinite(): number {
    return this.#backend.firstLayerNotFinite(this.#program)
  }
}

/** V8 keeps the memory of shorter arrays in its own heap, and moves it out when an addon asks for it. */
const MIN_LOSSES = 16
