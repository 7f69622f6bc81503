import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { createJsBackend } from '../../src/backend/js/index.js'
import { createNativeBackend, nativeStatus } from '../../src/backend/native.js'
import { WARP_VALUES, type WarpSpec } from '../../src/backend/warp.js'
import { counterWord } from '../../src/core/random.js'
import { fnv1a } from '../../src/model/digest.js'
import { Augmentation, type AugmentationOptions } from '../../src/train/augmentation.js'
import { DIGITS } from '../train/toy-data.js'
import { TABLE } from './tools.js'

const status = nativeStatus()
const backends: [string, Backend][] = [['js', createJsBackend()]]
for (const isa of status.available ? status.isas : []) {
  for (const threads of [1, 3]) backends.push([`${isa}, ${threads} threads`, createNativeBackend({ isa, threads })])
}

/** Changes only with the definition of the resampling, the generator or the elementary functions. */
const PINNED = '63626b9f0582bf81'

const NONE: AugmentationOptions = { ...DIGITS, elasticAlpha: 0, rotation: 0, scaling: 0, shear: 0, translation: 0 }

/** Images with a blob each. */
function images(count: number, [height, width]: readonly [number, number]): Uint8Array {
  return Uint8Array.from({ length: count * height * width }, (_, i) => {
    const [n, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width]
    const distance = Math.hypot(y - height / 2 - (n % 3), x - width / 2 + (n % 5))
    return Math.max(0, Math.min(255, Math.round(400 - 60 * distance + ((i * 37) % 11))))
  })
}

function resample(
  backend: Backend,
  values: Uint8Array | Float32Array,
  spec: WarpSpec,
  warps: Int32Array,
): Uint8Array | Float32Array {
  const cols = spec.height * spec.width
  const rows = values.length / cols
  const isBytes = values instanceof Uint8Array
  const dataset = backend.dataset(values, rows, cols, isBytes ? TABLE : null)
  const out = isBytes ? new Uint8Array(values.length) : new Float32Array(values.length)
  backend.warp(
    dataset,
    Int32Array.from({ length: rows }, (_, i) => i),
    warps,
    spec,
    out,
  )
  return out
}

function transformations(augmentation: Augmentation, rows: number, epoch = 0): Int32Array {
  const warps = new Int32Array(rows * WARP_VALUES)
  augmentation.transformations(
    Int32Array.from({ length: rows }, (_, i) => i),
    epoch,
    warps,
  )
  return warps
}

/** The definition in double precision, on the same noise. */
function reference(
  image: Uint8Array,
  [height, width]: readonly [number, number],
  { elasticAlpha, elasticSigma }: AugmentationOptions,
  [key0, key1, ...affine]: Int32Array,
): number[] {
  const radius = Math.ceil(3 * elasticSigma)
  const gauss = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / 2 / elasticSigma ** 2))
  const total = gauss.reduce((a, b) => a + b)
  const stride = Math.ceil(width / 32) * 32
  const pairs = Math.ceil(height / 2)
  const smooth = (at: (i: number) => number, length: number, centre: number) =>
    gauss.reduce((sum, g, i) => {
      const k = centre + i - radius
      return k < 0 || k >= length ? sum : sum + (g / total) * at(k)
    }, 0)
  const field = (f: number) => {
    const noise = (y: number, x: number) => {
      const word = counterWord(key0, key1, (f * pairs + Math.floor(y / 2)) * stride + x)
      return (y % 2 === 1 ? word >> 16 : (word << 16) >> 16) / 32768
    }
    const down = Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => smooth((k) => noise(k, x), height, y)),
    )
    return down.map((row) => row.map((_, x) => elasticAlpha * smooth((k) => row[k], width, x)))
  }
  const fields = [field(0), field(1)]
  const [x0, xx, xy, y0, yx, yy] = affine.map((value) => value / 65536)
  const pixel = (y: number, x: number) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : image[y * width + x])
  return Array.from(image, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width]
    const u = x0 + x * xx + y * xy + fields[0][y][x]
    const v = y0 + x * yx + y * yy + fields[1][y][x]
    const [left, top] = [Math.floor(u), Math.floor(v)]
    const [fx, fy] = [u - left, v - top]
    return (
      (1 - fy) * ((1 - fx) * pixel(top, left) + fx * pixel(top, left + 1)) +
      fy * ((1 - fx) * pixel(top + 1, left) + fx * pixel(top + 1, left + 1))
    )
  })
}

