import type { z } from 'zod'
import { shortened } from '../core/errors.js'
import type { JsonPlace } from './json-place.js'

/** Longest description of a problem, in characters. */
const LONGEST_PROBLEM = 200

/** Levels of lists and objects. Comparing or writing deeper values overflows the stack. */
const MAX_DEPTH = 64

/** Parses a JSON text. @throws the error of the place: not JSON, or nested too deeply */
export function parseJson(text: string, place: JsonPlace, reviver?: Parameters<typeof JSON.parse>[1]): unknown {
  let value: unknown
  try {
    value = JSON.parse(text, reviver)
  } catch (error) {
    // the engine quotes the text, line feeds included
    const reason = (error as Error).message.replace(/\s+/g, ' ')
    throw place.error(`${place.what === '' ? '' : `${place.what} is `}not JSON: ${reason}`)
  }
  if (isTooDeep(text)) throw place.error(join(place.what, `nested more than ${MAX_DEPTH} levels deep`))
  return value
}

/** Checks the shape of a parsed value. @throws the error of the place, naming the key that is missing or wrong */
export function checkJson<T>(schema: z.ZodType<T>, value: unknown, { what, error }: JsonPlace): T {
  const parsed = safely(schema, value)
  if (parsed === null) throw error(join(what, 'a list or a text was expected where an object is'))
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]
  // keys are external text too
  throw error(join(what, shortened(join(...path.map(String), message), LONGEST_PROBLEM)))
}

/** Null where zod throws: it compares the `length` of any value with a limit, also one that is an object. */
function safely<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> | null {
  try {
    return schema.safeParse(value)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** Parses a JSON text and checks its shape. @throws as `parseJson` and `checkJson` */
export function decodeJson<T>(text: string, schema: z.ZodType<T>, place: JsonPlace): T {
  return checkJson(schema, parseJson(text, place), place)
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(': ')
}

/** @param text valid JSON */
function isTooDeep(text: string): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') i = endOfString(text, i)
    else if (character === '[' || character === '{') {
      if (++depth > MAX_DEPTH) return true
    } else if (character === ']' || character === '}') depth--
  }
  return false
}

/** Position of the closing quote of the string that begins at `start` of a valid JSON text. */
function endOfString(text: string, start: number): number {
  let i = start + 1
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

/**
 * The first key that occurs twice in one object of a JSON text, which JSON.parse drops silently.
 * @param text valid JSON
 */
export function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = []
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '{') open.push(new Set())
    else if (character === '}') open.pop()
    else if (character === '"') {
      const start = i
      i = endOfString(text, start)
      if (!isKey(text, i + 1)) continue
      const key = JSON.parse(text.slice(start, i + 1)) as string
      const keys = open[open.length - 1]
      if (keys.has(key)) return key
      keys.add(key)
    }
  }
  return undefined
}

/** In valid JSON a string is a key when a colon follows it. */
function isKey(text: string, after: number): boolean {
  let i = after
  while (' \t\r\n'.includes(text[i] ?? '.')) i++
  return text[i] === ':'
}
