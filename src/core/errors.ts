import { isClass } from './callable.js'

/** Stable codes for programs to switch on. The meaning of a code does not change. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_OPTION'
  | 'INVALID_FILE'
  | 'CHECKSUM_MISMATCH'
  | 'DOWNLOAD_FAILED'
  | 'DATA_NOT_FOUND'
  | 'BACKEND_UNAVAILABLE'
  | 'NOT_FINITE'
  | 'ABORTED'
  | 'FILE_SYSTEM'
  | 'QUEUE_UNAVAILABLE'
  | 'RESULTS_DIFFER'
  | 'OUT_OF_MEMORY'

/** The error class of this package, with a stable `code`. */
export class NativeMlpError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(printable(typeof message === 'string' ? message : describe(message)), readable(options))
    this.name = 'NativeMlpError'
    this.code = code
  }
}

/** Without what cannot be read. */
function readable(options: { cause?: unknown } | undefined): { cause?: unknown } | undefined {
  try {
    return options && 'cause' in options ? { cause: options.cause } : undefined
  } catch {
    return undefined
  }
}

/** C0 and C1 control characters but tab and line feed, and those that change the direction of text. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu

/** A text that may hold characters from outside, with those that steer a terminal escaped: '\\u001b' for ESC. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const LONGEST_TEXT = 60
const LONGEST_DESCRIPTION = 200
const DEEPEST_LIST = 2

/** External text, truncated to fit into a message. */
export function shortened(text: string, length = LONGEST_TEXT): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text
}

/** A short description of a value for an error message. */
export function describe(value: unknown): string {
  try {
    return shortened(describeTo(value, DEEPEST_LIST), LONGEST_DESCRIPTION)
  } catch {
    return 'an object that cannot be read' // a proxy or a getter that throws
  }
}

/** @param depth levels of nested lists to show */
function describeTo(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(shortened(value))
  if (typeof value === 'bigint') return `${shortened(String(value))}n`
  if (typeof value === 'function') return isClass(value) ? 'a class' : 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} of length ${(value as Uint8Array).length ?? value.byteLength}`
  if (Array.isArray(value)) {
    const isShown = value.length <= 6 && depth > 0
    if (!isShown) return `an array of ${value.length}`
    return `[${Array.from(value, (item) => describeTo(item, depth - 1)).join(', ')}]`
  }
  const name = value.constructor?.name
  return typeof name === 'string' && !['', 'Object'].includes(name) ? `a ${shortened(name)}` : 'an object'
}

/** Formats an argument error: name, expected and actual value. */
export function invalidArgument(name: string, expected: string, actual: unknown): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', `${name}: expected ${expected}, got ${describe(actual)}`)
}

/** Formats a file error: file, byte offset if known, problem. */
export function invalidFile(file: string, problem: string, offset?: number): NativeMlpError {
  return new NativeMlpError('INVALID_FILE', `${file}${offset === undefined ? '' : ` at byte ${offset}`}: ${problem}`)
}

/** How the errors of `Backend.allocate` begin, which do not know what the memory is for. */
const ALLOCATE = 'allocate'

/**
 * An error of the engine or of the addon that memory could not be had, as one of this package; any other as it is.
 *
 * @param what what needed the memory, e.g. 'fit'
 * @param need sizes that determine how much, e.g. '300000 rows', where they are known
 */
export function memoryError(error: unknown, what: string, need?: string | (() => string)): unknown {
  if (!isMemoryError(error) || (need === undefined && error instanceof NativeMlpError)) return error
  const sizes = typeof need === 'function' ? need() : need
  const words = sizes === undefined ? '' : ` for ${sizes}`
  return new NativeMlpError('OUT_OF_MEMORY', `${what}: not enough memory${words}`, { cause: error })
}

function isMemoryError(error: unknown): boolean {
  if (error instanceof NativeMlpError) {
    return error.code === 'OUT_OF_MEMORY' && error.message.startsWith(`${ALLOCATE}: `)
  }
  if (!(error instanceof RangeError)) return false
  if ((error as { code?: unknown }).code === 'OUT_OF_MEMORY') return true
  return /allocation failed|out of memory|invalid (typed array|array buffer|array) length/i.test(error.message)
}

/** @throws NativeMlpError OUT_OF_MEMORY as `memoryError` */
export function orOutOfMemory<T>(what: string, need: string | (() => string), make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw memoryError(error, what, need)
  }
}

/** Runs `Backend.allocate`. @throws NativeMlpError OUT_OF_MEMORY naming the size */
export function allocating<T>(bytes: number, make: () => T): T {
  return orOutOfMemory(ALLOCATE, byteWords(bytes), make)
}

/** '14.4 GB' */
export function byteWords(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  let size = bytes
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000
  return `${Number(size.toPrecision(3))} ${units[unit]}`
}
