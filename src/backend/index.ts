import { createNativeBackend, defaultThreads, nativeStatus } from '#native'
import { oneOf } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { warn } from '../core/warn.js'
import type { Backend } from './backend.js'
import { createJsBackend } from './js/index.js'

/** Selects the backend: the only place that reads NATIVE_MLP_BACKEND, NATIVE_MLP_ISA and NATIVE_MLP_THREADS. */

const BACKENDS = ['auto', 'native', 'js'] as const
const MAX_THREADS = 64

/** The selected backend and the reason for the selection. */
export interface BackendInfo {
  readonly backend: 'native' | 'js'
  /** 'avx512' | 'avx2' | 'neon' | 'portable' | 'js' */
  readonly isa: string
  readonly threads: number
  /** file of the addon, if loaded */
  readonly addon: string | null
  /** why the native backend is not used, if it is not */
  readonly reason: string | null
}

let chosen: Backend | undefined
let info: BackendInfo | undefined

/**
 * The backend of this process, selected at the first call: native if the addon loads and the processor is supported, else
 * pure TypeScript, with one process warning. Environment: NATIVE_MLP_BACKEND=auto|native|js,
 * NATIVE_MLP_ISA=auto|avx512|avx2|neon|portable, NATIVE_MLP_THREADS=n. As the fallback TypeScript uses one
 * thread; if it is requested, a thread count or an instruction set is an error.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for an unknown name, BACKEND_UNAVAILABLE if the request is not available
 */
export function defaultBackend(): Backend {
  chosen ??= choose()
  return chosen
}

/** Backend, instruction set, threads, path of the addon, and the reason if it is unavailable. */
export function backendInfo(): BackendInfo {
  defaultBackend()
  return info!
}

function choose(): Backend {
  const asked = oneOf('NATIVE_MLP_BACKEND', environment('NATIVE_MLP_BACKEND') ?? 'auto', BACKENDS)
  const isa = environment('NATIVE_MLP_ISA') ?? 'auto'
  const threadsAsked = environment('NATIVE_MLP_THREADS')
  const threads = threadsFrom(threadsAsked)
  if (asked === 'js') {
    if (isa !== 'auto') throw invalidArgument('NATIVE_MLP_ISA', "'auto' with NATIVE_MLP_BACKEND=js", isa)
    if (threadsAsked !== undefined && threads !== 1) {
      throw invalidArgument('NATIVE_MLP_THREADS', '1 with NATIVE_MLP_BACKEND=js', threadsAsked)
    }
    return useJs('NATIVE_MLP_BACKEND=js')
  }
  const status = nativeStatus()
  if (status.available) oneOf('NATIVE_MLP_ISA', isa, ['auto', ...status.known])
  if (status.available || asked === 'native' || isa !== 'auto') {
    const backend = createNativeBackend({ isa, threads })
    const path = status.available ? status.path : null
    info = { backend: 'native', isa: backend.isa, threads: backend.threads, addon: path, reason: null }
    return backend
  }
  warn(`running in pure TypeScript, which is many times slower than the native addon: ${status.reason}`)
  return useJs(status.reason)
}

function useJs(reason: string): Backend {
  const backend = createJsBackend()
  info = { backend: 'js', isa: backend.isa, threads: backend.threads, addon: null, reason }
  return backend
}

function threadsFrom(text: string | undefined): number {
  if (text === undefined) return defaultThreads()
  const threads = Number(text)
  if (!/^\d+$/.test(text) || threads < 1 || threads > MAX_THREADS) {
    throw invalidArgument('NATIVE_MLP_THREADS', `an integer from 1 to ${MAX_THREADS}`, text)
  }
  return threads
}

/** An empty variable counts as unset. Browsers have no environment. */
function environment(name: string): string | undefined {
  const value = typeof process === 'undefined' ? undefined : process.env?.[name]
  return value === '' ? undefined : value
}
