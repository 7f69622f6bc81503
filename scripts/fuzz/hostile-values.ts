import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { Random } from './random.js'

/** What hostile getters, proxies and callbacks throw: a function may pass it on. */
export class HostileError extends Error {}

/** Keys that a lookup in a plain object finds on its prototype, and keys that steer a terminal. */
export const HOSTILE_KEYS: readonly string[] = [
  ...['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON', 'length', 'then', ''],
  ...['\u001b[31mred', '\u0007', 'a\nb', '\u202egnp', 'k'.repeat(5000), '0', '-1', 'NaN'],
]

/** Numbers at the ends of ranges. Sizes between 4096 and the limits of the package would only cost memory. */
export const HOSTILE_NUMBERS: readonly number[] = [
  ...[0, -0, 1, 2, 3, 7, 16, 17, 64, 255, 256, 1000, 4096, -1, -7, 0.5, 1e-9, 1e-320, 0.9999999, 1.5],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e21, 3.5e38, 1e308],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
]

/** A relative path below the working folder wherever a function takes it for one. */
export function harmlessPath(text: string): string {
  return text.replaceAll('..', '__').replace(/^[/\\]+/, '')
}

const text = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...HOSTILE_KEYS, 'auto', 'relu', 'valid', '1e3'))
  .map(harmlessPath)

const anything = fc.anything({
  key: fc.oneof(text, fc.constantFrom(...HOSTILE_KEYS)),
  values: [text, fc.integer(), fc.double(), fc.boolean(), fc.constantFrom(null, undefined, ...HOSTILE_NUMBERS)],
  ...{ withBigInt: true, withDate: true, withMap: true, withSet: true, withObjectString: true },
  ...{ withNullPrototype: true, withSparseArray: true, withTypedArray: true },
  maxDepth: 3,
})

/** A value that a function does not expect: of any type, also of those that fast-check does not make. */
export function hostileValue(random: Random): unknown {
  const seed = random.uint32()
  if (random.chance(0.3)) return random.pick(HOSTILE_NUMBERS)
  if (random.chance(0.4)) return random.pick(ODDITIES)(random)
  return fc.sample(anything, { seed, numRuns: 1 })[0]
}

const thrower = () => {
  throw new HostileError('a hostile function')
}

const typedArrays = [Uint8Array, Int8Array, Int32Array, Float32Array, Float64Array, BigInt64Array] as const

/** An array whose memory another thread has taken. */
function detached(random: Random): ArrayBufferView {
  const array = new (random.pick(typedArrays))(random.below(20))
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })
  return array
}

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}

function cyclic(): object {
  const value: Record<string, unknown> = { name: 'cycle' }
  value.self = value
  return value
}

const ODDITIES: readonly ((random: Random) => unknown)[] = [
  () => Symbol('hostile'),
  () => Symbol.iterator,
  () => () => 1,
  () => thrower,
  () => async () => thrower(),
  () => class Hostile {},
  detached,
  (random) => new (random.pick(typedArrays))(random.below(9)),
  (random) => new Float32Array(random.below(40)).fill(Number.NaN),
  (random) => new Uint8Array(new SharedArrayBuffer(random.below(40))),
  (random) => new DataView(new ArrayBuffer(random.below(9))),
  (random) => new ArrayBuffer(random.below(9)),
  (random) => Buffer.alloc(random.below(9)),
  () => runInNewContext('new Float32Array(3)'),
  () => runInNewContext('({ a: [1, 2] })'),
  () => runInNewContext('new Error("of another realm")'),
  () => nested(20_000, (inner) => [inner]),
  () => nested(20_000, (inner) => ({ inner })),
  cyclic,
  () => Array.from({ length: 3 }, cyclic),
  (random) => new Array(random.pick([3, 1000, 100_000])),
  (random) => ({ length: random.pick(HOSTILE_NUMBERS) }),
  (random) => ({ length: 3, 0: random.pick(HOSTILE_NUMBERS) }),
  () => ({ length: { valueOf: thrower } }),
  () => ({ toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower }),
  () => ({ toString: null, valueOf: null }),
  () => ({ constructor: { name: 5 } }),
  () => ({ constructor: null }),
  () => ({ [Symbol.toStringTag]: '\u001b[2J' }),
  () => ({ [Symbol.iterator]: thrower }),
  // biome-ignore lint/suspicious/noThenProperty: what an await of any value calls
  () => ({ then: thrower }),
  () => new Proxy({}, { get: thrower, ownKeys: thrower, has: thrower, getPrototypeOf: thrower }),
  () => new Proxy([], { get: thrower }),
  () => new Proxy(() => 1, {}),
  () => Object.create(null),
  () => Object.freeze([1, 2, 3]),
  () => Object.defineProperty({}, 'layers', { enumerable: true, get: thrower }),
  () => Promise.resolve(1),
  () => new Date(Number.NaN),
  () => /(a+)+$/,
  () => new Error('\u001b]0;title\u0007'),
  () => new URL('https://example.invalid/'),
  () => new WeakMap(),
  () => globalThis,
  () => 10n ** 400n,
  () => new String('relu'),
  () => new Number(3),
  (random) => 'x'.repeat(random.pick([100, 10_000, 1_000_000])),
  (random) => harmlessPath(`${random.pick(HOSTILE_KEYS)}/${random.pick(HOSTILE_KEYS)}`),
]
