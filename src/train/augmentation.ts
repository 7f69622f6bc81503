import { type FieldSpec, MAX_SIDE, WARP_VALUES, type WarpSpec } from '../backend/warp.js'
import { cosPi, exp, log, sinPi } from '../core/elementary.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { counterWord, randomStream } from '../core/random.js'
import type { TrainingConfig } from './config.js'

const AMOUNTS = ['elasticAlpha', 'rotation', 'scaling', 'shear', 'translation'] as const

/** The hyper-parameters of the augmentation. */
export type AugmentationOptions = Pick<TrainingConfig, (typeof AMOUNTS)[number] | 'elasticSigma'>

/**
 * Random transformations of images: an affine one about the centre and Simard's elastic distortion (Simard, Steinkraus and
 * Platt, 2003), as one resampling. Those of an image depend on the seed, the epoch and the row number alone.
 */
export class Augmentation {
  readonly spec: WarpSpec
  readonly #options: AugmentationOptions
  readonly #keys: readonly [number, number]
  readonly #logScale: number

  /**
   * @param imageShape [height, width]
   * @param seed of the stream 'augmentation'
   */
  constructor(options: AugmentationOptions, [height, width]: readonly [number, number], seed: number) {
    const { elasticAlpha, elasticSigma } = options
    this.#options = options
    this.#logScale = log(1 + options.scaling)
    this.spec = { height, width, field: elasticAlpha === 0 ? null : fieldOf(elasticAlpha, elasticSigma) }
    const random = randomStream(seed, 'augmentation')
    this.#keys = [random.uint32() | 0, random.uint32() | 0]
  }

  /**
   * The transformations of rows in an epoch, for `Backend.warp` and programs.
   *
   * @param into [rowIndices.length][WARP_VALUES] or longer
   */
  transformations(rowIndices: Int32Array, epoch: number, into: Int32Array): void {
    const [key0, key1] = this.#keys
    const epoch0 = counterWord(key0, key1, 2 * epoch)
    const epoch1 = counterWord(key0, key1, 2 * epoch + 1)
    for (let i = 0; i < rowIndices.length; i++) {
      const row = rowIndices[i]
      const at = i * WARP_VALUES
      into[at] = counterWord(epoch0, epoch1, 2 * row)
      into[at + 1] = counterWord(epoch0, epoch1, 2 * row + 1)
      this.#affine(into, at)
    }
  }

  /** u = centre + translation + rotation shear scale (x - centre) */
  #affine(into: Int32Array, at: number): void {
    const { rotation, shear, translation } = this.#options
    const { height, width } = this.spec
    const key0 = into[at]
    const key1 = into[at + 1]
    const turn = (uniform(key0, key1, 0) * rotation) / 180
    const cos = cosPi(turn)
    const sin = sinPi(turn)
    const scaleX = exp(uniform(key0, key1, 1) * this.#logScale)
    const scaleY = exp(uniform(key0, key1, 2) * this.#logScale)
    const slant = uniform(key0, key1, 3) * shear
    const xx = cos * scaleX
    const xy = (cos * slant - sin) * scaleY
    const yx = sin * scaleX
    const yy = (sin * slant + cos) * scaleY
    const cx = (width - 1) / 2
    const cy = (height - 1) / 2
    into[at + 2] = fixed(cx + uniform(key0, key1, 4) * translation - xx * cx - xy * cy)
    into[at + 3] = fixed(xx)
    into[at + 4] = fixed(xy)
    into[at + 5] = fixed(cy + uniform(key0, key1, 5) * translation - yx * cx - yy * cy)
    into[at + 6] = fixed(yx)
    into[at + 7] = fixed(yy)
  }
}

/** Draw i of an image, uniform in [-1, 1); its noise has the counters from 0 up. */
function uniform(key0: number, key1: number, i: number): number {
  return counterWord(key0, key1, -1 - i) / 2147483648
}

/**
 * Checks whether images are to be augmented.
 *
 * @returns null if no option asks for it
 * @throws NativeMlpError INVALID_ARGUMENT if the rows are not images
 */
export function augmentationOf(
  options: AugmentationOptions & { readonly seed: number },
  { imageShape }: { readonly imageShape: readonly [number, number] | null },
): Augmentation | null {
  const used = AMOUNTS.find((name) => options[name] !== 0)
  if (used === undefined) return null
  if (imageShape === null) {
    const problem = `${used}: expected 0 for rows that are not images, got ${options[used]}`
    throw new NativeMlpError('INVALID_ARGUMENT', `${problem}; set imageShape: [height, width] if they are`)
  }
  if (Math.max(...imageShape) > MAX_SIDE) {
    throw invalidArgument(`${used}: imageShape`, `sides of at most ${MAX_SIDE} pixels`, imageShape)
  }
  return new Augmentation(options, imageShape, options.seed)
}

/** In units of 2^-16. */
function fixed(x: number): number {
  return Math.floor(x * 65536 + 0.5)
}

/** @param alpha amplitude and @param sigma standard deviation of the smoothing, in pixels */
function fieldOf(alpha: number, sigma: number): FieldSpec {
  // the largest power of two for which the weights across, which sum to alpha, are below 1
  let bits = 0
  while (bits < 29 && alpha * (1 << (bits + 1)) <= LARGEST) bits++
  return {
    down: gaussian(sigma, LARGEST),
    across: gaussian(sigma, Math.floor(alpha * (1 << bits))),
    shift: bits - 1,
  }
}

const LARGEST = 32767

/**
 * Weights of a Gaussian at distances 0, 1, ... to three standard deviations, as integers.
 *
 * @param sum of the weights of both sides. Their cumulative sums from the outermost are rounded, so that every sum of
 *   neighbours is right to 1
 */
function gaussian(sigma: number, sum: number): Int32Array {
  const radius = Math.ceil(3 * sigma)
  const heights = Array.from({ length: radius + 1 }, (_, i) => exp((-i * i) / (2 * sigma * sigma)))
  const total = heights.reduce((all, height, i) => all + (i === 0 ? 1 : 2) * height, 0)
  const weights = new Int32Array(radius + 1)
  let cumulative = 0
  let taken = 0
  for (let i = radius; i > 0; i--) {
    cumulative += (heights[i] / total) * sum
    weights[i] = Math.round(cumulative) - taken
    taken += weights[i]
  }
  weights[0] = sum - 2 * taken
  return weights
}
