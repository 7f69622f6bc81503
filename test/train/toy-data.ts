import { randomStream } from '../../src/core/random.js'
import { type Samples, samples } from '../../src/data/samples.js'
import type { AugmentationOptions } from '../../src/train/augmentation.js'

/** Three noisy clusters in a few dimensions, easy but not trivial. */
export function clusters(rows: number, seed = 1, cols = 4, classes = 3, noise = 0.5): Samples {
  const random = randomStream(seed, 'test')
  const centres = randomStream(99, 'centres')
  const means = Array.from({ length: classes * cols }, () => centres.normal() * 2)
  const values = new Float32Array(rows * cols)
  const labels = new Int32Array(rows)
  for (let r = 0; r < rows; r++) {
    labels[r] = random.int(classes)
    for (let c = 0; c < cols; c++) values[r * cols + c] = means[labels[r] * cols + c] + noise * random.normal()
  }
  return samples({ values, cols, labels, classes })
}

/** Targets that are smooth functions of the inputs. */
export function curve(rows: number, seed = 1): Samples {
  const random = randomStream(seed, 'test')
  const values = new Float32Array(rows * 2)
  const targets = new Float32Array(rows * 2)
  for (let r = 0; r < rows; r++) {
    const [a, b] = [2 * random.next() - 1, 2 * random.next() - 1]
    values.set([a, b], r * 2)
    targets.set([a * b, a - b * b], r * 2)
  }
  return samples({ values, cols: 2, targets })
}

/** Bytes like pixels: mostly zero. */
export function pixels(rows: number, seed = 1, cols = 20, classes = 4): Samples {
  const random = randomStream(seed, 'test')
  const labels = Int32Array.from({ length: rows }, () => random.int(classes))
  const values = Uint8Array.from({ length: rows * cols }, (_, i) => {
    const label = labels[Math.floor(i / cols)]
    return i % classes === label || random.int(10) === 0 ? random.int(256) : 0
  })
  return samples({ values, cols, labels, classes })
}

/** An augmentation of small images, as that of the preset `record`. */
export const DIGITS: AugmentationOptions = {
  elasticAlpha: 22,
  elasticSigma: 4,
  rotation: 10,
  scaling: 0.1,
  shear: 0.1,
  translation: 0.3,
}
