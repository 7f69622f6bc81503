type Growable = Float64Array | Int32Array

const CHUNK = 65_536

/** A typed array of unknown length, in chunks: growing copies nothing, and memory follows the length. */
export class Growing<A extends Growable> {
  readonly #Type: new (
    length: number,
  ) => A
  #full: A[] = []
  #chunk: A
  #used = 0

  constructor(Type: new (length: number) => A) {
    this.#Type = Type
    this.#chunk = new Type(64)
  }

  get length(): number {
    return this.#full.length * CHUNK + this.#used
  }

  push(value: number): void {
    if (this.#used === this.#chunk.length) this.#grow()
    this.#chunk[this.#used++] = value
  }

  /** Everything in one array; this one is empty afterwards, so that there are never two copies of all columns. */
  take(): A {
    const all = new this.#Type(this.length)
    this.#full.forEach((chunk, i) => {
      all.set(chunk, i * CHUNK)
    })
    all.set(this.#chunk.subarray(0, this.#used), this.#full.length * CHUNK)
    this.#full = []
    this.#chunk = new this.#Type(0)
    this.#used = 0
    return all
  }

  /** The first chunk begins small and doubles, for tables with many columns and few rows. */
  #grow(): void {
    const { length } = this.#chunk
    if (length < CHUNK) {
      const larger = new this.#Type(Math.min(CHUNK, 4 * length))
      larger.set(this.#chunk)
      this.#chunk = larger
      return
    }
    this.#full.push(this.#chunk)
    this.#chunk = new this.#Type(CHUNK)
    this.#used = 0
  }
}
