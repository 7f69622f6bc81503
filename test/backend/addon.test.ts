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
/** A LayerOutput as the backend interface has it. */
const matrix = (cols: number) => ({
  kind: 'matrix',
  values: new Float32Array(B * ROOM),
  stride: ROOM,
  rows: B,
  capacity: B,
  cols,
  activation: 'relu',
  preActivations: null as Float32Array | null,
})
const layer = () => ({ inputs: K, outputs: N, activation: 'relu', parameters: parameters() })
const adamRule = () =>
  Float64Array.of(3, ...[0.1, 0.1, 0.1, 0.1, 1, 1, 1, 1], 0, 0, 0, 0, 0.9, 0.1, 0.999, 0.001, 1e-8, 1)
/** gather; forward; loss; update */
const trainingCode = () => Int32Array.of(0, 0, -2, -2, -2, 0, 1, 0, -1, -2, 0, 0, 2, 0, 0, 1, -2, 0, 4, 0, -1, 1, -2, 0)
const trainingProgram = () =>
  ops.compile(K, true, false, K, B, Int32Array.of(K, N, 1), Int32Array.of(N, N), trainingCode())
const forwardProgram = () =>
  ops.compile(K, true, false, K, B, Int32Array.of(K, N, 1), Int32Array.of(N), trainingCode().subarray(0, 12))
const arenas = (): unknown[] => [
  parameters(),
  new Float32Array(2 * parameters().length),
  new Int32Array(10),
  new Float64Array(2),
  new Int32Array(2),
  new Float32Array(2 * N),
]
const gemmSizes = () => Float64Array.of(0, 0, 2, 3, 4, 4, 3, 3)
const bytes = () => new Uint8Array(10 * K).fill(1)
const table = () => Float32Array.from({ length: 256 }, (_, i) => i)
/** height, width, shift, radius, the weights down and across */
const shape = () => Int32Array.of(4, 5, 12, 1, 20_000, 3000, 10_000, 2000)
const warper = (capacity = B) => ops.createWarper(shape(), true, capacity)
const batch = () => ops.createBatch(B, K, true, false, K)

type Path = (string | number)[]

/** Where the arguments of a call, and what they hold, stand. */
function placesIn(args: readonly unknown[]): Path[] {
  return args.flatMap((value, i): Path[] => {
    const isHolder = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
    return [[i], ...(isHolder ? Object.keys(value).map((key): Path => [i, key]) : [])]
  })
}

function at(args: unknown, path: Path): unknown {
  return path.reduce((value, key) => (value as Record<string | number, unknown>)[key], args)
}

function put(args: unknown, path: Path, value: unknown): void {
  const holder = at(args, path.slice(0, -1)) as Record<string | number, unknown>
  holder[path[path.length - 1]] = value
}

