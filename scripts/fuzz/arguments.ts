import { isProxy } from 'node:util/types'
import { HOSTILE_KEYS, HOSTILE_NUMBERS, hostileValue } from './hostile-values.js'
import type { Random } from './random.js'

type Holder = Record<string | number, unknown>

/** A value within the arguments of a call. */
interface Place {
  readonly holder: Holder
  readonly key: string | number
  /** e.g. '2.callbacks.onStep' */
  readonly path: string
}

const DEEPEST = 4
const MOST_ELEMENTS = 8

/**
 * Makes one to three places of the arguments hostile, in place.
 *
 * @param fixed paths of places to leave alone
 */
export function spoil(args: unknown[], random: Random, fixed: readonly string[] = []): void {
  let places = placesIn(args as unknown as Holder, '', DEEPEST).filter(({ path }) => isFree(path, fixed))
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0 && places.length > 0; times--) {
    const place = random.pick(places)
    spoilPlace(place, random, fixed)
    // a hostile value stays as it is
    places = places.filter(({ path }) => path !== place.path && !path.startsWith(`${place.path}.`))
  }
  if (random.chance(0.05) && args.length > 1 && fixed.length === 0) args.length = random.below(args.length)
  if (random.chance(0.02)) args.push(hostileValue(random))
}

/** Neither a fixed place, nor within one, nor around one. */
function isFree(path: string, fixed: readonly string[]): boolean {
  return fixed.every((each) => path !== each && !path.startsWith(`${each}.`) && !each.startsWith(`${path}.`))
}

/** Members of lists and plain objects; an instance of a class is one value. */
function placesIn(holder: Holder, prefix: string, depth: number): Place[] {
  return Object.keys(holder)
    .slice(0, MOST_ELEMENTS * 4)
    .flatMap((name): Place[] => {
      const key = Array.isArray(holder) ? Number(name) : name
      const place = { holder, key, path: prefix + name }
      const value = holder[key]
      return [place, ...(isPlain(value) && depth > 0 ? placesIn(value, `${prefix}${name}.`, depth - 1) : [])]
    })
}

/** A list or an object without a class; a proxy may throw and is one value. */
export function isPlain(value: unknown): value is Holder {
  if (isProxy(value)) return false
  if (Array.isArray(value)) return value.length <= MOST_ELEMENTS
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function spoilPlace({ holder, key, path }: Place, random: Random, fixed: readonly string[]): void {
  const value = holder[key]
  if (ArrayBuffer.isView(value) && random.chance(0.7)) put(holder, key, spoiledArray(value as Float32Array, random))
  else if (typeof value === 'number' && random.chance(0.6)) put(holder, key, random.pick(HOSTILE_NUMBERS))
  else if (isPlain(value) && random.chance(0.3)) put(value, freeKey(value, path, random, fixed), hostileValue(random))
  else if (random.chance(0.1)) Reflect.deleteProperty(holder, key)
  else put(holder, key, hostileValue(random))
}

function freeKey(holder: Holder, path: string, random: Random, fixed: readonly string[]): string | number {
  const key = Array.isArray(holder) ? random.below(holder.length + 2) : random.pick(HOSTILE_KEYS)
  return isFree(`${path}.${key}`, fixed) ? key : 'x'
}

/** An array of the same type with other contents, of another length, or without its memory. */
function spoiledArray(array: Float32Array, random: Random): ArrayBufferView {
  if (!(array instanceof Object.getPrototypeOf(Uint8Array)) || array.byteLength === 0) return new Float32Array(1)
  const copy = array.slice()
  switch (random.below(6)) {
    case 0:
      return copy.subarray(0, random.below(copy.length + 1))
    case 1:
      structuredClone(copy, { transfer: [copy.buffer as ArrayBuffer] })
      return copy
    case 2:
      return new (copy.constructor as new (length: number) => Float32Array)(copy.length + 1 + random.below(9))
    case 3: {
      // not where a vector of the processor begins
      const Same = copy.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => Float32Array
      const moved = new Same(
        new ArrayBuffer(copy.byteLength + copy.BYTES_PER_ELEMENT),
        copy.BYTES_PER_ELEMENT,
        copy.length,
      )
      moved.set(copy)
      return moved
    }
    default:
      for (let i = random.below(4); i >= 0 && copy.length > 0; i--) {
        setElement(copy, random.below(copy.length), random.pick(HOSTILE_NUMBERS))
      }
      return copy
  }
}

function setElement(array: Float32Array | BigInt64Array, at: number, value: number): void {
  if (array instanceof BigInt64Array) array[at] = BigInt(Number.isInteger(value) ? value : 0)
  else array[at] = value
}

/** An own member also for the key __proto__; of a frozen object nothing. */
function put(holder: Holder, key: string | number, value: unknown): void {
  if (Array.isArray(holder) && typeof key === 'string') holder.push(value)
  else Reflect.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}
