import { integerInRange, knownOptions, oneOf } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { type RandomStream, randomStream } from '../core/random.js'
import { isInt32Array } from '../core/typed-arrays.js'

export const BATCH_MODES = ['shuffle', 'replacement'] as const
/**
 * `'shuffle'`: every row once an epoch, in a new random order each epoch. `'replacement'`: every row of every batch is drawn
 * uniformly from all rows, so that some come twice and some not at all.
 */
export type BatchMode = (typeof BATCH_MODES)[number]

export interface BatchSamplerOptions {
  /** row numbers of the data set to draw from */
  readonly rows: Int32Array
  /** rows of a batch, 1..rows.length */
  readonly batchSize: number
  /** default 'shuffle' */
  readonly mode?: BatchMode
  /** default 1 */
  readonly seed?: number
  /** with 'shuffle': leave out the smaller batch at the end of an epoch; default false */
  readonly dropLast?: boolean
}

/** Where a sampler stands, as plain JSON. */
export interface BatchSamplerState {
  readonly mode: BatchMode
  readonly rows: number
  readonly batchSize: number
  readonly dropLast: boolean
  /** rows already taken from the order of the current epoch; 0 with 'replacement' */
  readonly position: number
  /** the random stream: where the current epoch's order was drawn, or, with 'replacement', the next batch */
  readonly random: readonly number[]
}

/** Draws the mini-batches of a training run from the seed's stream 'batches'. */
export class BatchSampler {
  readonly batchSize: number
  readonly mode: BatchMode
  readonly dropLast: boolean
  /** Batches that make an epoch: rows / batchSize, rounded up when a smaller last batch is kept, else down. */
  readonly batchesPerEpoch: number
  readonly #rows: Int32Array
  readonly #random: RandomStream
  /** the rows in the order of this epoch; unused with 'replacement' */
  readonly #order: Int32Array
  /** what `next` hands out: the whole batches, and the smaller one at the end of an epoch */
  readonly #batch: Int32Array
  readonly #rest: Int32Array
  /** rows an epoch hands out */
  readonly #epochRows: number
  #epochStart: readonly number[]
  #position = 0

  /** @throws NativeMlpError INVALID_ARGUMENT, also when the batch is larger than the data */
  constructor(options: BatchSamplerOptions) {
    knownOptions('BatchSampler', options, ['rows', 'batchSize', 'mode', 'seed', 'dropLast'])
    const { rows, seed = 1 } = options
    if (!isInt32Array(rows) || rows.length === 0) {
      throw invalidArgument('rows', 'an Int32Array of at least one row number', rows)
    }
    this.batchSize = integerInRange('batchSize', options.batchSize, 1)
    if (this.batchSize > rows.length) {
      throw invalidArgument('batchSize', `at most the ${rows.length} rows there are`, this.batchSize)
    }
    this.mode = oneOf('mode', options.mode ?? 'shuffle', BATCH_MODES)
    this.dropLast = options.dropLast ?? false
    const whole = Math.floor(rows.length / this.batchSize)
    const keepsRest = this.mode === 'shuffle' && !this.dropLast && whole * this.batchSize < rows.length
    this.batchesPerEpoch = whole + (keepsRest ? 1 : 0)
    this.#epochRows = keepsRest ? rows.length : whole * this.batchSize
    this.#batch = new Int32Array(this.batchSize)
    this.#rest = new Int32Array(keepsRest ? rows.length - whole * this.batchSize : 0)
    this.#rows = rows
    this.#random = randomStream(seed, 'batches')
    this.#order = new Int32Array(this.mode === 'shuffle' ? rows.length : 0)
    this.#epochStart = this.#random.state()
    this.#shuffle()
  }

  /** Row numbers of the next batch, without end; the next call overwrites the array. */
  next(): Int32Array {
    if (this.mode === 'replacement') {
      const batch = this.#batch
      for (let i = 0; i < batch.length; i++) batch[i] = this.#rows[this.#random.int(this.#rows.length)]
      return batch
    }
    if (this.#position >= this.#epochRows) {
      this.#position = 0
      this.#epochStart = this.#random.state()
      this.#shuffle()
    }
    const left = this.#epochRows - this.#position
    const batch = left < this.batchSize ? this.#rest : this.#batch
    // loops: a new array, or a view for `set` to copy, takes longer than the copy of a small batch
    for (let i = 0; i < batch.length; i++) batch[i] = this.#order[this.#position + i]
    this.#position += batch.length
    return batch
  }

  state(): BatchSamplerState {
    const random = this.mode === 'shuffle' ? this.#epochStart : this.#random.state()
    const { mode, batchSize, dropLast } = this
    return { mode, rows: this.#rows.length, batchSize, dropLast, position: this.#position, random: [...random] }
  }

  /**
   * Continues where another sampler of the same options stood.
   * @throws NativeMlpError INVALID_ARGUMENT when the state belongs to other options or is not one
   */
  restore(state: BatchSamplerState): void {
    const { mode, batchSize, dropLast } = this
    const own = { mode, rows: this.#rows.length, batchSize, dropLast }
    for (const [key, value] of Object.entries(own)) {
      const given = (state as unknown as Record<string, unknown> | null)?.[key]
      if (given !== value) throw invalidArgument(`sampler state: ${key}`, `${value}, as in this run`, given)
    }
    integerInRange('sampler state: position', state.position, 0, mode === 'shuffle' ? this.#epochRows : 0)
    this.#random.restore(state.random)
    this.#epochStart = [...state.random]
    this.#shuffle()
    this.#position = state.position
  }

  /** The order follows from the stream's state alone, never from the epoch before: that state restores it. */
  #shuffle(): void {
    if (this.mode === 'replacement') return
    this.#order.set(this.#rows)
    this.#random.shuffle(this.#order)
  }
}