describe.runIf(loaded.addon !== null)('addon called directly', () => {
  const good: Record<string, () => unknown[]> = {
    parameterLength: () => [K, N],
    pack: () => [K, N, new Float32Array(K * N), new Float32Array(N), parameters()],
    unpack: () => [K, N, parameters(), new Float32Array(K * N), new Float32Array(N)],
    measure: () => [bytes(), 10, K, table()],
    createBatch: () => [B, K, true, false, K],
    gather: () => [bytes(), 10, K, table(), Int32Array.of(0, 9), batch()],
    forward: () => [matrix(K), layer(), matrix(N)],
    loss: () => ['softmaxCrossEntropy', matrix(N), new Int32Array(B), N, matrix(N), new Float64Array(B)],
    backward: () => [matrix(N), layer(), matrix(K), matrix(K)],
    update: () => [matrix(K), matrix(N), layer(), adamRule(), new Float32Array(2 * parameters().length)],
    gradient: () => [matrix(K), matrix(N), layer(), new Float32Array(K * N), new Float32Array(N)],
    rowStride: () => [K],
    compile: () => [K, true, false, K, B, Int32Array.of(K, N, 1), Int32Array.of(N, N), trainingCode()],
    run: () => [trainingProgram(), bytes(), 10, K, table(), Int32Array.of(0, 3), arenas(), adamRule()],
    runPart: () => [trainingProgram(), bytes(), 10, table(), Int32Array.of(0, 3), arenas(), adamRule(), 1e9],
    restart: () => [trainingProgram()],
    forwardPass: () => [forwardProgram(), bytes(), table(), parameters(), new Float32Array(2 * N), 2],
    firstLayerNotFinite: () => [trainingProgram()],
    allFinite: () => [new Float32Array(3)],
    createWarper: () => [shape(), true, B],
    warp: () => [warper(), bytes(), 10, K, table(), Int32Array.of(0, 9), new Int32Array(16), new Uint8Array(2 * K)],
    gemm: () => [gemmSizes(), 1, new Float32Array(8), new Float32Array(12), 0, new Float32Array(6)],
    misalignment: () => [new Uint8Array(1)],
    peak: () => [1],
  }

  it('has a good call for every operation, which passes', () => {
    const names = Object.keys(ops).filter((name) => typeof ops[name] === 'function')
    expect(Object.keys(good).sort()).toEqual(names.sort())
    for (const name of names) expect(() => ops[name](...good[name]()), name).not.toThrow()
  })

  /** position of the row indices */
  const rowListAt: Record<string, number> = { gather: 4, run: 5, runPart: 4, warp: 5 }

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
      for (const path of placesIn(good[name]())) {
        for (const [what, value] of nonsense) {
          const args = good[name]()
          put(args, path, what === 'a foreign handle' ? ops.createBatch(1, 1, false, false, 1) : value)
          try {
            ops[name](...args)
          } catch (error) {
            const clear = error instanceof TypeError || error instanceof RangeError
            expect(clear, `argument ${path.join('.')} = ${what}: ${error}`).toBe(true)
            expect((error as Error).message).toMatch(/expected|memory/)
          }
        }
      }
      expect(() => ops[name]()).toThrow(/expected/)
    })

    it(`${name}: refuses detached and short buffers`, () => {
      if (name === 'allFinite' || name === 'misalignment') return
      for (const path of placesIn(good[name]())) {
        const value = at(good[name](), path)
        if (!ArrayBuffer.isView(value) || (value as Int32Array).length === 0) continue
        const isList = path.length === 1 && path[0] === rowListAt[name]
        if (isList || name === 'compile') continue // no rows is a valid list of rows; code is checked by what it says
        const args = good[name]()
        put(args, path, detached(at(args, path) as Float32Array))
        expect(() => ops[name](...args), `detached argument ${path.join('.')}`).toThrow(RangeError)
        const short = good[name]()
        const array = at(short, path) as Float32Array
        put(short, path, array.subarray(0, Math.floor(array.length / 8)))
        expect(() => ops[name](...short), `short argument ${path.join('.')}`).toThrow(RangeError)
      }
    })
  }

  it.each([
    ['gather', 4, Int32Array.of(0, 10), /rows from 0 to 9, got 10 at position 1/],
    ['gather', 4, Int32Array.of(-1), /got -1 at position 0/],
    ['gather', 4, new Int32Array(B + 1), /at most 4 rows, got 5/],
    ['loss', 2, Int32Array.of(0, 1, N, 0), /classes from 0 to 16, got 17 at position 2/],
    ['loss', 0, 'hinge', /loss: expected a name that the addon knows, got hinge/],
    ['run', 5, Int32Array.of(0, 10), /rows from 0 to 9/],
    ['run', 5, new Int32Array(B + 1), /at most 4 rows, got 5/],
    ['run', 6, arenas().with(2, new Int32Array(10).fill(-1)), /classes of the network, got -1 at row 0/],
    ['run', 6, arenas().with(1, null), /slots/],
    ['run', 6, [...arenas(), null, warper(1), new Int32Array(16)], /warper: expected room for 2 rows, got 1/],
    ['run', 6, [...arenas(), null, warper(), new Int32Array(15)], /warps: expected an Int32Array of at least 16/],
    ['run', 6, [...arenas(), null, batch(), new Int32Array(16)], /warper: expected a warper of this addon/],
    ['warp', 0, ops.createWarper?.(Int32Array.of(2, 2, 1, -1), true, 0), /cols: expected 4, got 20/],
    ['warp', 0, ops.createWarper?.(Int32Array.of(4, 5, 1, -1), false, 0), /values: expected the kind prepared for/],
    ['createWarper', 0, shape().with(0, 0), /sides from 1 to 1024, got 0/],
    ['createWarper', 0, shape().with(2, 31), /a shift from 1 to 30, got 31/],
    ['createWarper', 0, shape().with(3, 2), /weights up to the radius, got 2/],
    ['createWarper', 0, shape().with(3, -2), /weights up to the radius, got -2/],
    ['createWarper', 0, shape().with(5, -1), /weights from 0 to 32767, got -1/],
    ['createWarper', 0, shape().with(6, 30_000), /a sum of at most 32768, got 34000/],
    ['run', 7, Float64Array.of(9, ...new Array(18).fill(0)), /a kind of rule that the addon knows, got 9/],
    ['forward', 1, { ...layer(), activation: 'sine' }, /activation: expected a name that the addon knows, got sine/],
    ['loss', 0, `\u001b[31m${'x'.repeat(1000)}`, /knows, got \?\[31mx{195}$/],
    ['forward', 2, { ...matrix(N), stride: 16 }, /stride: expected an integer from 32/],
    ['backward', 2, { ...matrix(K), activation: 'gelu' }, /preActivations: expected a Float32Array for gelu/],
    ['gemm', 0, Float64Array.of(0, 0, 2, 3, 4, 3, 3, 3), /leading dimension/],
    ['gemm', 0, Float64Array.of(0, 0, 2 ** 32 + 2, 3, 4, 4, 3, 3), /M: expected an integer/],
    ['forwardPass', 0, trainingProgram(), /program: expected one without updates/],
    ['forwardPass', 5, B + 1, /count: expected an integer from 0 to 4/],
    ['compile', 7, Int32Array.of(0, 0, -2, -2, -2, 0), /no forward pass/],
    ['compile', 7, trainingCode().with(10, 7), /output: expected the layer's outputs/],
    ['compile', 7, trainingCode().with(0, 12), /code: expected integers from 0 to 11, got 12/],
    ['compile', 5, Int32Array.of(K, N, 10), /layers: expected integers from 0 to 9/],
  ])('%s: argument %i is checked by value', (name, i, value, message) => {
    const args = good[name]()
    args[i] = value
    expect(() => ops[name](...args)).toThrow(message)
  })

  it('refuses an output that is one of the inputs', () => {
    const input = matrix(K)
    expect(() => ops.forward(input, layer(), { ...matrix(N), values: input.values })).toThrow(/memory of its own/)
    const c = new Float32Array(12)
    expect(() => ops.gemm(gemmSizes(), 1, c, new Float32Array(12), 0, c)).toThrow(/memory of its own/)
    const memory = new Float32Array(3 * parameters().length)
    const overlapping = arenas().with(0, memory.subarray(0, parameters().length)).with(1, memory)
    expect(() =>
      ops.run(trainingProgram(), bytes(), 10, K, table(), Int32Array.of(0), overlapping, adamRule()),
    ).toThrow(/slots: expected memory of its own/)
  })

  it('notices that a row has grown since the data were measured', () => {
    const values = new Uint8Array(10 * K)
    const handle = ops.createBatch(B, K, true, true, 0)
    expect(() => ops.gather(values, 10, K, table(), Int32Array.of(0), handle)).not.toThrow()
    values.fill(1)
    expect(() => ops.gather(values, 10, K, table(), Int32Array.of(0), handle)).toThrow(/the data have changed/)
  })

  it('refuses a batch or a program made for another instruction set', () => {
    const { open, info } = loaded.addon as unknown as { open: Call; info: () => { isas: IsaInfo[] } }
    const names = info().isas.filter((isa) => isa.compiled && isa.supported)
    if (names.length < 2) return
    const [one, other] = names.map((isa) => open(isa.name, 1) as Record<string, Call>)
    const foreign = one.createBatch(B, K, true, true, K)
    one.gather(bytes(), 10, K, table(), Int32Array.of(0, 9), foreign)
    const input = { ...matrix(K), kind: 'batch', handle: foreign }
    const args = [input, matrix(N), layer(), new Float32Array(K * N), new Float32Array(N)]
    expect(() => other.gradient(...args)).toThrow(/batch: expected one made for .*, got one made for /)
    const run = good.run()
    run[0] = one.compile(...good.compile())
    expect(() => other.run(...run)).toThrow(/program: expected one made for /)
  })

  it('looks at memory only after JavaScript can no longer take it away', () => {
    // the types of ES2023 know no resizable buffers
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer
    const gone = new Resizable(10 * K, { maxByteLength: 10 * K })
    const args = good.run()
    const list = arenas()
    Object.defineProperty(list, 0, {
      get() {
        ;(gone as unknown as { resize(length: number): void }).resize(0)
        return parameters()
      },
    })
    args[1] = new Uint8Array(gone)
    args[6] = list
    expect(() => ops.run(...args)).toThrow(/values: expected a Uint8Array of at least 200 elements/)
  })

  it('opens only what this machine has, with a sensible number of threads', () => {
    const { open } = loaded.addon as { open: Call }
    expect(() => open('avx9000', 1)).toThrow(/expected an instruction set of this build and processor, got avx9000/)
    expect(() => open('auto', 0)).toThrow(RangeError)
    expect(() => open('auto', 65)).toThrow(RangeError)
    expect(() => open(7, 1)).toThrow(TypeError)
  })
})
