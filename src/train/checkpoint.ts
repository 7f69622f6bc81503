import type { Layer } from '../backend/backend.js'
import type { Collapse, HistoryEntry, LayerParameters } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import type { BatchSampler, BatchSamplerState } from '../data/batches.js'
import type { MLP } from '../model/mlp.js'
import type { Waiting } from './early-stopping.js'
import type { EpochSums, TrainingState } from './training-state.js'

/** Weights [K][N] and biases [N] of one layer, row-major: the same on every instruction set. */
export type LayerArrays = Pick<LayerParameters, 'weights' | 'biases'>

/** What decides the result of a run, by the name of its option; null stands for an option that is off. */
export type TrainingSettings = Readonly<Record<string, string | number | boolean | null>>

/**
 * An unfinished run of `fit` between two steps, as plain data that can be posted to another thread or written with
 * `encodeCheckpoint`. A run resumed from it gives exactly the bits, the history and the best of one that was never
 * interrupted, on any instruction set and number of threads of the same numeric family.
 */
export interface TrainingCheckpoint {
  /** the family of bits; another one cannot go on */
  readonly family: NumericFamily
  /** sizes of the network, inputs first */
  readonly layers: readonly number[]
  /** what the run that goes on must have too */
  readonly settings: TrainingSettings
  /** steps done */
  readonly step: number
  /** one entry per evaluation so far */
  readonly history: readonly HistoryEntry[]
  /** position in `history` of the best validation so far; null when there was none */
  readonly best: number | null
  /** where early stopping stands */
  readonly waiting: Readonly<Waiting>
  readonly collapsed: Collapse | null
  /** over the steps of the epoch that has begun */
  readonly epoch: Readonly<EpochSums>
  readonly sampler: BatchSamplerState
  /** after the last step, first layer first */
  readonly parameters: readonly LayerArrays[]
  /** of the best validation; null without one, or with `keepBest: false` */
  readonly bestParameters: readonly LayerArrays[] | null
}

/** The checkpoint of a run as it stands between two steps. */
export function checkpointOf(
  model: MLP,
  settings: TrainingSettings,
  { step, history, best, waiting, collapsed, epoch }: TrainingState,
  sampler: BatchSampler,
  bestParameters: Float32Array | null,
): TrainingCheckpoint {
  return {
    family: { ...model.family },
    layers: [...model.layerSizes],
    settings,
    step,
    history: [...history],
    best: best === null ? null : history.indexOf(best),
    waiting: { ...waiting },
    collapsed,
    epoch: { ...epoch },
    sampler: sampler.state(),
    parameters: unpackAll(model, model.parameters),
    bestParameters: bestParameters && unpackAll(model, bestParameters),
  }
}

/** Row-major copies of packed parameters: the model's own, or an earlier snapshot of it. */
function unpackAll(model: MLP, packed: Float32Array): LayerArrays[] {
  return layersIn(model, packed).map((layer) => {
    const weights = new Float32Array(layer.inputs * layer.outputs)
    const biases = new Float32Array(layer.outputs)
    model.backend.unpack(layer, weights, biases)
    return { weights, biases }
  })
}

/**
 * Puts row-major parameters into packed ones. Unlike `setParameters` it takes what is not finite: a run that is about to
 * fail must fail at the same step when resumed.
 */
export function packAll(model: MLP, arrays: readonly LayerArrays[], packed: Float32Array): Float32Array {
  layersIn(model, packed).forEach((layer, l) => {
    model.backend.pack(arrays[l].weights, arrays[l].biases, layer)
  })
  return packed
}

/** The model's layers over other storage of the same length. */
function layersIn(model: MLP, packed: Float32Array): Layer[] {
  let offset = 0
  return model.layers.map((layer) => {
    const { length } = layer.parameters
    offset += length
    return { ...layer, parameters: packed.subarray(offset - length, offset) }
  })
}
