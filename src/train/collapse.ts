import type { Backend } from '../backend/backend.js'
import type { Batch, Dataset, Layer, LayerOutput, Matrix } from '../backend/operands.js'
import { nextMacrotask, throwIfAborted } from '../core/event-loop.js'
import type { Signal } from '../core/platform.js'
import type { Samples } from '../data/samples.js'
import { ACTIVATION_INFO } from '../model/activations.js'
import { datasetOf } from '../model/datasets.js'
import type { MLP } from '../model/mlp.js'
import { refusedData } from '../model/slices.js'

/** Rows of the probe: the first rows of the training set. */
export const PROBE_ROWS = 1024
/** Rows between two pauses for the event loop. */
const SLICE_ROWS = 64

/**
 * Detects a network whose hidden units have died: more than 90 % of them give 0 on every row of a fixed probe.
 */
export class CollapseProbe {
  readonly #backend: Backend
  readonly #layers: readonly Layer[]
  readonly #dataset: Dataset
  readonly #rows: Int32Array
  readonly #batch: Batch
  readonly #outputs: readonly LayerOutput[]
  /** 1 for each hidden unit seen alive, per layer */
  readonly #alive: readonly Uint8Array[]
  readonly #units: number

  /** @param data the training set; the probe is its first 1,024 rows */
  constructor(model: MLP, data: Samples) {
    const hidden = model.layers.slice(0, -1).filter(({ activation }) => ACTIVATION_INFO[activation].canDie)
    const capacity = Math.min(SLICE_ROWS, data.rows.length)
    this.#backend = model.backend
    this.#layers = hidden
    this.#dataset = datasetOf(model.backend, data, 'train')
    this.#rows = data.rows.subarray(0, PROBE_ROWS)
    this.#batch = model.backend.batch(this.#dataset, capacity, model.layers[0].outputs)
    this.#outputs = hidden.map((layer) => model.backend.layerOutput(capacity, layer))
    this.#alive = hidden.map((layer) => new Uint8Array(layer.outputs))
    this.#units = hidden.reduce((sum, layer) => sum + layer.outputs, 0)
  }

  /**
   * Share of the hidden units that are dead, 0..1, where it is above 90 %; else null, mostly after a few rows.
   * @param what what is interrupted when the signal fires
   */
  async deadShare(signal: Signal | undefined, what: string): Promise<number | null> {
    if (this.#units === 0) return null
    for (const alive of this.#alive) alive.fill(0)
    let living = 0
    for (let from = 0; from < this.#rows.length; from += SLICE_ROWS) {
      throwIfAborted(signal, what)
      try {
        living += this.#probe(this.#rows.subarray(from, from + SLICE_ROWS))
      } catch (error) {
        throw refusedData(error, what, SLICE_ROWS)
      }
      if (living * 10 >= this.#units) return null
      await nextMacrotask()
    }
    return (this.#units - living) / this.#units
  }

  /** Units seen alive for the first time. */
  #probe(rows: Int32Array): number {
    this.#backend.gather(this.#dataset, rows, this.#batch)
    let input: Batch | Matrix = this.#batch
    let fresh = 0
    for (let l = 0; l < this.#layers.length; l++) {
      const output = this.#outputs[l]
      this.#backend.forward(input, this.#layers[l], output)
      fresh += markAlive(output, this.#alive[l])
      input = output
    }
    return fresh
  }
}

function markAlive({ rows, cols, stride, values }: LayerOutput, alive: Uint8Array): number {
  let fresh = 0
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      if (alive[c] === 0 && values[r * stride + c] !== 0) {
        alive[c] = 1
        fresh++
      }
    }
  }
  return fresh
}
