import { NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import { clearTimeout, setTimeout } from '../core/timers.js'
import { gunzipExactly, isGzip } from '../formats/gzip.js'

export interface DownloadProgress {
  /** source address */
  readonly url: string
  readonly receivedBytes: number
  /** compressed size announced by the server; null if unknown */
  readonly totalBytes: number | null
}

export interface DownloadOptions {
  /** size of the uncompressed contents, bytes */
  readonly bytes: number
  /** throws if the uncompressed contents are wrong */
  readonly verify: (contents: Uint8Array, url: string) => void
  /** alternatives for the user, for the error message */
  readonly hint?: string
  readonly signal?: Signal | undefined
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  /** timeout without received data, after which the next address is tried; milliseconds */
  readonly stallAfter?: number
}

/** Incompressible data grow under gzip by a header, a file name and a few bytes per block. */
const GZIP_OVERHEAD = 65_536

const STALL_MS = 30_000

/**
 * Downloads, uncompresses and verifies a file. If a transfer fails, stalls, is too long or fails verification, the next
 * address is tried. Nothing is written to disk.
 * @throws NativeMlpError DOWNLOAD_FAILED with every address and its error, or ABORTED
 */
export async function downloadFirst(urls: readonly string[], options: DownloadOptions): Promise<Uint8Array> {
  const failures: string[] = []
  for (const url of urls) {
    try {
      return await download(url, options)
    } catch (error) {
      if (error instanceof CallbackError) throw error.cause
      if (options.signal?.aborted) {
        throw new NativeMlpError('ABORTED', `download of ${url}: aborted`, { cause: options.signal.reason })
      }
      failures.push(`${url}: ${reason(error)}`)
    }
  }
  const hint = options.hint === undefined ? '' : `\n${options.hint}`
  throw new NativeMlpError('DOWNLOAD_FAILED', `all mirrors failed:\n  ${failures.join('\n  ')}${hint}`)
}

/** Wraps an error thrown by the caller's onProgress, to distinguish it from errors of the mirror. */
class CallbackError extends Error {}

async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const { bytes, verify, signal, onProgress, stallAfter = STALL_MS } = options
  const stop = new AbortController()
  const abort = () => stop.abort(signal?.reason)
  let timer: NodeJS.Timeout | undefined
  const expectMore = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stop.abort(new Error(`nothing received for ${stallAfter / 1000} s`)), stallAfter)
  }
  signal?.addEventListener('abort', abort)
  try {
    if (signal?.aborted) abort()
    expectMore()
    const response = await fetch(url, { signal: stop.signal })
    const body = await receive(response, bytes + GZIP_OVERHEAD, stop.signal, (receivedBytes, totalBytes) => {
      expectMore()
      try {
        onProgress?.({ url, receivedBytes, totalBytes })
      } catch (error) {
        throw new CallbackError('onProgress', { cause: error })
      }
    })
    // fetch has already uncompressed it if the server declared gzip as the content encoding
    const contents = isGzip(body) ? await gunzipExactly(body, url, bytes) : body
    if (contents.length !== bytes) throw new Error(`${contents.length} bytes, expected ${bytes}`)
    verify(contents, url)
    return contents
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    // cancel the rest of the transfer
    stop.abort()
  }
}

/** The whole body, unless it is longer than `limit`. */
async function receive(
  response: Response,
  limit: number,
  signal: AbortSignal,
  onBytes: (received: number, total: number | null) => void,
): Promise<Uint8Array> {
  if (!response.ok || response.body === null) {
    throw new Error(`HTTP ${response.status} ${response.statusText}`.trim())
  }
  const length = response.headers.get('content-length')
  const reader = response.body.getReader()
  // undici's reader never resolves if the abort comes between the last byte and the end of the body
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  const parts: Uint8Array[] = []
  let received = 0
  for (;;) {
    const { done, value } = await Promise.race([reader.read(), aborted])
    if (done) return new Uint8Array(Buffer.concat(parts, received))
    received += value.length
    if (received > limit) throw new Error(`more than ${limit} bytes, too many for this file`)
    parts.push(value)
    onBytes(received, length === null ? null : Number(length))
  }
}

/** undici reports the actual error in `cause`. */
function reason(error: unknown): string {
  const { message, cause, errors } = error as Error & { errors?: unknown[] }
  const own = message || (errors === undefined ? String(error) : errors.map(reason).join(', '))
  return cause === undefined ? own : `${own} (${reason(cause)})`
}
