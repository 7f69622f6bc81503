import type { Layer } from '../backend/operands.js'
import type { Collapse, HistoryEntry, LayerParameters } from '../core/results.js'
import type { NumericFamily } from '../core/types.js'
import type { BatchSampler, BatchSamplerState } from '../data/batches.js'
import type { MLP } from '../model/mlp.js'
import type { PatienceState } from './early-stopping.js'
import { slotOf } from './optimizers.js'
import type { EpochSums, TrainingState } from './training-state.js'

/** Weights [K][N] and biases [N] of one layer, row-major: the same on every instruction set. */
export type LayerArrays = Pick<LayerParameters, 'weights' | 'biases'>

/** Settings that determine the result of a run, by the name of the option; null if the option is off. */
export type TrainingSettings = Readonly<Record<string, string | number | boolean | null>>

/** State of the optimiser, and the average of the parameters, by the name of the slot: one entry per layer, in the shapes of the parameters. */
export type OptimizerSlots = Readonly<Record<string, readonly LayerArrays[]>>

/**
 * An unfinished run of `fit` between two steps, as plain data that can be posted to another thread or written with
 * `encodeCheckpoint`. A run resumed from it gives exactly the bits, the history and the best of one that was never
 * interrupted, on any instruction set and number of threads of the same numeric family.
 */
export interface TrainingCheckpoint {
  /** numeric family; a run resumes only on the same one */
  readonly family: NumericFamily
  /** sizes of the network, inputs first */
  readonly layers: readonly number[]
  /** settings that the resumed run must share */
  readonly settings: TrainingSettings
  /** steps done */
  readonly step: number
  /** one entry per evaluation so far */
  readonly history: readonly HistoryEntry[]
  /** position in `history` of the best validation so far; null when there was none */
  readonly best: number | null
  /** state of early stopping */
  readonly patience: Readonly<PatienceState>
  readonly collapsed: Collapse | null
  /** over the steps of the epoch that has begun */
  readonly epoch: Readonly<EpochSums>
  readonly sampler: BatchSamplerState
  /** after the last step, first layer first */
  readonly parameters: readonly LayerArrays[]
  /** {} for an optimiser without state */
  readonly slots: OptimizerSlots
  /** of the best validation; null without one, or with `keepBest: false` */
  readonly bestParameters: readonly LayerArrays[] | null
}

/** The checkpoint of a run between two steps. */
export function checkpointOf(
  model: MLP,
  settings: TrainingSettings,
  { step, history, best, patience, collapsed, epoch }: TrainingState,
  sampler: BatchSampler,
  bestParameters: Float32Array | null,
  slots: OptimizerSlots,
): TrainingCheckpoint {
  return {
    family: { ...model.family },
    layers: [...model.layerSizes],
    settings,
    step,
    history: [...history],
    best: best === null ? null : history.indexOf(best),
    patience: { ...patience },
    collapsed,
    epoch: { ...epoch },
    sampler: sampler.state(),
    parameters: unpackAll(model, model.parameters),
    slots,
    bestParameters: bestParameters && unpackAll(model, bestParameters),
  }
}

/** Row-major copies of an array in the layout of the parameters: the model's, a snapshot, or a slot. */
function unpackAll(model: MLP, packed: Float32Array): LayerArrays[] {
  return layersIn(model, packed).map((layer) => {
    const weights = new Float32Array(layer.inputs * layer.outputs)
    const biases = new Float32Array(layer.outputs)
    model.backend.unpack(layer, weights, biases)
    return { weights, biases }
  })
}

/** Row-major copies of the slots of these names. */
export function unpackSlots(model: MLP, names: readonly string[], slots: Float32Array | null): OptimizerSlots {
  return Object.fromEntries(names.map((name, s) => [name, unpackAll(model, slotOf(slots!, s, model))]))
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
