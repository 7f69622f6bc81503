/** Choices that are the same for the same seed and number of an input. */
export class Random {
  readonly #next: () => number

  constructor(seed: number, number: number) {
    // neighbouring numbers must not begin alike
    const mixed = Math.imul(Math.imul(seed, 0x9e3779b1) ^ number, 0x85ebca6b)
    this.#next = generator((mixed ^ (mixed >>> 13)) >>> 0)
    for (let i = 0; i < 4; i++) this.#next()
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.#next() * n)
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    return this.below(2 ** 32)
  }

  chance(share: number): boolean {
    return this.#next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
}

/** Numbers from 0 to 1 by Marsaglia's xorshift, the same for the same seed. */
export function generator(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}
