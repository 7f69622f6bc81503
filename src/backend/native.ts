import { availableParallelism } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { NativeMlpError } from '../core/errors.js'
import type { Backend } from './backend.js'
import { type Addon, type AddonInfo, type AddonOperations, createAddonBackend } from './native-backend.js'
import { loadAddon } from './native-loader.js'

/** Whether the addon can be used here, and if not, why. */
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

/** Threads used unless told otherwise: all the process may use, one inside a worker thread. */
export function defaultThreads(): number {
  return isMainThread ? Math.min(availableParallelism(), 64) : 1
}

/** 'auto' (default): the best instruction set this machine has. Threads: by default `defaultThreads()`. */
export interface NativeOptions {
  readonly isa?: string
  readonly threads?: number
}

/**
 * The native backend on one instruction set and so many threads.
 *
 * @throws NativeMlpError BACKEND_UNAVAILABLE when there is no addon, or not that instruction set here
 */
export function createNativeBackend(options: NativeOptions = {}): Backend {
  const { operations, info } = open(options)
  return createAddonBackend(operations, info)
}

/**
 * Measures how many floating-point operations a second (two a multiply-add) those threads do together in registers alone:
 * the limit of every product on that instruction set. The result measures for so many milliseconds, 0..1000.
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