describe.each(backends)('resampling on %s', (name, backend) => {
  const digits = images(40, [28, 28])
  const augmentation = new Augmentation(DIGITS, [28, 28], 1)

  it('has pinned bits', () => {
    const bytes = resample(backend, digits, augmentation.spec, transformations(augmentation, 40, 3))
    const floats = Float32Array.from(digits, (byte) => Math.fround(byte / 255))
    const out = resample(backend, floats, augmentation.spec, transformations(augmentation, 40, 3))
    expect(fnv1a([Float32Array.from(bytes), out as Float32Array])).toBe(PINNED)
  })

  it.runIf(name !== 'js').each([
    [28, 28],
    [1, 1],
    [2, 5],
    [17, 33],
    [64, 40],
  ])('has the bits of TypeScript for images of %i x %i', (height, width) => {
    const values = images(9, [height, width])
    const floats = Float32Array.from(values, (byte) => byte / 100 - 1)
    for (const options of [
      DIGITS,
      { ...DIGITS, elasticAlpha: 900, elasticSigma: 0.5, rotation: 180 },
      { ...DIGITS, elasticAlpha: 0 },
    ]) {
      const own = new Augmentation(options, [height, width], 7)
      const warps = transformations(own, 9)
      warps.set([-1, 2 ** 31 - 1, -(2 ** 31), 2 ** 30, 123456789, -987654321, 2 ** 31 - 1, 77], WARP_VALUES)
      for (const given of [values, floats]) {
        expect(resample(backend, given, own.spec, warps)).toEqual(resample(backends[0][1], given, own.spec, warps))
      }
    }
  })

  it('is within 1 grey level of a double-precision reference', () => {
    const warps = transformations(augmentation, 40)
    const out = resample(backend, digits, augmentation.spec, warps)
    let worst = 0
    for (let n = 0; n < 12; n++) {
      const image = digits.subarray(n * 784, (n + 1) * 784)
      const warp = warps.subarray(n * WARP_VALUES, (n + 1) * WARP_VALUES)
      reference(image, [28, 28], DIGITS, warp).forEach((value, i) => {
        worst = Math.max(worst, Math.abs(out[n * 784 + i] - value))
      })
    }
    expect(worst).toBeLessThan(1)
    expect(out).not.toEqual(digits)
  })

  it('leaves images as they are without a transformation', () => {
    const none = new Augmentation(NONE, [28, 28], 1)
    expect(resample(backend, digits, none.spec, transformations(none, 40))).toEqual(digits)
    const floats = Float32Array.from(digits, (byte) => byte / 255)
    expect(resample(backend, floats, none.spec, transformations(none, 40))).toEqual(floats)
  })

  it('moves images by whole pixels, with zeros from outside', () => {
    const spec = { height: 4, width: 3, field: null }
    const image = Uint8Array.from({ length: 12 }, (_, i) => i + 1)
    // the value at (x, y) is that at (x + 1, y - 2)
    const out = resample(backend, image, spec, Int32Array.of(0, 0, 65536, 65536, 0, -2 * 65536, 0, 65536))
    expect([...out]).toEqual([0, 0, 0, 0, 0, 0, 2, 3, 0, 5, 6, 0])
  })

  it('rejects images of another size and too few transformations', () => {
    const spec = { height: 5, width: 5, field: null }
    const dataset = backend.dataset(images(1, [28, 28]), 1, 784, TABLE)
    const run = (shape: WarpSpec, warps: Int32Array, out = new Uint8Array(784)) =>
      backend.warp(dataset, Int32Array.of(0), warps, shape, out)
    expect(() => run(spec, new Int32Array(8))).toThrow(/warp: expected images of 784 values, got "5 x 5"/)
    expect(() => run(augmentation.spec, new Int32Array(7))).toThrow(/warps: expected at least 8 integers/)
    expect(() => run(augmentation.spec, new Int32Array(8), new Uint8Array(783))).toThrow(/out: expected/)
  })
})
