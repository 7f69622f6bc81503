import { describe, expect, it } from 'vitest'
import { erf, exp, log, sigmoid, softmaxExp, tanh } from '../../src/core/elementary.js'
import { erfError, expError, logError, sigmoidError, tanhError } from './bigmath.js'

/** Low-discrepancy points in [from, to): no generator of the package, no luck. */
function points(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + (to - from) * ((0.5 + i * 0.6180339887498949) % 1))
}

function worst(f: (x: number) => number, error: (x: number, value: number) => number, xs: number[]): number {
  return Math.max(...xs.map((x) => error(x, f(x))))
}

function bits(x: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

describe('accuracy against fixed-point series', () => {
  it('exp is within 1 ulp', () => {
    const xs = [...points(-1, 1, 500), ...points(-200, 700, 500), ...points(-1e-5, 1e-5, 50)]
    expect(worst(exp, expError, xs)).toBeLessThan(1)
  })
  it('log is within 1 ulp', () => {
    const xs = [
      ...points(0.5, 2, 500),
      ...points(1e-3, 1e6, 300),
      ...points(0.999, 1.001, 300),
      5e-324,
      1e-310,
      1.7e308,
    ]
    expect(worst(log, logError, xs)).toBeLessThan(1)
  })
  it('tanh is within 2 ulp', () => {
    const xs = [...points(-1, 1, 500), ...points(-22, 22, 500), ...points(-1e-5, 1e-5, 50)]
    expect(worst(tanh, tanhError, xs)).toBeLessThan(2)
  })
  it('sigmoid is within 3 ulp', () => {
    expect(worst(sigmoid, sigmoidError, [...points(-3, 3, 500), ...points(-60, 60, 300)])).toBeLessThan(3)
  })
  it('erf is within 1 ulp on every interval', () => {
    const xs = [
      ...points(-0.84, 0.84, 300),
      ...points(0.85, 1.25, 200),
      ...points(1.25, 2.86, 200),
      ...points(2.86, 6, 200),
    ]
    expect(worst(erf, erfError, xs)).toBeLessThan(1)
    expect(worst((x) => -erf(-x), erfError, xs)).toBeLessThan(1)
  })
})

describe('accuracy against Math, on many points', () => {
  const near = (a: number, b: number, ulps: number) => Math.abs(a - b) <= ulps * 2 ** -52 * Math.abs(b) + 5e-324 * ulps
  it('agrees within 2 ulp', () => {
    const bad: string[] = []
    for (const x of points(-745, 709, 20000)) if (!near(exp(x), Math.exp(x), 2)) bad.push(`exp(${x})`)
    for (const x of points(-745, 709, 20000))
      if (!near(log(Math.exp(x)), Math.log(Math.exp(x)), 2)) bad.push(`log ${x}`)
    for (const x of points(-30, 30, 20000)) if (!near(tanh(x), Math.tanh(x), 2)) bad.push(`tanh(${x})`)
    expect(bad).toEqual([])
  })
})

describe('edges', () => {
  it.each([
    [exp, [0, 1], [-0, 1], [Infinity, Infinity], [-Infinity, 0], [710, Infinity], [-746, 0], [-745.1, 5e-324]],
    [log, [1, 0], [0, -Infinity], [-0, -Infinity], [Infinity, Infinity], [-1, NaN], [-Infinity, NaN]],
    [tanh, [0, 0], [-0, -0], [Infinity, 1], [-Infinity, -1], [30, 1], [5e-324, 5e-324], [-1e-310, -1e-310]],
    [sigmoid, [0, 0.5], [-0, 0.5], [Infinity, 1], [-Infinity, 0], [-800, 0], [800, 1]],
    [erf, [0, 0], [-0, -0], [Infinity, 1], [-Infinity, -1], [7, 1], [-7, -1], [5e-324, 5e-324]],
    [softmaxExp, [0, 1], [-64, Math.exp(-64)], [-64.00000000000001, 0], [-Infinity, 0], [-1e9, 0]],
  ] as [(x: number) => number, ...[number, number][]][])('%o', (f, ...pairs) => {
    expect(f(Number.NaN)).toBeNaN()
    for (const [x, y] of pairs) expect(f(x), `${f.name}(${x})`).toBe(y)
  })
  it('exp is continuous where its scaling changes', () => {
    for (const x of [-708.4, -708.3, -744, 709.7]) expect(exp(x) / Math.exp(x)).toBeCloseTo(1, 10)
  })
})

describe('pinned bits', () => {
  it('gives the recorded doubles', () => {
    const xs = [-700, -64, -2.5, -0.3, 1e-9, 0.1, 0.7, 1.1, 2, 3.3, 20, 700]
    const table = xs.map((x) => [exp(x), log(Math.abs(x)), tanh(x), sigmoid(x), erf(x)].map(bits).join(' '))
    expect(table).toMatchInlineSnapshot(`
      [
        "00d14f2b0fb9307f 401a344e6741ebab bff0000000000000 00d14f2b0fb9307f bff0000000000000",
        "3a2969d47321e4cc 4010a2b23f3bab73 bff0000000000000 3a2969d47321e4cc bff0000000000000",
        "3fb50385c094f425 3fed5240f0e0e078 bfef9258260a71c2 3fb36b7112534848 bfeffcaa8f4c9bea",
        "3fe7b4c869c37c05 bff34378fcbda721 bfd2a4dda7d914fa 3fdb3c5574372aeb bfd50838881dea0f",
        "3ff000000044b830 c034b927f32bffb8 3e112e0be826d695 3fe0000000225c18 3e1362a9ffc610dd",
        "3ff1aec7b35a00d4 c0026bb1bbb55515 3fb983d7795f413a 3fe0cca12729afb8 3fbcca5ea24fb334",
        "40001c2a61268987 bfd6d3c324e13f50 3fe356fb17af2e92 3fe561cb52a19476 3fe5b08c21171646",
        "400808883244d593 3fb8663f793c46cc 3fe99db01fde2405 3fe802217b20c902 3fec2aa3d27302c0",
        "401d8e64b8d4ddae 3fe62e42fefa39ef 3feed9505e1bc3d4 3fec2f7d5a8a79c9 3fefd9ae142795e3",
        "403b1cd5e7807b7b 3ff31a4e7240c777 3fefe9bdf44f7c03 3feedc99cf2c9d4d 3feffff9966790c8",
        "41bceb088b68e804 4007f7427b73e391 3ff0000000000000 3feffffffee4b79a 3ff0000000000000",
        "7f0d945df4f8ec8e 401a344e6741ebab 3ff0000000000000 3ff0000000000000 3ff0000000000000",
      ]
    `)
  })
})
