import type { Backend, Batch, Dataset, Layer, LayerOutput, Matrix } from '../backend/backend.js'
import type { MLP } from '../model/mlp.js'

/**
 * What training steps of one shape compute in. No step depends on what another one left, so any number of trainings may
 * take turns in one; those that want the same rows one after the other gather them once.
 */
export class StepWorkspace {
  readonly backend: Backend
  readonly dataset: Dataset
  readonly capacity: number
  readonly batch: Batch
  readonly outputs: readonly LayerOutput[]
  /** of the loss with respect to the pre-activations of each layer */
  readonly gradients: readonly Matrix[]
  readonly #layers: readonly Layer[]
  /** [capacity], the rows the batch holds as far as it is filled */
  readonly #held: Int32Array
  #heldRows = 0

  constructor({ backend, layers }: MLP, dataset: Dataset, capacity: number) {
    this.backend = backend
    this.dataset = dataset
    this.capacity = capacity
    this.batch = backend.batch(dataset, capacity, layers[0].outputs)
    this.outputs = layers.map((layer) => backend.layerOutput(capacity, layer))
    this.gradients = layers.map((layer) => backend.matrix(capacity, layer.outputs))
    this.#layers = layers
    this.#held = new Int32Array(capacity)
  }

  fits({ backend, layers }: MLP, dataset: Dataset, capacity: number): boolean {
    return (
      backend === this.backend &&
      dataset === this.dataset &&
      capacity === this.capacity &&
      layers.length === this.#layers.length &&
      layers.every(({ inputs, outputs, activation }, l) => {
        const own = this.#layers[l]
        return inputs === own.inputs && outputs === own.outputs && activation === own.activation
      })
    )
  }

  /** batch <- dataset rows `rowIndices`. */
  gather(rowIndices: Int32Array): void {
    if (this.#holds(rowIndices)) return
    this.#heldRows = 0 // what throws leaves nothing to rely on
    this.backend.gather(this.dataset, rowIndices, this.batch)
    this.#held.set(rowIndices)
    this.#heldRows = rowIndices.length
  }

  #holds(rowIndices: Int32Array): boolean {
    const held = this.#held
    if (rowIndices.length !== this.#heldRows) return false
    for (let r = 0; r < rowIndices.length; r++) if (rowIndices[r] !== held[r]) return false
    return true
  }
}

/** Workspaces that several trainings have in common, one for each shape. */
export class SharedWorkspaces {
  readonly #workspaces: StepWorkspace[] = []

  get(model: MLP, dataset: Dataset, capacity: number): StepWorkspace {
    const known = this.#workspaces.find((workspace) => workspace.fits(model, dataset, capacity))
    if (known) return known
    const workspace = new StepWorkspace(model, dataset, capacity)
    this.#workspaces.push(workspace)
    return workspace
  }
}
