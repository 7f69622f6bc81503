type Growable = Float64Array | Int32Array

const FEWEST = 64
/** Elements that an array grows by at most. The operating system keeps no memory for those that are not used yet. */
const MOST_AT_ONCE = 1 << 20

/** A typed array of unknown length. */
export class Growing<A extends Growable> {
  readonly #Type: new (
    length: number,
  ) => A
  #values: A
  #length = 0

  /** @param expected length, as far as known: growing leaves arrays behind that take memory until they are collected */
  constructor(Type: new (length: number) => A, expected = 0) {
    this.#Type = Type
    this.#values = new Type(Math.max(FEWEST, expected))
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow()
    this.#values[this.#length++] = value
  }

  /** Everything in one array; this one is empty afterwards. */
  take(): A {
    const all = this.#values.subarray(0, this.#length) as A
    this.#values = new this.#Type(0)
    this.#length = 0
    return all
  }

  #grow(): void {
    const { length } = this.#values
    const larger = new this.#Type(length + Math.max(FEWEST, Math.min(length, MOST_AT_ONCE)))
    larger.set(this.#values)
    this.#values = larger
  }
}
