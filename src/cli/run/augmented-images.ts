import type { Backend } from '../../backend/backend.js'
import { WARP_VALUES } from '../../backend/warp.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import type { Samples } from '../../data/samples.js'
import { datasetOf } from '../../model/datasets.js'
import type { AugmentedImages } from '../../plot/index.js'
import { augmentationOf } from '../../train/augmentation.js'
import type { TrainingConfig } from '../../train/config.js'

const COPIES = 10
const MOST_CLASSES = 20

/**
 * The first image of each class, with copies as a run trains on them in its first epochs.
 *
 * @param training the config of the run
 * @returns null for a run without augmentation
 */
export function augmentedImages(backend: Backend, data: Samples, training: TrainingConfig): AugmentedImages | null {
  const augmentation = augmentationOf(training, data)
  const { labels, cols, values } = data
  if (augmentation === null || labels === null) return null
  const first = new Map<number, number>()
  labels.forEach((label, row) => {
    if (!first.has(label)) first.set(label, row)
  })
  const classes = [...first.keys()].sort((a, b) => a - b).slice(0, MOST_CLASSES)
  const rows = Int32Array.from(classes, (label) => first.get(label)!)
  const images = emptyLike(values, rows.length * (1 + COPIES) * cols)
  rows.forEach((row, i) => {
    images.set(values.subarray(row * cols, (row + 1) * cols), i * (1 + COPIES) * cols)
  })
  const copies = emptyLike(values, rows.length * cols)
  const warps = new Int32Array(rows.length * WARP_VALUES)
  for (let epoch = 0; epoch < COPIES; epoch++) {
    augmentation.transformations(rows, epoch, warps)
    backend.warp(datasetOf(backend, data, 'train'), rows, warps, augmentation.spec, copies)
    for (let i = 0; i < rows.length; i++) {
      images.set(copies.subarray(i * cols, (i + 1) * cols), (i * (1 + COPIES) + 1 + epoch) * cols)
    }
  }
  return { images, labels: classes, copies: COPIES }
}

function emptyLike(values: Uint8Array | Float32Array, length: number): Uint8Array | Float32Array {
  return isUint8Array(values) ? new Uint8Array(length) : new Float32Array(length)
}
