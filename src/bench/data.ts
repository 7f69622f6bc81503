import { randomStream } from '../core/random.js'
import { mnist } from '../data/mnist.js'
import { type Samples, samples } from '../data/samples.js'

export const PIXELS = 784
export const CLASSES = 10

/** dense: random bytes 1..255, no zeros; mnist: the digits, four fifths of whose pixels are zero */
export const CONTENTS = ['dense', 'mnist'] as const
export type Contents = (typeof CONTENTS)[number]

/** The rows of all measurements, created on first use. */
export class BenchData {
  readonly #rows: number
  readonly #made = new Map<string, Promise<Samples>>()

  /** @param rows of the training sets, at most 60,000; evaluation takes a sixth more */
  constructor(rows: number) {
    this.#rows = rows
  }

  training(contents: Contents): Promise<Samples> {
    return this.#once(`training ${contents}`, async () => {
      if (contents === 'dense') return denseSamples(this.#rows)
      return (await mnist({ scale: 'unit' })).train.take(this.#rows)
    })
  }

  /** Rows of float32 values in [-1, 1) with random labels, at most 6,400 of them: whole batches of 32, 64 and 200. */
  floats(cols: number, classes: number): Samples {
    const rows = Math.min(6400, this.#rows)
    const stream = randomStream(1, 'bench labels')
    const labels = Int32Array.from({ length: rows }, () => stream.int(classes))
    return samples({
      values: fillRandom(new Float32Array(rows * cols), 'bench rows'),
      cols,
      labels,
      classes,
      scale: 'unit',
    })
  }

  /** MNIST's training and test rows, one after the other: 70,000, or fewer in proportion to a smaller training set. */
  evaluation(): Promise<Samples> {
    return this.#once('evaluation', async () => {
      const { train, test } = await mnist({ scale: 'unit' })
      const values = new Uint8Array(train.values.length + test.values.length)
      values.set(train.values as Uint8Array)
      values.set(test.values as Uint8Array, train.values.length)
      const labels = new Int32Array([...train.labels!, ...test.labels!])
      const all = samples({ values, cols: PIXELS, labels, classes: CLASSES, scale: 'unit' })
      return all.take(Math.floor((this.#rows * 7) / 6))
    })
  }

  #once(name: string, make: () => Promise<Samples>): Promise<Samples> {
    const made = this.#made.get(name) ?? make()
    this.#made.set(name, made)
    return made
  }
}

function denseSamples(rows: number): Samples {
  const stream = randomStream(1, 'bench')
  const values = new Uint8Array(rows * PIXELS)
  for (let i = 0; i < values.length; i += 4) {
    const word = stream.uint32()
    for (let b = 0; b < 4; b++) values[i + b] = 1 + (((word >>> (8 * b)) & 255) % 255)
  }
  const labels = Int32Array.from({ length: rows }, () => stream.int(CLASSES))
  return samples({ values, cols: PIXELS, labels, classes: CLASSES, scale: 'unit' })
}

/** Float32 values in [-1, 1). */
export function fillRandom(values: Float32Array, purpose: string): Float32Array {
  const stream = randomStream(1, purpose)
  for (let i = 0; i < values.length; i++) values[i] = stream.uint32() / 2147483648 - 1
  return values
}
