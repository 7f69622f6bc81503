import { MLP, type MLPOptions, type Samples, samples } from 'native-mlp'

/** Rows, columns and classes of the data in the seed files. */
export const SMALL = { rows: 48, cols: 9, classes: 3, imageShape: [3, 3] } as const

/** Values that look random: one pixel in three is zero. */
const pixel = (i: number) => (i % 3 === 0 ? 0 : (i * 7919) % 256)
export const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => pixel(i))

export function smallSet(kind: 'bytes' | 'floats' | 'targets' = 'bytes', rows: number = SMALL.rows): Samples {
  const values = bytes(rows * SMALL.cols)
  const labels = Int32Array.from({ length: rows }, (_, i) => i % SMALL.classes)
  if (kind === 'bytes') return samples({ values, cols: SMALL.cols, labels, imageShape: SMALL.imageShape })
  const floats = Float32Array.from(values, (value) => value / 255)
  if (kind === 'floats') return samples({ values: floats, cols: SMALL.cols, labels })
  return samples({ values: floats, cols: SMALL.cols, targets: Float32Array.from(labels, (label) => label / 2) })
}

export function smallModel(options: Partial<MLPOptions> = {}): MLP {
  return new MLP({ layers: [SMALL.cols, 4, SMALL.classes], ...options })
}
