import { ACTIVATIONS, LOSSES } from 'native-mlp'
import { isPlain, spoil } from './arguments.js'
import { hostileValue } from './hostile-values.js'
import { internal } from './internal.js'
import type { Random } from './random.js'
import type { Target } from './targets.js'

type Callable = (...args: unknown[]) => unknown
type Operations = Record<string, Callable>
interface Exports {
  open: (isa: string, threads: number) => Operations
  info: () => { isas: readonly { name: string; compiled: boolean; supported: boolean }[] }
}

/** Sizes of a call: rows, inputs and outputs of a layer. */
interface Sizes {
  readonly ops: Operations
  readonly random: Random
  readonly B: number
  readonly K: number
  readonly N: number
}

/**
 * A target for each operation of the addon on each of its instruction sets: the wall behind the checks of the package. A
 * call may throw a TypeError or a RangeError that says what was expected.
 *
 * @returns none if there is no addon
 * @throws Error for an operation that has no call here
 */
export async function addonTargets(): Promise<Target[]> {
  const { loadAddon } = await internal('backend/native-loader.js')
  const { addon } = loadAddon() as { addon: Exports | null }
  if (addon === null) return []
  const sets = addon.info().isas.filter(({ compiled, supported }) => compiled && supported)
  const opening: Target = target('addon: open', (random) =>
    addon.open(...(spoiled(['auto', 2], random) as [string, number])),
  )
  return [opening, ...sets.flatMap(({ name }) => operationTargets(name, addon.open(name, 2)))]
}

function operationTargets(isa: string, ops: Operations): Target[] {
  const names = Object.keys(ops).filter((name) => typeof ops[name] === 'function')
  const missing = names.filter((name) => !Object.hasOwn(CALLS, name))
  if (missing.length > 0) throw new Error(`scripts/fuzz/addon-targets.ts has no call of ${missing.join(', ')}`)
  return names.map((name) => target(`addon: ${name} (${isa})`, (random) => callOperation(ops, name, random)))
}

function target(name: string, call: (random: Random) => unknown): Target {
  const allows = (error: unknown) =>
    (error instanceof TypeError || error instanceof RangeError) && /expected|memory/.test(error.message)
  return { name, share: 15, content: () => null, run: call, allows }
}

function callOperation(ops: Operations, name: string, random: Random): void {
  const size = () => random.pick([1, 2, 3, 7, 15, 16, 17, 20, 33, 48, 64, 100])
  const args = CALLS[name]({ ops, random, B: size(), K: size(), N: size() })
  if (random.chance(0.1)) args.fill(hostileValue(random), random.below(args.length + 1))
  else if (random.chance(0.9)) spoil(args, random)
  if (random.chance(0.1)) setTrap(args, random)
  ops[name](...args)
}

/** While the addon reads a member of one argument, the memory of an array among the arguments goes to another thread. */
function setTrap(args: readonly unknown[], random: Random): void {
  const holders = args.filter(isPlain)
  const arrays = [...args, ...holders.flatMap((holder) => Object.values(holder))].filter((arg) =>
    ArrayBuffer.isView(arg),
  )
  if (holders.length === 0 || arrays.length === 0) return
  const holder = random.pick(holders)
  const keys = Object.keys(holder)
  if (keys.length === 0) return
  const key = random.pick(keys)
  const value = Reflect.get(holder, key)
  const { buffer } = random.pick(arrays)
  Reflect.defineProperty(holder, key, {
    get: () => {
      if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) structuredClone(buffer, { transfer: [buffer] })
      return value
    },
  })
}

function spoiled(args: unknown[], random: Random): unknown[] {
  spoil(args, random)
  return args
}

