/** Stable codes a program may switch on. A code never changes its meaning. */
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

/** The one error class of this package: every error it throws on purpose carries a stable `code`. */
export class NativeMlpError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'NativeMlpError'
    this.code = code
  }
}

/** Shows a value in an error message: short, typed, never megabytes of array. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} of length ${(value as Uint8Array).length ?? value.byteLength}`
  if (Array.isArray(value))
    return value.length <= 6 ? `[${value.map(describe).join(', ')}]` : `an array of ${value.length}`
  if (typeof value === 'function') return 'a function'
  return value.constructor?.name && value.constructor.name !== 'Object' ? `a ${value.constructor.name}` : 'an object'
}

/** The one formatter for a bad argument: names it, what was expected, what came. */
export function invalidArgument(name: string, expected: string, actual: unknown): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', `${name}: expected ${expected}, got ${describe(actual)}`)
}

/** The one formatter for a bad file: names the file, the byte offset where known, and what was wrong. */
export function invalidFile(file: string, problem: string, offset?: number): NativeMlpError {
  return new NativeMlpError('INVALID_FILE', `${file}${offset === undefined ? '' : ` at byte ${offset}`}: ${problem}`)
}
