import { availableParallelism } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { NativeMlpError } from '../core/errors.js'
import type { Backend } from './backend.js'
import type { Addon, AddonInfo, AddonOperations } from './native-addon.js'
import { createAddonBackend } from './native-backend.js'
import { loadAddon } from './native-loader.js'

/** Availability of the addon, or the reason why it is unavailable. */
export type NativeStatus =
  | {
      readonly available: true
      readonly path: string
      readonly isas: readonly string[]
      readonly automatic: string
      readonly known: readonly string[]
    }
  | { readonly available: false; readonly reason: string }

interface Loaded {
  readonly addon: Addon
  readonly info: AddonInfo
  readonly path: string
}

let loaded: Loaded | { readonly reason: string } | undefined

function load(): Loaded | { readonly reason: string } {
  if (loaded === undefined) {
    const result = loadAddon()
    if (result.addon === null) {
      loaded = { reason: result.reasons.join('; ') }
    } else {
      const addon = result.addon as Addon
      loaded = { addon, info: addon.info(), path: result.path }
    }
  }
  return loaded
}

/** Loads the addon on first use. */
export function nativeStatus(): NativeStatus {
  const result = load()
  if ('reason' in result) return { available: false, reason: result.reason }
  const usable = result.info.isas.filter((isa) => isa.compiled && isa.supported)
  const best = usable.find((isa) => isa.automatic)
  if (best === undefined) {
    return { available: false, reason: 'this processor has neither AVX2 with FMA, AVX-512 nor NEON' }
  }
  const known = result.info.isas.map(({ name }) => name)
  return { available: true, path: result.path, isas: usable.map(({ name }) => name), automatic: best.name, known }
}

/** Default number of threads: all available to the process, one inside a worker thread. */
export function defaultThreads(): number {
  return isMainThread ? Math.min(availableParallelism(), 64) : 1
}

/** 'auto' (default): the best instruction set of this machine. Threads: by default `defaultThreads()`. */
export interface NativeOptions {
  readonly isa?: string
  readonly threads?: number
}

/**
 * The native backend with one instruction set and number of threads.
 *
 * @throws NativeMlpError BACKEND_UNAVAILABLE if the addon or the instruction set is not available
 */
export function createNativeBackend(options: NativeOptions = {}): Backend {
  const { operations, info } = open(options)
  return createAddonBackend(operations, info)
}

/**
 * Measures the floating-point operations per second (two per multiply-add) of those threads together in registers: the
 * upper limit of every product on that instruction set. The returned function measures for 0..1000 milliseconds.
 *
 * @throws NativeMlpError BACKEND_UNAVAILABLE as `createNativeBackend` does
 */
export function nativePeak(options: NativeOptions = {}): (milliseconds: number) => number {
  const { operations } = open(options)
  return (milliseconds) => operations.peak(milliseconds)
}

function open({ isa = 'auto', threads = defaultThreads() }: NativeOptions): {
  operations: AddonOperations
  info: AddonInfo
} {
  const status = nativeStatus()
  const result = load()
  if (!status.available || 'reason' in result) {
    throw new NativeMlpError(
      'BACKEND_UNAVAILABLE',
      `the native addon is not available: ${status.available ? '' : status.reason}`,
    )
  }
  if (isa !== 'auto' && !status.isas.includes(isa)) {
    throw new NativeMlpError(
      'BACKEND_UNAVAILABLE',
      `instruction set '${isa}' is not available; this build on this processor has: ${status.isas.join(', ')}`,
    )
  }
  return { operations: result.addon.open(isa, threads), info: result.info }
}