const CALLS: Readonly<Record<string, (sizes: Sizes) => unknown[]>> = {
  parameterLength: ({ K, N }) => [K, N],
  rowStride: ({ K }) => [K],
  pack: ({ ops, K, N }) => [K, N, floats(K * N), floats(N), parameters(ops, K, N)],
  unpack: ({ ops, K, N }) => [K, N, parameters(ops, K, N), floats(K * N), floats(N)],
  measure: (sizes) => data(sizes),
  createBatch: ({ random, B, K }) => [B, K, random.chance(0.5), random.chance(0.5), random.below(K + 1)],
  gather: (sizes) => {
    const inputs = data(sizes)
    return [...inputs, rowsOf(sizes), batch(sizes, inputs, random(sizes, 0.5))]
  },
  forward: (sizes) => [input(sizes), layer(sizes), matrix(sizes, sizes.N)],
  loss: (sizes) => {
    const { B, N } = sizes
    const gradient = random(sizes, 0.7) ? matrix(sizes, N) : null
    return [sizes.random.pick(LOSSES), matrix(sizes, N), truth(sizes, B), N, gradient, new Float64Array(B)]
  },
  backward: (sizes) => [matrix(sizes, sizes.N), layer(sizes), matrix(sizes, sizes.K), matrix(sizes, sizes.K)],
  update: (sizes) => [input(sizes), matrix(sizes, sizes.N), layer(sizes), rule(sizes), slots(sizes)],
  gradient: (sizes) => {
    const { K, N } = sizes
    return [input(sizes), matrix(sizes, N), layer(sizes), floats(K * N), floats(N)]
  },
  compile: (sizes) => compileArguments(sizes, sizes.random.chance(0.6)),
  createWarper: (sizes) => warperArguments(imageSizes(sizes)),
  warp: (sizes) => {
    const image = imageSizes(sizes)
    const inputs = data(image)
    const isBytes = inputs[3] !== null
    const rows = rowsOf(image)
    const length = rows.length * image.K
    const warper = image.ops.createWarper(...warperArguments(image, isBytes))
    return [warper, ...inputs, rows, warps(image, rows.length), isBytes ? new Uint8Array(length) : floats(length)]
  },
  run: (sizes) => {
    const trains = sizes.random.chance(0.7)
    const program = sizes.ops.compile(...compileArguments(sizes, trains))
    return [program, ...data(sizes, true), rowsOf(sizes), arenas(sizes), trains ? rule(sizes) : null]
  },
  runPart: (sizes) => {
    const trains = sizes.random.chance(0.7)
    const program = sizes.ops.compile(...compileArguments(sizes, trains))
    const [values, rows, , table] = data(sizes, true)
    const work = sizes.random.pick([1, 1000, 1e9])
    return [program, values, rows, table, rowsOf(sizes), arenas(sizes), trains ? rule(sizes) : null, work]
  },
  restart: (sizes) => [sizes.ops.compile(...compileArguments(sizes, true))],
  forwardPass: (sizes) => {
    const { ops, B, K, N } = sizes
    const program = ops.compile(...compileArguments(sizes, false))
    const [values, , , table] = data(sizes, true)
    return [program, values, table, parameters(ops, K, N), floats(B * N), B]
  },
  firstLayerNotFinite: (sizes) => [sizes.ops.compile(...compileArguments(sizes, true))],
  allFinite: ({ K }) => [floats(K)],
  gemm: ({ random: choose, B, K, N }) => {
    const [transA, transB] = [choose.below(2), choose.below(2)]
    const sizes = Float64Array.of(transA, transB, B, N, K, transA ? B : K, transB ? K : N, N, ...new Array(8).fill(0))
    return [sizes, choose.pick([1, 0, 0.5]), floats(B * K), floats(K * N), choose.pick([0, 1]), floats(B * N)]
  },
  misalignment: ({ K }) => [new Uint8Array(K)],
  peak: () => [0.01],
}

const random = (sizes: Sizes, share: number) => sizes.random.chance(share)
/** Of exactly this length, so that a sanitizer sees a read past the end. */
const floats = (length: number) => Float32Array.from({ length }, (_, i) => ((i * 37) % 19) / 10 - 0.9)
const parameters = (ops: Operations, K: number, N: number) => floats(ops.parameterLength(K, N) as number)

/** values, rows, cols, table */
function data({ random: choose, B, K }: Sizes, isBytes = choose.chance(0.5)): unknown[] {
  const zeros = choose.pick([0, 2, 10])
  const value = (i: number) => (zeros > 0 && i % zeros !== 0 ? 0 : (i * 31) % 256)
  const values = isBytes ? Uint8Array.from({ length: B * K }, (_, i) => value(i)) : floats(B * K)
  return [values, B, K, isBytes ? Float32Array.from({ length: 256 }, (_, i) => i / 255) : null]
}

function rowsOf({ random: choose, B }: Sizes): Int32Array {
  return Int32Array.from({ length: choose.below(B + 1) }, () => choose.below(B))
}

function batch({ ops, B, K }: Sizes, [, , , table]: unknown[], isSparse: boolean): unknown {
  return ops.createBatch(B, K, table !== null, isSparse, K)
}

