import { describe, expect, it } from 'vitest'
import { NativeMlpError } from '../../src/core/errors.js'
import { RandomStream, randomStream } from '../../src/core/random.js'

const take = (count: number, f: () => number) => Array.from({ length: count }, f)

describe('generator', () => {
  it('is xoshiro128**: values of the C reference from an arbitrary state (edorfaus/xoshiro-6502)', () => {
    const stream = new RandomStream([0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0])
    expect(take(4, () => stream.uint32())).toEqual([0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70])
    expect(stream.state()).toEqual([0xfc65379c, 0x52006d70, 0x87487639, 0xf1908343])
  })
  it('is xoshiro128**: values of the Rust crate rand_xoshiro', () => {
    const stream = new RandomStream([1, 2, 3, 4])
    expect(take(10, () => stream.uint32())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })
})

describe('streams', () => {
  it('gives the recorded first values', () => {
    const stream = randomStream(1, 'init')
    const values = {
      uint32: take(3, () => stream.uint32()),
      next: take(3, () => stream.next()),
      int: take(5, () => stream.int(10)),
      normal: take(5, () => stream.normal()),
      state: stream.state(),
    }
    expect(values).toMatchInlineSnapshot(`
      {
        "int": [
          0,
          2,
          7,
          0,
          7,
        ],
        "next": [
          0.9697884686212551,
          0.35783870496610426,
          0.7377117316743562,
        ],
        "normal": [
          -0.3154351700583758,
          0.41340744232630505,
          0.4194599776962396,
          -0.4167127078668652,
          -0.889542199757228,
        ],
        "state": [
          3923269514,
          2746496462,
          827637287,
          2459292019,
          -0.1420926369109559,
        ],
        "uint32": [
          1891280776,
          1136601721,
          1446473876,
        ],
      }
    `)
  })
  it('differ by seed, by the high half of the seed, and by purpose', () => {
    const seeds = [0, 1, 2, 4294967296, 4294967297, Number.MAX_SAFE_INTEGER]
    const names = ['init', 'split', 'batches', 'batch', '', 'a', 'aa']
    const first = seeds.flatMap((seed) => names.map((name) => randomStream(seed, name).next()))
    expect(new Set(first).size).toBe(seeds.length * names.length)
  })
  it('of neighbouring seeds and of two purposes are uncorrelated', () => {
    const correlation = (a: RandomStream, b: RandomStream) => {
      let sum = 0
      for (let i = 0; i < 20000; i++) sum += (a.next() - 0.5) * (b.next() - 0.5)
      return (sum / 20000) * 12
    }
    expect(Math.abs(correlation(randomStream(1, 'init'), randomStream(2, 'init')))).toBeLessThan(0.03)
    expect(Math.abs(correlation(randomStream(1, 'init'), randomStream(1, 'split')))).toBeLessThan(0.03)
  })
  it.each([-1, 0.5, Number.NaN, 2 ** 53, '1', undefined])('refuse the seed %s', (seed) => {
    expect(() => randomStream(seed as number, 'init')).toThrow(NativeMlpError)
    expect(() => randomStream(seed as number, 'init')).toThrow(/^seed: expected an integer >= 0/)
  })
})

describe('distributions', () => {
  it('next is uniform: moments and a chi-square over 64 cells', () => {
    const stream = randomStream(3, 'test')
    const count = 64000
    const cells = new Float64Array(64)
    let sum = 0
    let squares = 0
    for (let i = 0; i < count; i++) {
      const x = stream.next()
      if (!(x >= 0 && x < 1)) throw new Error(`out of range: ${x}`)
      cells[Math.floor(x * 64)]++
      sum += x
      squares += x * x
    }
    expect(Math.abs(sum / count - 1 / 2)).toBeLessThan(0.006)
    expect(Math.abs(squares / count - 1 / 3)).toBeLessThan(0.006)
    // 63 degrees of freedom: 0.1 % and 99.9 % points
    expect(cells.reduce((total, n) => total + (n - 1000) ** 2 / 1000, 0)).toBeGreaterThan(33)
    expect(cells.reduce((total, n) => total + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(104)
  })
  it('next fills all 53 bits', () => {
    const stream = randomStream(4, 'test')
    let low = 0
    for (let i = 0; i < 1000; i++) low += (stream.next() * 2 ** 53) % 2
    expect(low).toBeGreaterThan(400)
    expect(low).toBeLessThan(600)
  })
  it('int covers its range without bias, also for a range that rejects often', () => {
    const stream = randomStream(5, 'test')
    const n = 3 * 2 ** 30
    const thirds = [0, 0, 0]
    for (let i = 0; i < 30000; i++) thirds[Math.floor(stream.int(n) / 2 ** 30)]++
    for (const third of thirds) expect(Math.abs(third - 10000)).toBeLessThan(350)
    expect(take(100, () => stream.int(1))).toEqual(new Array(100).fill(0))
    expect(new Set(take(500, () => stream.int(7)))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
    expect(take(10, () => stream.int(2 ** 32)).some((x) => x >= 2 ** 31)).toBe(true)
    for (const bad of [0, -1, 1.5, 2 ** 33]) expect(() => stream.int(bad)).toThrow(/^n: expected/)
  })

  it('gives the remainder of the first draw below the largest multiple of n, to the last bit', () => {
    for (const n of [1, 2, 3, 10, 6400, 65537, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 3e9, 2 ** 32 - 1, 2 ** 32]) {
      const [stream, twin] = [randomStream(5, 'remainder'), randomStream(5, 'remainder')]
      const wanted = () => {
        let x = twin.uint32()
        while (x >= 2 ** 32 - (2 ** 32 % n)) x = twin.uint32()
        return Number(BigInt(x) % BigInt(n))
      }
      expect(take(2000, () => stream.int(n))).toEqual(take(2000, wanted))
    }
  })
  it('normal has the moments of the standard normal', () => {
    const stream = randomStream(6, 'test')
    const count = 100000
    const moments = [0, 0, 0, 0]
    let inside = 0
    for (let i = 0; i < count; i++) {
      const x = stream.normal()
      for (let p = 0; p < 4; p++) moments[p] += x ** (p + 1) / count
      if (Math.abs(x) < 1) inside++
    }
    expect(Math.abs(moments[0])).toBeLessThan(0.013)
    expect(Math.abs(moments[1] - 1)).toBeLessThan(0.018)
    expect(Math.abs(moments[2])).toBeLessThan(0.05)
    expect(Math.abs(moments[3] - 3)).toBeLessThan(0.13)
    expect(Math.abs(inside / count - 0.6827)).toBeLessThan(0.006)
  })
  it('shuffle gives every order equally often', () => {
    const stream = randomStream(7, 'test')
    const seen = new Map<string, number>()
    for (let i = 0; i < 24000; i++) {
      const values = Int32Array.of(0, 1, 2, 3)
      stream.shuffle(values)
      seen.set(values.join(''), (seen.get(values.join('')) ?? 0) + 1)
    }
    expect(seen.size).toBe(24)
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(130)
    stream.shuffle(new Int32Array(0))
  })
})

describe('state', () => {
  it('continues exactly after a trip through JSON, in the middle of a normal pair too', () => {
    for (const normals of [0, 1, 2]) {
      const stream = randomStream(8, 'test')
      take(normals, () => stream.normal())
      const saved = JSON.parse(JSON.stringify(stream.state()))
      const wanted = [...take(3, () => stream.normal()), stream.next(), stream.int(1000)]
      const other = randomStream(9, 'other')
      other.normal()
      other.restore(saved)
      expect([...take(3, () => other.normal()), other.next(), other.int(1000)]).toEqual(wanted)
    }
  })
  it.each([
    [[1, 2, 3]],
    [[0, 0, 0, 0]],
    [[1, 2, 3, -1]],
    [[1, 2, 3, 2 ** 32]],
    [[1, 2, 3, 4, Number.NaN]],
    ['abcd'],
    [null],
  ])('refuses %j', (state) => {
    expect(() => randomStream(1, 'test').restore(state as number[])).toThrow(/^random state: expected/)
  })
})
