import { integerInRange } from './checks.js'
import { log } from './elementary.js'
import { invalidArgument } from './errors.js'

const TWO_32 = 4294967296

/**
 * The random stream of a seed and a purpose ('init', 'split', 'batches', ...). Streams of different purposes are
 * independent, so a new consumer does not change the numbers of existing ones.
 *
 * @param seed any integer from 0 to 2^53 - 1
 * @throws NativeMlpError INVALID_ARGUMENT for any other seed
 */
export function randomStream(seed: number, purpose: string): RandomStream {
  integerInRange('seed', seed, 0)
  const low = (seed % TWO_32) | 0
  const high = Math.floor(seed / TWO_32) | 0
  const words: number[] = []
  for (let i = 0; i < 4; i++) words.push(hash(low, high, purpose, i))
  return new RandomStream(words.some((word) => word !== 0) ? words : [1, 0, 0, 0])
}

/** A bijection of 32-bit integers that looks random: lowbias32 (Chris Wellons, 2018). Returns 0 to 2^32 - 1. */
export function mix32(value: number): number {
  let x = value
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021): period 2^128 - 1, only
 * 32-bit operations, hence the same numbers on every engine.
 */
export class RandomStream {
  #s0 = 0
  #s1 = 0
  #s2 = 0
  #s3 = 0
  /** unused second deviate of a polar pair; NaN if none */
  #spare = Number.NaN

  /** @param state a value returned by `state()` */
  constructor(state: readonly number[]) {
    this.restore(state)
  }

  /** Uniform integer 0 .. 2^32 - 1. */
  uint32(): number {
    const s1 = this.#s1
    const scrambled = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const t = s1 << 9
    const s2 = this.#s2 ^ this.#s0
    const s3 = this.#s3 ^ s1
    this.#s1 = s1 ^ s2
    this.#s0 ^= s3
    this.#s2 = s2 ^ t
    this.#s3 = rotateLeft(s3, 11)
    return scrambled
  }

  /** Uniform double in [0, 1), a multiple of 2^-53. */
  next(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 67108864 + low) * (1 / 9007199254740992)
  }

  /** Unbiased integer 0 .. n-1, by rejection; n from 1 to 2^32. */
  int(n: number): number {
    return this.#below(integerInRange('n', n, 1, TWO_32))
  }

  #below(n: number): number {
    let x = this.uint32()
    if (x >= TWO_32 - n) {
      const limit = TWO_32 - (TWO_32 % n)
      while (x >= limit) x = this.uint32()
    }
    // exactly x % n in half the time: engines compute the remainder of such numbers in floating point
    return x - Math.floor(x / n) * n
  }

  /** Standard normal deviate (Marsaglia's polar method, 1964). */
  normal(): number {
    const spare = this.#spare
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN
      return spare
    }
    for (;;) {
      const u = 2 * this.next() - 1
      const v = 2 * this.next() - 1
      const s = u * u + v * v
      if (s >= 1 || s === 0) continue
      const factor = Math.sqrt((-2 * log(s)) / s)
      this.#spare = v * factor
      return u * factor
    }
  }

  /** Permutes in place, all orders equally likely (Fisher-Yates, Durstenfeld's version). */
  shuffle(values: Int32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.#below(i + 1)
      const kept = values[i]
      values[i] = values[j]
      values[j] = kept
    }
  }

  /** The complete state as plain JSON: four 32-bit words, then the spare normal deviate if any. */
  state(): number[] {
    const words = [this.#s0 >>> 0, this.#s1 >>> 0, this.#s2 >>> 0, this.#s3 >>> 0]
    return Number.isNaN(this.#spare) ? words : [...words, this.#spare]
  }

  /** @throws NativeMlpError INVALID_ARGUMENT unless `state` is a valid state */
  restore(state: readonly number[]): void {
    const expected = 'four 32-bit words, not all zero, and at most one finite number'
    if (!Array.isArray(state) || state.length < 4 || state.length > 5) {
      throw invalidArgument('random state', expected, state)
    }
    const words = state.slice(0, 4)
    if (!words.every((word) => Number.isInteger(word) && word >= 0 && word < TWO_32) || words.every((w) => w === 0)) {
      throw invalidArgument('random state', expected, state)
    }
    if (state.length === 5 && !Number.isFinite(state[4])) throw invalidArgument('random state', expected, state)
    this.#s0 = state[0] | 0
    this.#s1 = state[1] | 0
    this.#s2 = state[2] | 0
    this.#s3 = state[3] | 0
    this.#spare = state.length === 5 ? state[4] : Number.NaN
  }
}

/**
 * Word number `counter` of the stream of two 32-bit keys, -2^31 .. 2^31 - 1: any of them in any order, without a state. A
 * hash of 32 bits (constants of Wellons' hash prospector) on a Weyl sequence from `key0`, with `key1` between its rounds;
 * `counter_word` in native/kernels/warp.inl computes the same.
 */
export function counterWord(key0: number, key1: number, counter: number): number {
  let x = (key0 + Math.imul(counter, 0x9e3779b9)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x ^= x >>> 15
  x = Math.imul(x ^ key1, 0xd35a2d97)
  return x ^ (x >>> 15)
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k))
}

/** MurmurHash3 (Appleby, x86, 32 bits) over seed and purpose; `index` selects one of four unrelated words. */
function hash(low: number, high: number, purpose: string, index: number): number {
  let h = mix(mix(Math.imul(index + 1, 0x9e3779b9), low), high)
  for (let i = 0; i < purpose.length; i++) h = mix(h, purpose.charCodeAt(i))
  h ^= 4 * (2 + purpose.length)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function mix(h: number, word: number): number {
  const k = Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  return (Math.imul(rotateLeft(h ^ k, 13), 5) + 0xe6546b64) | 0
}
