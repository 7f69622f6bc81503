import type { LayerParameters } from '../core/results.js'
import { MLP } from '../model/mlp.js'
import type { TableTransform } from '../table/transform.js'

/**
 * The network whose outputs are the mean of those of others with the same inputs, depth and loss: their hidden units side by side,
 * with weights 0 between those of different ones. So it is saved, loaded and called as any other.
 */
export function average(models: readonly MLP[], table: TableTransform): MLP {
  const [{ layerSizes, activation, loss, backend, inputKind, classNames }] = models
  const depth = layerSizes.length - 1
  const isInner = (l: number) => l > 0 && l < depth
  const layers = layerSizes.map((size, l) =>
    isInner(l) ? models.reduce((sum, model) => sum + model.layerSizes[l], 0) : size,
  )
  const whole = new MLP({
    ...{ layers, activation, loss, backend, inputKind, classNames, table },
    init: { weights: 0, biases: 0 },
  })
  const parts = models.map((model) => model.getParameters())
  const merged = whole.getParameters()
  merged.forEach((layer, l) => {
    const factor = l + 1 === depth ? 1 / models.length : 1
    let [row, col] = [0, 0]
    for (const part of parts) {
      addBlock(layer, part[l], { row, col, factor })
      if (isInner(l)) row += part[l].inputs
      if (isInner(l + 1)) col += part[l].outputs
    }
  })
  whole.setParameters(merged)
  return whole
}

interface BlockPlace {
  readonly row: number
  readonly col: number
  readonly factor: number
}

function addBlock(whole: LayerParameters, part: LayerParameters, { row, col, factor }: BlockPlace): void {
  for (let j = 0; j < part.outputs; j++) whole.biases[col + j] += factor * part.biases[j]
  for (let i = 0; i < part.inputs; i++) {
    for (let j = 0; j < part.outputs; j++) {
      whole.weights[(row + i) * whole.outputs + col + j] += factor * part.weights[i * part.outputs + j]
    }
  }
}
