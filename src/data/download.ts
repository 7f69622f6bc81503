import { NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import { clearTimeout, setTimeout } from '../core/timers.js'
import { gunzipExactly, isGzip } from '../formats/gzip.js'

export interface DownloadProgress {
  /** address the bytes come from */
  readonly url: string
  readonly receivedBytes: number
  /** what the server announced, compressed; null when it did not */
  readonly totalBytes: number | null
}

export interface DownloadOptions {
  /** size of the uncompressed contents, bytes */
  readonly bytes: number
  /** throws when the uncompressed contents are not the ones wanted */
  readonly verify: (contents: Uint8Array, url: string) => void
  /** what else the user can do, for the error */
  readonly hint?: string
  readonly signal?: Signal | undefined
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  /** give an address up after so long without a byte, milliseconds */
  readonly stallAfter?: number
}

/** gzip adds a header, a file name and a few bytes a block to what it cannot compress. */
const GZIP_OVERHEAD = 65_536

const STALL_MS = 30_000

/**
 * The verified contents, uncompressed, from the first address that has them. A transfer that fails, stops, is too long,
 * or brings anything else is given up for the next address; nothing is written anywhere.
 * @throws NativeMlpError DOWNLOAD_FAILED naming every address and what went wrong there, or ABORTED
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
  throw new NativeMlpError('DOWNLOAD_FAILED', `no mirror could deliver:\n  ${failures.join('\n  ')}${hint}`)
}

/** Carries what the caller's onProgress threw, which is no fault of the mirror. */
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
    // a server may have declared the gzip as a transfer encoding, which fetch undoes
    const contents = isGzip(body) ? await gunzipExactly(body, url, bytes) : body
    if (contents.length !== bytes) throw new Error(`${contents.length} bytes, expected ${bytes}`)
    verify(contents, url)
    return contents
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    // whatever is still on its way is not wanted
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
  // undici's reader waits for ever when the abort comes after the last byte but before the end of the body
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

/** undici hides what happened in `cause`. */
function reason(error: unknown): string {
  const { message, cause, errors } = error as Error & { errors?: unknown[] }
  const own = message || (errors === undefined ? String(error) : errors.map(reason).join(', '))
  return cause === undefined ? own : `${own} (${reason(cause)})`
}
