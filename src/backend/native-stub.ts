import { NativeMlpError } from '../core/errors.js'
import type { Backend } from './backend.js'

/** Replaces native.ts where addons cannot be loaded, e.g. in a browser. */

const REASON = 'this environment does not support native addons'

export function nativeStatus(): { readonly available: false; readonly reason: string } {
  return { available: false, reason: REASON }
}

export function defaultThreads(): number {
  return 1
}

export function createNativeBackend(_options?: { isa?: string; threads?: number }): Backend {
  throw new NativeMlpError('BACKEND_UNAVAILABLE', `the native addon is not available: ${REASON}`)
}

export function nativePeak(_options?: { isa?: string; threads?: number }): (milliseconds: number) => number {
  throw new NativeMlpError('BACKEND_UNAVAILABLE', `the native addon is not available: ${REASON}`)
}
