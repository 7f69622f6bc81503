import { integerInRange, knownOptions, oneOf } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { type RandomStream, randomStream } from '../core/random.js'
import { isInt32Array } from '../core/typed-arrays.js'

export const BATCH_MODES = ['shuffle', 'replacement'] as const
/**
 * `'shuffle'`: every row once per epoch, in a new random order. `'replacement'`: each row of a batch is drawn uniformly from
 * all rows, with replacement.
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
}

/** State of a sampler, as plain JSON. */
export interface BatchSamplerState {
  readonly mode: BatchMode
  readonly rows: number
  readonly batchSize: number
  /** rows already taken from the order of the current epoch; 0 with 'replacement' */
  readonly position: number
  /** the random stream before the current epoch's order is drawn or, with 'replacement', before the next batch */
  readonly random: readonly number[]
}

/** Draws the mini-batches of a training run from the seed's stream 'batches'. */
export class BatchSampler {
  readonly batchSize: number
  readonly mode: BatchMode
  readonly #rows: Int32Array
  readonly #random: RandomStream
  /** the rows in the order of this epoch; unused with 'replacement' */
  readonly #order: Int32Array
  /** arrays returned by `next`: a full batch, and the smaller one at the end of an epoch */
  readonly #batch: Int32Array
  readonly #rest: Int32Array
  /** rows per epoch */
  readonly #epochRows: number
  #epochStart: readonly number[]
  #position = 0

  /** @throws NativeMlpError INVALID_ARGUMENT, also if the batch is larger than the data */
  constructor(options: BatchSamplerOptions) {
    knownOptions('BatchSampler', options, ['rows', 'batchSize', 'mode', 'seed'])
    const { rows, seed = 1 } = options
    if (!isInt32Array(rows) || rows.length === 0) {
      throw invalidArgument('rows', 'an Int32Array with at least one row number', rows)
    }
    this.batchSize = integerInRange('batchSize', options.batchSize, 1)
    if (this.batchSize > rows.length) {
      throw invalidArgument('batchSize', `at most ${rows.length}, the number of rows`, this.batchSize)
    }
    this.mode = oneOf('mode', options.mode ?? 'shuffle', BATCH_MODES)
    const whole = Math.floor(rows.length / this.batchSize)
    const keepsRest = this.mode === 'shuffle' && whole * this.batchSize < rows.length
    this.#epochRows = keepsRest ? rows.length : whole * this.batchSize
    this.#batch = new Int32Array(this.batchSize)
    this.#rest = new Int32Array(keepsRest ? rows.length - whole * this.batchSize : 0)
    this.#rows = rows
    this.#random = randomStream(seed, 'batches')
    this.#order = new Int32Array(this.mode === 'shuffle' ? rows.length : 0)
    this.#epochStart = this.#random.state()
    this.#shuffle()
  }

  /** Row numbers of the next batch; the next call overwrites the array. */
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
    // loops: creating an array or a view for `set` takes longer than copying a small batch
    for (let i = 0; i < batch.length; i++) batch[i] = this.#order[this.#position + i]
    this.#position += batch.length
    return batch
  }

  state(): BatchSamplerState {
    const random = this.mode === 'shuffle' ? this.#epochStart : this.#random.state()
    const { mode, batchSize } = this
    return { mode, rows: this.#rows.length, batchSize, position: this.#position, random: [...random] }
  }

  /**
   * Continues from the state of a sampler with the same options.
   * @throws NativeMlpError INVALID_ARGUMENT if the state is invalid or belongs to other options
   */
  restore(state: BatchSamplerState): void {
    const { mode, batchSize } = this
    const own = { mode, rows: this.#rows.length, batchSize }
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

  /** The order depends only on the stream's state, not on the previous epoch, so this state restores it. */
  #shuffle(): void {
    if (this.mode === 'replacement') return
    this.#order.set(this.#rows)
    this.#random.shuffle(this.#order)
  }
}
