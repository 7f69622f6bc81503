import type { Backend } from '../backend/backend.js'
import type { Dataset } from '../backend/operands.js'
import { PLAIN, type Program, type TrainingParts, trainingProgram } from '../backend/program.js'
import type { WarpSpec } from '../backend/warp.js'
import type { Loss } from '../core/types.js'
import type { MLP } from '../model/mlp.js'

interface Entry {
  readonly backend: Backend
  readonly loss: Loss
  readonly parts: TrainingParts
  readonly program: Program
}

/**
 * Programs shared by several trainings, one for each shape of network, data set and batch size. Consecutive steps on the same
 * rows gather them once.
 */
export class SharedPrograms {
  readonly #entries: Entry[] = []

  get(
    model: MLP,
    dataset: Dataset,
    capacity: number,
    parts: TrainingParts = PLAIN,
    warp: WarpSpec | null = null,
  ): Program {
    const known = this.#entries.find(
      (entry) =>
        sameParts(entry.parts, parts) &&
        fits(entry, model, dataset, capacity) &&
        sameWarp(entry.program.spec.warp, warp),
    )
    if (known) return known.program
    const { backend, layers, loss } = model
    const program = backend.compile(trainingProgram(dataset, capacity, layers, loss, parts, warp))
    this.#entries.push({ backend, loss, parts, program })
    return program
  }
}

function sameParts(a: TrainingParts, b: TrainingParts): boolean {
  return (Object.keys(PLAIN) as (keyof TrainingParts)[]).every((name) => a[name] === b[name])
}

function fits({ backend, loss, program: { spec } }: Entry, model: MLP, dataset: Dataset, capacity: number): boolean {
  return (
    backend === model.backend &&
    loss === model.loss &&
    dataset === spec.dataset &&
    capacity === spec.capacity &&
    model.layers.length === spec.layers.length &&
    model.layers.every(({ inputs, outputs, activation }, l) => {
      const own = spec.layers[l]
      return inputs === own.inputs && outputs === own.outputs && activation === own.activation
    })
  )
}

function sameWarp(a: WarpSpec | null, b: WarpSpec | null): boolean {
  if (a === null || b === null) return a === b
  const words = ({ height, width, field }: WarpSpec) =>
    [height, width, ...(field ? [field.shift, ...field.down, ...field.across] : [])].join()
  return words(a) === words(b)
}