/** A gathered batch or a matrix. */
function input(sizes: Sizes): unknown {
  if (sizes.random.chance(0.4)) return matrix(sizes, sizes.K)
  const inputs = data(sizes)
  const handle = batch(sizes, inputs, sizes.random.chance(0.5))
  sizes.ops.gather(
    ...inputs,
    Int32Array.from({ length: sizes.B }, (_, i) => i),
    handle,
  )
  return { kind: 'batch', rows: sizes.B, cols: sizes.K, capacity: sizes.B, handle }
}

function matrix({ ops, random: choose, B }: Sizes, cols: number): unknown {
  const stride = ops.rowStride(cols) as number
  const common = { kind: 'matrix', rows: B, capacity: B, cols, stride, values: floats(B * stride) }
  return { ...common, activation: choose.pick(ACTIVATIONS), preActivations: floats(B * stride) }
}

function layer({ ops, random: choose, K, N }: Sizes): unknown {
  return { inputs: K, outputs: N, activation: choose.pick(ACTIVATIONS), parameters: parameters(ops, K, N) }
}

function truth({ random: choose, N }: Sizes, rows: number): Int32Array | Float32Array {
  return choose.chance(0.6) ? Int32Array.from({ length: rows }, () => choose.below(Math.max(2, N))) : floats(rows * N)
}

/** [kind, learning rates, first factors, L1, L2 of weights and biases, momentum, betas, ...] as src/backend/rules.ts encodes it */
function rule({ random: choose }: Sizes): Float64Array {
  const factors = [0.1, 0.1, 0.05, 0.05, 1, 1, 1, 1]
  return Float64Array.of(choose.below(5), ...factors, 0.001, 0.01, 0, 0.9, 0.9, 0.1, 0.999, 0.001, 1e-8, 1)
}

function slots({ ops, random: choose, K, N }: Sizes): Float32Array | null {
  return choose.chance(0.8) ? new Float32Array(2 * (ops.parameterLength(K, N) as number)) : null
}

/** A network of one layer: gather, forward, loss, update if it trains; a third has an instruction of any kind more. */
function compileArguments({ random: choose, B, K, N }: Sizes, trains: boolean): unknown[] {
  const loss = choose.below(LOSSES.length)
  const gradient = trains ? 1 : -2
  const update = trains ? [4, 0, -1, 1, -2, 0] : []
  const more = choose.chance(0.3) ? instruction(choose) : []
  const code = Int32Array.of(0, 0, -2, -2, -2, 0, 1, 0, -1, -2, 0, 0, ...more, 2, 0, 0, gradient, -2, loss, ...update)
  const activation = choose.below(ACTIVATIONS.length)
  const isSparse = choose.chance(0.5)
  return [K, true, isSparse, K, B, Int32Array.of(K, N, activation), Int32Array.of(N, N), code]
}

/** [operation, layer, input, gradient, output, loss] with operands that may exist */
function instruction(choose: Random): number[] {
  const operand = () => choose.below(5) - 2
  return [choose.below(13), choose.below(2), operand(), operand(), operand(), choose.below(LOSSES.length + 1)]
}

/** Rows that are images: K is height times width. */
function imageSizes(sizes: Sizes): Sizes & { readonly height: number; readonly width: number } {
  const [height, width] = [1 + sizes.random.below(9), 1 + sizes.random.below(9)]
  return { ...sizes, height, width, K: height * width }
}

/** [height, width, shift, radius or -1, weights down and across], bytes, capacity */
function warperArguments(
  { random: choose, B, height, width }: ReturnType<typeof imageSizes>,
  isBytes = true,
): unknown[] {
  const radius = choose.below(3) - 1
  const weights = Array.from({ length: 2 * (radius + 1) }, () => choose.below(3000))
  return [Int32Array.of(height, width, 1 + choose.below(12), radius, ...weights), isBytes, B]
}

/** 8 numbers a row, in fixed point; see src/backend/warp.ts */
function warps({ random: choose }: Sizes, rows: number): Int32Array {
  return Int32Array.from({ length: 8 * rows }, () => choose.below(200_000) - 100_000)
}

/** [parameters, slots, truth, losses, predicted, outputs] */
function arenas(sizes: Sizes): unknown[] {
  const { ops, random: choose, B, K, N } = sizes
  const predicted = choose.chance(0.5) ? new Int32Array(B) : null
  const outputs = choose.chance(0.5) ? floats(B * N) : null
  return [parameters(ops, K, N), slots(sizes), truth(sizes, B), new Float64Array(B), predicted, outputs]
}
