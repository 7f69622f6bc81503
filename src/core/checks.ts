import { isCallable } from './callable.js'
import { describe, invalidArgument, memoryError, NativeMlpError, shortened } from './errors.js'
import type { Signal } from './platform.js'
import { typedArrayName } from './typed-arrays.js'

/** The largest finite float32. */
export const MAX_FLOAT32 = 3.4028234663852886e38

/** Argument checks for the public interface; each returns its value for use in an expression. */

/**
 * Runs checks of arguments, or a function that only reads its arguments. What a proxy or a getter among them throws becomes an
 * error of this package; checks report other problems themselves.
 *
 * @param name the function, or the argument, for messages
 * @throws NativeMlpError as `check`; INVALID_ARGUMENT for an argument that cannot be read; OUT_OF_MEMORY
 */
export function checking<T>(name: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw unreadable(name, error)
  }
}

/** `checking` of an asynchronous function that only reads its arguments. */
export async function checkingAsync<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw unreadable(name, error)
  }
}

function unreadable(name: string, error: unknown): NativeMlpError {
  const known = memoryError(error, name)
  if (known instanceof NativeMlpError) return known
  return new NativeMlpError('INVALID_ARGUMENT', `${name}: cannot be read: ${reasonOf(error)}`, { cause: error })
}

function reasonOf(error: unknown): string {
  try {
    if (error instanceof Error) return error.message
  } catch {
    // even the error may be a proxy
  }
  return describe(error)
}

export function integerInRange(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`
    throw invalidArgument(name, range, value)
  }
  return value
}

export function finiteInRange(name: string, value: unknown, min: number, max = Number.MAX_VALUE): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > max) {
    const range = max === Number.MAX_VALUE ? `a finite number >= ${min}` : `a number from ${min} to ${max}`
    throw invalidArgument(name, range, value)
  }
  return value
}

/** A share that is only displayed, moved into 0..1; 0 for NaN. */
export function displayedShare(share: number): number {
  return share > 0 ? Math.min(1, share) : 0
}

/** @param or what else is expected, for messages */
export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[], or = ''): T {
  if (typeof value !== 'string' || !allowed.includes(value as T)) {
    throw invalidArgument(name, `one of ${allowed.map((a) => `'${a}'`).join(', ')}${or}`, value)
  }
  return value as T
}

export function trueOrFalse(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidArgument(name, 'true or false', value)
  return value
}

/** @param value an AbortSignal, or undefined for none */
export function signalOrNone(name: string, value: unknown): Signal | undefined {
  if (value === undefined) return undefined
  const isSignal = checking(name, () => {
    const { aborted, addEventListener, removeEventListener } = Object(value) as Partial<Signal>
    const listens = typeof addEventListener === 'function' && typeof removeEventListener === 'function'
    return typeof aborted === 'boolean' && listens
  })
  if (!isSignal) throw invalidArgument(name, 'an AbortSignal', value)
  return value as Signal
}

/** Rejects unknown options and suggests the closest known one. Reads every known one, so that one that throws is named here. */
export function knownOptions(name: string, options: unknown, allowed: readonly string[]): void {
  if (options === undefined) return
  for (const key of keysOf(name, options, allowed)) {
    if (allowed.includes(key)) continue
    const near = closest(key, allowed)
    const hint = near ? `; did you mean '${near}'?` : `; known: ${allowed.join(', ')}`
    throw new NativeMlpError('UNKNOWN_OPTION', `${name}: unknown option '${shortened(key)}'${hint}`)
  }
}

/** The closure of `checking` would cost a predicted row a tenth of its time. */
function keysOf(name: string, options: unknown, allowed: readonly string[]): readonly string[] {
  try {
    if (!isOptions(options)) throw invalidArgument(name, 'an options object', options)
    for (const key of allowed) Reflect.get(options, key)
    return Object.keys(options)
  } catch (error) {
    throw unreadable(name, error)
  }
}

/** Lists, maps and the like hold no options. */
export function isOptions(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Object.getPrototypeOf(value) === Object.prototype || !BUILTIN.test(Object.prototype.toString.call(value))
}

const BUILTIN =
  /^\[object (Array|ArrayBuffer|SharedArrayBuffer|DataView|\w+Array|Map|Set|Weak\w+|Date|RegExp|Promise|Error|String|Number|Boolean|Symbol|BigInt|URL)\]$/

/** Longer keys are not compared: they are not misspellings, and the comparison is quadratic. */
const LONGEST_WORD = 100

/** The closest allowed word within an edit distance of about a third of its length, if any. */
export function closest(word: string, allowed: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of allowed) {
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]
    row[0] = i
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]
      row[j] = Math.min(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.length]
}

/** A plain object or an instance of a class; not an array, not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isList(value)
}

/** `Array.isArray`, which throws for a revoked proxy. */
function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but an object that JSON can hold */
export function plainData<T extends object>(name: string, value: T): T {
  if (!isObject(value)) throw invalidArgument(name, 'an object of plain data', value)
  try {
    JSON.stringify(value)
    return value
  } catch (error) {
    const problem = `${name}: expected plain data, which JSON can hold: ${reasonOf(error)}`
    throw new NativeMlpError('INVALID_ARGUMENT', problem, { cause: error })
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but an object; also for an array */
export function objectOf<T extends object>(name: string, value: T, what: string): T {
  if (!isObject(value)) throw invalidArgument(name, what, value)
  return value
}

/** @throws NativeMlpError INVALID_ARGUMENT */
export function functionOrNone<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && !isCallable(value)) throw invalidArgument(name, 'a function', value)
  return value
}

/** @throws NativeMlpError INVALID_ARGUMENT */
export function textOrNone<T>(name: string, value: T): T {
  if (value !== undefined && typeof value !== 'string') throw invalidArgument(name, 'a string', value)
  return value
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but an array or a typed array of numbers or truth values */
export function numbersOf<T extends ArrayLike<number | boolean>>(name: string, values: T): T {
  if (!isList(values) && typedArrayName(values) === undefined)
    throw invalidArgument(name, 'an array of numbers', values)
  const bad = Array.prototype.findIndex.call(values, (value) => typeof value !== 'number' && typeof value !== 'boolean')
  if (bad >= 0) throw invalidArgument(`${name}[${bad}]`, 'a number', values[bad])
  return values
}

/** @throws NativeMlpError INVALID_ARGUMENT for anything but an array */
export function listOf<T>(name: string, value: readonly T[], what: string): readonly T[] {
  if (!isList(value)) throw invalidArgument(name, `a list of ${what}`, value)
  return value
}
