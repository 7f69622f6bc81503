import { HOSTILE_KEYS, HOSTILE_NUMBERS } from './hostile-values.js'
import type { Random } from './random.js'

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array

/** A few changes of bytes: flips, numbers at the ends of their ranges, parts removed, repeated or moved, truncation. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  return repeated(bytes, random, BYTE_MUTATIONS)
}

/** The same for text: also numbers, lines and characters that a reader of text may stumble over. */
export function mutateText(text: string, random: Random): Uint8Array {
  return repeated(new TextEncoder().encode(text), random, [...TEXT_MUTATIONS, ...BYTE_MUTATIONS])
}

function repeated(bytes: Uint8Array, random: Random, mutations: readonly Mutation[]): Uint8Array {
  let result: Uint8Array = bytes.slice()
  for (let times = random.pick([1, 1, 1, 2, 3, 8]); times > 0; times--) result = random.pick(mutations)(result, random)
  return result
}

const BYTES = [0, 1, 9, 10, 13, 27, 32, 34, 45, 48, 92, 127, 128, 254, 255]
const INTEGERS = [0, 1, -1, 255, 256, 65535, 2 ** 31 - 1, -(2 ** 31), 2 ** 24, 2 ** 28, 784, 100]

const BYTE_MUTATIONS: readonly Mutation[] = [
  (bytes, random) => changed(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => changed(bytes, random, () => random.pick(BYTES)),
  (bytes, random) => changed(bytes, random, () => random.below(256)),
  setInteger,
  // headers are at the start
  (bytes, random) => joined(setInteger(bytes.slice(0, 64), random), bytes.subarray(64)),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(0, Math.max(0, bytes.length - 1 - random.below(16))),
  (bytes, random) => joined(bytes, filled(1 + random.below(16), random)),
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    return joined(bytes.subarray(0, from), bytes.subarray(to))
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    return joined(bytes.subarray(0, to), bytes.subarray(from))
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    return joined(bytes.subarray(0, at), filled(1 + random.below(8), random), bytes.subarray(at))
  },
]

const WORDS = [
  ...['', '-1', '1e400', '-1e400', 'nan', 'NaN', 'inf', 'Infinity', '1e-400', '9007199254740993', '0x10', '1_000'],
  ...['null', 'true', '[]', '{}', '""', '\r', '\t', '\u0000', '\u001b[2J', '\ufeff', '\u2028', '\ud83d', '٣'],
]

const TEXT_MUTATIONS: readonly Mutation[] = [
  (bytes, random) => replaced(bytes, random, /-?\d+(\.\d+)?(e[-+]?\d+)?/gi, () => random.pick(WORDS)),
  (bytes, random) => replaced(bytes, random, /-?\d+(\.\d+)?(e[-+]?\d+)?/gi, () => String(random.pick(HOSTILE_NUMBERS))),
  (bytes, random) => replaced(bytes, random, /"[^"\n]*"/g, () => JSON.stringify(random.pick(HOSTILE_KEYS))),
  (bytes, random) => replaced(bytes, random, /\S+/g, () => random.pick(WORDS)),
  (bytes, random) => replaced(bytes, random, /[ ,:\n]/g, () => random.pick(WORDS)),
  (bytes, random) => replaced(bytes, random, /^.*\n/gm, (line) => random.pick(['', line + line, `${line}\n`])),
  (bytes, random) => replaced(bytes, random, /[[{]/g, (bracket) => bracket.repeat(random.pick([2, 100, 50_000]))),
]

function changed(bytes: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  if (bytes.length === 0) return bytes
  const at = random.below(bytes.length)
  bytes[at] = change(bytes[at])
  return bytes
}

/** Overwrites 2, 4 or 8 bytes with an integer, of either byte order. */
function setInteger(bytes: Uint8Array, random: Random): Uint8Array {
  const size = random.pick([2, 4, 8])
  if (bytes.length < size) return bytes
  const at = random.below(bytes.length - size + 1)
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size)
  const isLittle = random.chance(0.5)
  const value = random.pick(INTEGERS)
  if (size === 2) view.setInt16(0, value, isLittle)
  else if (size === 4) view.setInt32(0, value, isLittle)
  else view.setBigInt64(0, BigInt(value) << BigInt(random.pick([0, 0, 32])), isLittle)
  return bytes
}

/** Replaces one match, if there is any. */
function replaced(bytes: Uint8Array, random: Random, pattern: RegExp, by: (match: string) => string): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  const matches = [...text.matchAll(pattern)]
  if (matches.length === 0) return bytes
  const { 0: match, index } = random.pick(matches)
  return new TextEncoder().encode(text.slice(0, index) + by(match) + text.slice(index + match.length))
}

/** [start, end) of a part of up to 64 bytes. */
function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random.below(bytes.length + 1)
  return [from, Math.min(bytes.length, from + 1 + random.below(64))]
}

function filled(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}
