import { HOSTILE_KEYS, HOSTILE_NUMBERS } from './hostile-values.js'
import type { Random } from './random.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Holder = Record<string | number, Json>

/** Stands for a list that is too deep for JSON.stringify. */
const DEEP = '@deep'
/** Stands for a number that JSON.stringify would write as null. */
const HUGE = '@huge'

/**
 * JSON text with one to three members changed: a value of another type or at the end of its range, a key removed, added or
 * renamed, an element repeated. Strings that hold JSON themselves are changed inside.
 */
export function mutateJson(text: string, random: Random): string {
  let value = JSON.parse(text) as Json
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) value = mutated(value, random)
  return JSON.stringify(value)
    .replaceAll(`"${DEEP}"`, () => '['.repeat(20_000) + ']'.repeat(20_000))
    .replaceAll(`"${HUGE}"`, '1e999')
}

function mutated(root: Json, random: Random): Json {
  const places = placesIn(root)
  if (places.length === 0 || random.chance(0.02)) return hostileJson(random)
  const [holder, key] = random.pick(places)
  const value = holder[key]
  const inner = typeof value === 'string' && /^[[{]/.test(value) && random.chance(0.8) ? parsed(value) : undefined
  if (inner === undefined) random.pick(CHANGES)(holder, key, random)
  else holder[key] = JSON.stringify(mutated(inner, random))
  return root
}

/** Every member of every object and list, with its holder. */
function placesIn(root: Json): [Holder, string | number][] {
  if (typeof root !== 'object' || root === null) return []
  const holder = root as unknown as Holder
  const keys = Array.isArray(root) ? root.map((_, i) => i) : Object.keys(root)
  return keys.flatMap((key): [Holder, string | number][] => [[holder, key], ...placesIn(holder[key])])
}

const CHANGES: readonly ((holder: Holder, key: string | number, random: Random) => void)[] = [
  (holder, key, random) => put(holder, key, hostileJson(random)),
  (holder, key, random) => put(holder, key, random.pick(HOSTILE_NUMBERS)),
  (holder, key, random) => put(holder, key, near(holder[key], random)),
  (holder, key) => (Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key]),
  (holder, _, random) => put(holder, random.pick(HOSTILE_KEYS), hostileJson(random)),
  (holder, key, random) => put(holder, Array.isArray(holder) ? holder.length : random.pick(HOSTILE_KEYS), holder[key]),
]

/** A value of the same type. */
function near(value: Json, random: Random): Json {
  if (typeof value === 'number') return value + random.pick([-1, 1, 0.5, 1e6, -1e6])
  if (typeof value === 'string') return value + random.pick(['x', ' ', '\u001b[1m', '\u0000', value])
  if (typeof value === 'boolean') return !value
  if (Array.isArray(value)) return [...value, ...value]
  return value === null ? 0 : null
}

function hostileJson(random: Random): Json {
  const values: readonly Json[] = [
    ...[null, true, false, '', [], {}, [[]], [{}], DEEP, HUGE, 'constructor', '\u001b[31m', { length: 3 }],
    ...[
      { toString: 1 },
      { valueOf: {} },
      { length: {} },
      { $number: 'NaN' },
      ['a', 1, null],
      'x'.repeat(1000),
      '1',
      '[1]',
      '{"a":1}',
    ],
  ]
  return random.chance(0.3) ? random.pick(HOSTILE_NUMBERS) : structuredClone(random.pick(values))
}

/** A member of its own also for the key __proto__, as JSON.parse makes it. */
function put(holder: Holder, key: string | number, value: Json): void {
  if (Array.isArray(holder) && typeof key === 'string') holder.push(value)
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
