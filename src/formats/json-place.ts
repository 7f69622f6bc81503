import type { NativeMlpError } from '../core/errors.js'

/** Where a JSON text stands, for errors. */
export interface JsonPlace {
  /** what messages call the text, e.g. 'line 3'; '' for a whole file */
  readonly what: string
  readonly error: (problem: string) => NativeMlpError
}
