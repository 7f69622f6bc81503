import type { Backend, Batch, Layer, Matrix, UpdateRule } from '../backend/backend.js'
import type { Samples } from '../data/samples.js'
import { datasetOf } from '../model/inputs.js'
import type { MLP } from '../model/mlp.js'
import { type SharedWorkspaces, StepWorkspace } from './step-workspace.js'

/** Buffers exactly as long as a batch: one set for full batches, one for the shorter last one of an epoch. */
interface RowViews {
  /** [B] for classification, else empty */
  readonly labels: Int32Array
  /** [B][N] for regression, else empty */
  readonly targets: Float32Array
  /** [B] */
  readonly losses: Float64Array
}

/**
 * One training step of a network of any depth: gather, forward, loss, and from the last layer to the first backward into
 * the layer below and update. Its workspace is allocated once.
 */
export class TrainingStep {
  /** rows of the last batch whose arg max was the label; 0 for regression */
  correct = 0

  readonly #backend: Backend
  readonly #layers: readonly Layer[]
  readonly #loss: MLP['loss']
  readonly #data: Samples
  readonly #workspace: StepWorkspace
  readonly #views = new Map<number, RowViews>()

  /**
   * @param data a set that has passed `checkSet`
   * @param shared where steps of other trainings compute, too, in turn with this one
   */
  constructor(model: MLP, data: Samples, capacity: number, shared?: SharedWorkspaces) {
    const { backend, layers } = model
    this.#backend = backend
    this.#layers = layers
    this.#loss = model.loss
    this.#data = data
    const dataset = datasetOf(backend, data, 'train')
    this.#workspace = shared?.get(model, dataset, capacity) ?? new StepWorkspace(model, dataset, capacity)
  }

  /**
   * Trains on a batch of dataset rows and returns its mean loss, the one before the update. A loss that is not finite is
   * returned before anything is updated.
   */
  run(rowIndices: Int32Array, rule: UpdateRule): number {
    const backend = this.#backend
    const layers = this.#layers
    const { batch, outputs, gradients } = this.#workspace
    const rows = rowIndices.length
    const loss = this.#forward(rowIndices)
    if (!Number.isFinite(loss)) return loss
    for (let l = layers.length - 1; l > 0; l--) {
      gradients[l - 1].rows = rows
      backend.backward(gradients[l], layers[l], outputs[l - 1], gradients[l - 1])
      backend.update(outputs[l - 1], gradients[l], layers[l], rule)
    }
    backend.update(batch, gradients[0], layers[0], rule)
    return loss
  }

  /** 0-based layer that first gave a value that is not finite in the last batch, or -1; ask before another one steps. */
  firstNonFiniteLayer(): number {
    return this.#workspace.outputs.findIndex(({ rows, cols, stride, values }) => {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < cols; c++) if (!Number.isFinite(values[r * stride + c])) return true
      }
      return false
    })
  }

  #forward(rowIndices: Int32Array): number {
    const backend = this.#backend
    const rows = rowIndices.length
    const views = this.#views.get(rows) ?? this.#newViews(rows)
    const { batch, outputs, gradients } = this.#workspace
    this.#workspace.gather(rowIndices)
    let input: Batch | Matrix = batch
    for (let l = 0; l < this.#layers.length; l++) {
      backend.forward(input, this.#layers[l], outputs[l])
      input = outputs[l]
    }
    const last = this.#layers.length - 1
    const gradient = gradients[last]
    gradient.rows = rows
    if (this.#loss === 'softmaxCrossEntropy') {
      gatherLabels(this.#data.labels!, rowIndices, views.labels)
      this.correct = backend.softmaxCrossEntropy(outputs[last], views.labels, gradient, views.losses)
    } else {
      gatherTargets(this.#data.targets!, this.#data.targetCols, rowIndices, views.targets)
      backend.meanSquaredError(outputs[last], views.targets, gradient, views.losses)
    }
    let sum = 0
    for (let r = 0; r < rows; r++) sum += views.losses[r]
    return sum / rows
  }

  #newViews(rows: number): RowViews {
    const isClassifier = this.#loss === 'softmaxCrossEntropy'
    const views = {
      labels: new Int32Array(isClassifier ? rows : 0),
      targets: new Float32Array(isClassifier ? 0 : rows * this.#data.targetCols),
      losses: new Float64Array(rows),
    }
    this.#views.set(rows, views)
    return views
  }
}

function gatherLabels(all: Int32Array, rowIndices: Int32Array, labels: Int32Array): void {
  for (let r = 0; r < labels.length; r++) labels[r] = all[rowIndices[r]]
}

function gatherTargets(all: Float32Array, cols: number, rowIndices: Int32Array, targets: Float32Array): void {
  for (let r = 0; r < rowIndices.length; r++) {
    const from = rowIndices[r] * cols
    for (let j = 0; j < cols; j++) targets[r * cols + j] = all[from + j]
  }
}
