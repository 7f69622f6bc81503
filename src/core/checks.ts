import { invalidArgument, NativeMlpError, shortened } from './errors.js'
import type { Signal } from './platform.js'

/** The largest finite float32. */
export const MAX_FLOAT32 = 3.4028234663852886e38

/** Argument checks for the public interface; each returns its value for use in an expression. */

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

export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (typeof value !== 'string' || !allowed.includes(value as T)) {
    throw invalidArgument(name, `one of ${allowed.map((a) => `'${a}'`).join(', ')}`, value)
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
  const { aborted, addEventListener, removeEventListener } = Object(value) as Partial<Signal>
  const listens = typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  if (typeof aborted !== 'boolean' || !listens) throw invalidArgument(name, 'an AbortSignal', value)
  return value as Signal
}

/** Rejects unknown options and suggests the closest known one. */
export function knownOptions(name: string, options: unknown, allowed: readonly string[]): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null) throw invalidArgument(name, 'an options object', options)
  for (const key of Object.keys(options)) {
    if (allowed.includes(key)) continue
    const near = closest(key, allowed)
    const hint = near ? `; did you mean '${near}'?` : `; known: ${allowed.join(', ')}`
    throw new NativeMlpError('UNKNOWN_OPTION', `${name}: unknown option '${shortened(key)}'${hint}`)
  }
}

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
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
