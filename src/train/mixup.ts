import { log, sigmoid } from '../core/elementary.js'
import { counterWord, RandomStream, randomStream } from '../core/random.js'

/** Keys of the shares of a run, from the stream 'mixup' of its seed. */
export type MixupKeys = readonly [number, number]

export function mixupKeys(seed: number): MixupKeys {
  const random = randomStream(seed, 'mixup')
  return [random.uint32() | 0, random.uint32() | 0]
}

/**
 * The share of the other row in each row of a step, drawn from Beta(alpha, alpha) (mixup; Zhang et al., 2018). It depends on
 * the keys and the step alone, so that a resumed run draws the same.
 *
 * @param alpha > 0
 * @returns 0 to 1
 */
export function mixupShare(alpha: number, [key0, key1]: MixupKeys, step: number): number {
  const words = [0, 1, 2, 3].map((i) => counterWord(key0, key1, 4 * step + i) >>> 0)
  const random = new RandomStream(words.some((word) => word !== 0) ? words : [1, 0, 0, 0])
  // X / (X + Y) of X, Y ~ Gamma(alpha) = Gamma(alpha + 1) U^(1 / alpha), in logarithms: a small alpha would underflow
  const [x, y] = [logGamma(alpha + 1, random), logGamma(alpha + 1, random)]
  const [u, v] = [logUniform(random), logUniform(random)]
  return sigmoid(x - y + (u - v) / alpha)
}

/** The logarithm of a deviate of Gamma(shape), shape >= 1 (Marsaglia and Tsang, 2000). */
function logGamma(shape: number, random: RandomStream): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const z = random.normal()
    const root = 1 + c * z
    if (root <= 0) continue
    const logV = 3 * log(root)
    const v = root * root * root
    if (logUniform(random) < 0.5 * z * z + d * (1 - v + logV)) return log(d) + logV
  }
}

/** The logarithm of a uniform deviate, above 0. */
function logUniform(random: RandomStream): number {
  return log(1 - random.next())
}
