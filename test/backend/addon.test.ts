import { describe, expect, it } from 'vitest'
import { loadAddon } from '../../src/backend/native-loader.js'

/**
 * Calls that would not be memory-safe end in a TypeError or RangeError that names the argument. This is the wall behind the
 * friendly checks of the package: the addon itself is called.
 */
const loaded = loadAddon()
interface IsaInfo {
  name: string
  compiled: boolean
  supported: boolean
}
type Call = (...args: unknown[]) => unknown
const ops = (loaded.addon === null ? {} : (loaded.addon as { open: Call }).open('auto', 2)) as Record<string, Call>

/** A buffer whose memory has been taken away. */
function detached<T extends Float32Array | Int32Array | Uint8Array>(array: T): T {
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })
  return array
}

const K = 20
const N = 17
const B = 4
const ROOM = 48
const parameters = () => new Float32Array(ops.parameterLength(K, N) as number)
const matrix = () => new Float32Array(B * ROOM)
const bytes = () => new Uint8Array(10 * K).fill(1)
const table = () => Float32Array.from({ length: 256 }, (_, i) => i)
const batch = () => ops.createBatch(B, K, true, false, K)

describe.runIf(loaded.addon !== null)('addon called directly', () => {
  const good: Record<string, () => unknown[]> = {
    parameterLength: () => [K, N],
    pack: () => [K, N, new Float32Array(K * N), new Float32Array(N), parameters()],
    unpack: () => [K, N, parameters(), new Float32Array(K * N), new Float32Array(N)],
    measure: () => [bytes(), 10, K, table()],
    createBatch: () => [B, K, true, false, K],
    gather: () => [bytes(), 10, K, table(), Int32Array.of(0, 9), batch()],
    forward: () => [matrix(), ROOM, B, parameters(), K, N, 1, matrix(), ROOM, null],
    softmaxCrossEntropy: () => [matrix(), ROOM, B, N, new Int32Array(B), matrix(), ROOM, new Float64Array(B)],
    meanSquaredError: () => [
      matrix(),
      ROOM,
      B,
      N,
      0,
      null,
      new Float32Array(B * N),
      matrix(),
      ROOM,
      new Float64Array(B),
    ],
    backward: () => [matrix(), ROOM, B, parameters(), K, N, matrix(), ROOM, null, 1, matrix(), ROOM],
    update: () => [matrix(), ROOM, B, matrix(), ROOM, parameters(), K, N, 0.1, 0, 0],
    gradient: () => [matrix(), ROOM, B, matrix(), ROOM, K, N, new Float32Array(K * N), new Float32Array(N)],
    createEvaluator: () => [K, true, false, K, Int32Array.of(N, 3)],
    evaluate: () => [
      ops.createEvaluator(K, true, false, K, Int32Array.of(N)),
      bytes(),
      10,
      K,
      table(),
      Int32Array.of(0, 3),
      Int32Array.of(0),
      [parameters()],
      new Int32Array(10),
      new Float64Array(2),
      new Int32Array(2),
      new Float32Array(2 * N),
    ],
    allFinite: () => [new Float32Array(3)],
    gemm: () => [false, false, 2, 3, 4, 1, new Float32Array(8), 4, new Float32Array(12), 3, 0, new Float32Array(6), 3],
    misalignment: () => [new Uint8Array(1)],
    peak: () => [1],
  }

  it('has a good call for every operation, which passes', () => {
    const names = Object.keys(ops).filter((name) => typeof ops[name] === 'function')
    expect(Object.keys(good).sort()).toEqual(names.sort())
    for (const name of names) expect(() => ops[name](...good[name]()), name).not.toThrow()
  })

  const nonsense: [string, unknown][] = [
    ['a string', 'text'],
    ['NaN', Number.NaN],
    ['-1', -1],
    ['2^40', 2 ** 40],
    ['half', 0.5],
    ['an empty array', new Float32Array(0)],
    ['another type of array', new Float64Array(10_000)],
    ['a plain object', {}],
    ['a foreign handle', null],
    ['a symbol', Symbol('x')],
  ]

  for (const name of Object.keys(good)) {
    it(`${name}: survives nonsense in every place, with a TypeError or RangeError or no harm`, () => {
      const length = good[name]().length
      for (let i = 0; i < length; i++) {
        for (const [what, value] of nonsense) {
          const args = good[name]()
          args[i] = what === 'a foreign handle' ? ops.createEvaluator(K, true, false, K, Int32Array.of(1)) : value
          try {
            ops[name](...args)
          } catch (error) {
            const clear = error instanceof TypeError || error instanceof RangeError
            expect(clear, `argument ${i} = ${what}: ${error}`).toBe(true)
            expect((error as Error).message).toMatch(/expected|memory/)
          }
        }
      }
      expect(() => ops[name]()).toThrow(name === 'info' ? '' : /expected/)
    })

    it(`${name}: refuses detached and short buffers`, () => {
      good[name]().forEach((value, i) => {
        if (!ArrayBuffer.isView(value) || value.byteLength === 0) return
        if (name === 'allFinite' || name === 'misalignment' || (value as Int32Array).length === 0) return
        const isIndices = (name === 'gather' && i === 4) || (name === 'evaluate' && i === 5)
        if (isIndices) return // no rows is a valid list of rows
        const args = good[name]()
        args[i] = detached(args[i] as Float32Array)
        expect(() => ops[name](...args), `detached argument ${i}`).toThrow(RangeError)
        const short = good[name]()
        const array = short[i] as Float32Array
        short[i] = array.subarray(0, Math.floor(array.length / 8))
        expect(() => ops[name](...short), `short argument ${i}`).toThrow(RangeError)
      })
    })
  }

  it.each([
    ['gather', 4, Int32Array.of(0, 10), /rows from 0 to 9, got 10 at position 1/],
    ['gather', 4, Int32Array.of(-1), /got -1 at position 0/],
    ['gather', 4, new Int32Array(B + 1), /at most 4 rows, got 5/],
    ['softmaxCrossEntropy', 4, Int32Array.of(0, 1, N, 0), /classes from 0 to 16, got 17 at position 2/],
    ['evaluate', 5, Int32Array.of(0, 10), /rows from 0 to 9/],
    ['evaluate', 8, new Int32Array(10).fill(-1), /classes from 0 to 16, got -1/],
    ['forward', 6, 6, /activation: expected an integer from 0 to 5/],
    ['forward', 1, 16, /stride: expected an integer from 32/],
    ['gemm', 7, 3, /leading dimension/],
  ])('%s: argument %i is checked by value', (name, i, value, message) => {
    const args = good[name]()
    args[i] = value
    expect(() => ops[name](...args)).toThrow(message)
  })

  it('refuses an output that is one of the inputs', () => {
    const same = matrix()
    expect(() => ops.forward(same, ROOM, B, parameters(), K, N, 1, same, ROOM, null)).toThrow(/memory of its own/)
    const c = new Float32Array(12)
    expect(() => ops.gemm(false, false, 2, 3, 4, 1, c, 4, new Float32Array(12), 3, 0, c, 3)).toThrow(
      /memory of its own/,
    )
  })

  it('notices that a row has grown since the data were measured', () => {
    const values = new Uint8Array(10 * K)
    const handle = ops.createBatch(B, K, true, true, 0)
    expect(() => ops.gather(values, 10, K, table(), Int32Array.of(0), handle)).not.toThrow()
    values.fill(1)
    expect(() => ops.gather(values, 10, K, table(), Int32Array.of(0), handle)).toThrow(/the data have changed/)
  })

  it('refuses a batch or an evaluator made for another instruction set', () => {
    const { open, info } = loaded.addon as unknown as { open: Call; info: () => { isas: IsaInfo[] } }
    const names = info().isas.filter((isa) => isa.compiled && isa.supported)
    if (names.length < 2) return
    const [one, other] = names.map((isa) => open(isa.name, 1) as Record<string, Call>)
    const foreign = one.createBatch(B, K, true, true, K)
    one.gather(bytes(), 10, K, table(), Int32Array.of(0, 9), foreign)
    const args = [foreign, 0, 0, matrix(), ROOM, K, N, new Float32Array(K * N), new Float32Array(N)]
    expect(() => other.gradient(...args)).toThrow(/batch: expected one made for .*, got one made for /)
    const evaluate = good.evaluate()
    evaluate[0] = one.createEvaluator(K, true, false, K, Int32Array.of(N))
    expect(() => other.evaluate(...evaluate)).toThrow(/evaluator: expected one made for /)
  })

  it('looks at memory only after JavaScript can no longer take it away', () => {
    // the types of ES2023 know no resizable buffers
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer
    const gone = new Resizable(10 * K, { maxByteLength: 10 * K })
    const args = good.evaluate()
    const layers: Float32Array[] = []
    Object.defineProperty(layers, 0, {
      get() {
        ;(gone as unknown as { resize(length: number): void }).resize(0)
        return parameters()
      },
    })
    args[1] = new Uint8Array(gone)
    args[7] = layers
    expect(() => ops.evaluate(...args)).toThrow(/values: expected a Uint8Array of at least 200 elements/)
  })

  it('opens only what this machine has, with a sensible number of threads', () => {
    const { open } = loaded.addon as { open: Call }
    expect(() => open('avx9000', 1)).toThrow(/expected an instruction set of this build and processor, got avx9000/)
    expect(() => open('auto', 0)).toThrow(RangeError)
    expect(() => open('auto', 65)).toThrow(RangeError)
    expect(() => open(7, 1)).toThrow(TypeError)
  })
})
