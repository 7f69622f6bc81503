import type { Backend } from '../backend/backend.js'
import { type Arenas, encodeStep, type Program, STEP_VALUES, type StepValues } from '../backend/program.js'
import type { UpdateRule } from '../backend/rules.js'
import type { Samples } from '../data/samples.js'
import { datasetOf } from '../model/inputs.js'
import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import { SharedPrograms } from './shared-programs.js'

export interface StepOptions {
  /** state of the optimiser, see `slotsFor`; default: an optimiser without state */
  readonly slots?: Float32Array | null
  /** whether hidden layers drop units; default false */
  readonly dropout?: boolean
  /** programs shared with other runs that train in turn with this one */
  readonly shared?: SharedPrograms
}

/** One training step of a network of any depth, as one run of a program. */
export class TrainingStep {
  /** rows of the last batch predicted correctly; 0 for regression */
  correct = 0

  readonly #backend: Backend
  readonly #program: Program
  readonly #arenas: Arenas & { readonly rowLosses: Float64Array; readonly step: Float64Array }

  /**
   * @param data a set that has passed `checkSet`
   * @param capacity most rows of a batch
   */
  constructor(
    model: MLP,
    data: Samples,
    capacity: number,
    { slots = null, dropout = false, shared }: StepOptions = {},
  ) {
    const { backend, parameters, loss, outputs } = model
    this.#backend = backend
    const programs = shared ?? new SharedPrograms()
    this.#program = programs.get(model, datasetOf(backend, data, 'train'), capacity, dropout)
    this.#arenas = {
      parameters,
      slots,
      truth: LOSS_INFO[loss].takesLabels(outputs) ? data.labels : data.targets,
      rowLosses: new Float64Array(Math.max(capacity, MIN_LOSSES)),
      predicted: null,
      outputs: null,
      step: new Float64Array(STEP_VALUES),
    }
  }

  /**
   * Trains on a batch of dataset rows and returns its mean loss before the update. If the loss is not finite, returns it
   * without updating.
   *
   * @param values default: no dropout, no label smoothing
   */
  run(rowIndices: Int32Array, rule: UpdateRule, values?: StepValues): number {
    if (values) encodeStep(values, this.#arenas.step)
    this.correct = this.#backend.run(this.#program, rowIndices, this.#arenas, rule)
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
