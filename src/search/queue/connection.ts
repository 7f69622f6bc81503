import { isIP } from 'node:net'
import type { Redis } from 'ioredis'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { Logger, Signal } from '../../core/platform.js'
import { clearTimeout, setTimeout } from '../../core/timers.js'

/** Address and credentials of a Redis server. */
export interface QueueAddress {
  /** for display: never contains a user name or a password */
  readonly shown: string
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

const EXPECTED = 'redis://host[:port][/database], or rediss:// for TLS'
const DEFAULT_PORT = 6379

/**
 * Parses the address of the queue. User and password may be in the URL or, to hide them from process lists, in
 * NATIVE_MLP_REDIS_USERNAME and NATIVE_MLP_REDIS_PASSWORD; the whole URL may be in NATIVE_MLP_REDIS_URL.
 *
 * @param url undefined: NATIVE_MLP_REDIS_URL
 * @throws NativeMlpError INVALID_ARGUMENT, without text that may contain a password
 */
export function queueAddress(url: string | undefined, env: Environment = process.env): QueueAddress {
  const name = url === undefined ? 'NATIVE_MLP_REDIS_URL' : 'queue'
  const text = url ?? env.NATIVE_MLP_REDIS_URL
  if (text === undefined || text === '') {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `queue: expected ${EXPECTED}, or NATIVE_MLP_REDIS_URL in the environment`,
    )
  }
  if (typeof text !== 'string') throw invalidArgument(name, EXPECTED, text)
  const parsed = URL.canParse(text) ? new URL(text) : null
  const tls = parsed?.protocol === 'rediss:'
  if (parsed === null || parsed.hostname === '' || !(tls || parsed.protocol === 'redis:')) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected ${EXPECTED}, got ${redactUrl(text)}`)
  }
  const database = parsed.pathname.replace(/^\//, '')
  if (!/^\d{0,4}$/.test(database) || parsed.search !== '' || parsed.hash !== '') {
    const problem = 'expected only a database number after the host'
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: ${problem}, in ${redactUrl(text)}`)
  }
  return {
    shown: redactUrl(text),
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? DEFAULT_PORT : Number(parsed.port),
    db: Number(database),
    username: decoded(name, parsed.username) || env.NATIVE_MLP_REDIS_USERNAME || undefined,
    password: decoded(name, parsed.password) || env.NATIVE_MLP_REDIS_PASSWORD || undefined,
    tls,
  }
}

/** A URL without credentials: protocol, host, port and database. */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return 'a text that is not a URL'
  const { protocol, host, pathname } = new URL(url)
  if (host === '') return `a URL that begins with ${protocol}`
  return `${protocol}//${host}${/^\/\d+$/.test(pathname) ? pathname : ''}`
}

function decoded(name: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // the text itself may be the password
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected user and password percent-encoded`)
  }
}

export type BullMQ = typeof import('bullmq')

export interface QueueConnection {
  readonly redis: Redis
  readonly bullmq: BullMQ
  /** cancels pending commands */
  close(): void
}

export interface ConnectOptions {
  readonly log: Logger
  /** timeout of the first connection, ms; later, and in workers, there is no timeout */
  readonly patienceMs: number
  /** cancels waiting for the first connection */
  readonly signal?: Signal
}

/** Longest time between two connection attempts, ms. */
const LONGEST_RETRY = 2000

/** Permanent errors: retrying does not help. */
const REFUSED = /WRONGPASS|NOAUTH|NOPERM|invalid password|without any password/i
const UNTRUSTED = /CERT|SELF_SIGNED|SSL|TLS|UNABLE_TO_VERIFY/

/**
 * Connects to a Redis server. After the first connection, commands wait while the server is unreachable; `log` reports lost
 * and restored connections.
 *
 * @throws NativeMlpError QUEUE_UNAVAILABLE if a library is missing, user, password or certificate is rejected, or on timeout;
 *   ABORTED
 */
export async function connectQueue(address: QueueAddress, options: ConnectOptions): Promise<QueueConnection> {
  const { Redis, bullmq } = await loadLibraries()
  const { host, port, db, username, password, tls } = address
  const redis = new Redis({
    ...{ host, port, db, username, password },
    ...(tls && { tls: isIP(host) ? {} : { servername: host } }),
    protocol: 2, // supported by all servers
    lazyConnect: true,
    maxRetriesPerRequest: null, // commands wait until the server is reachable
    retryStrategy: (times) => Math.min(100 * times, LONGEST_RETRY),
  })
  try {
    await firstContact(redis, address.shown, options)
    // ioredis would continue in database 0
    if (db > 0) await redis.select(db)
  } catch (error) {
    redis.disconnect()
    throw queueFailure(error, address.shown)
  }
  return { redis, bullmq, close: () => redis.disconnect() }
}

function firstContact(redis: Redis, shown: string, { log, patienceMs, signal }: ConnectOptions): Promise<void> {
  let last = 'no answer'
  let away = false
  const unavailable = (problem: string) => new NativeMlpError('QUEUE_UNAVAILABLE', `${shown}: ${problem}`)
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(patienceMs)
      ? setTimeout(() => reject(unavailable(`cannot be reached: ${last}`)), patienceMs)
      : undefined
    const onAbort = () => reject(new NativeMlpError('ABORTED', `${shown}: aborted while connecting`))
    // it may have fired while the libraries were loading, and does not fire again
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    redis.on('error', (error: NodeJS.ErrnoException) => {
      last = reasonOf(error) ?? last
      if (REFUSED.test(error.message)) reject(unavailable(`rejects the connection: ${last}`))
      else if (UNTRUSTED.test(String(error.code))) reject(unavailable(`its certificate is not trusted: ${last}`))
      else if (!away) log(`${shown} cannot be reached (${last}); waiting for it`)
      away = true
    })
    redis.on('close', () => {
      if (!away && redis.status !== 'end') log(`${shown} disconnected; waiting for it`)
      away = true
    })
    redis.on('ready', () => {
      if (away) log(`${shown} is connected`)
      away = false
      settle()
      resolve()
    })
    redis.on('end', settle)
    redis.connect().catch(() => undefined) // the same error comes as an event
  })
}

/** With several addresses of one host the error has no message. */
function reasonOf(error: NodeJS.ErrnoException): string | undefined {
  return error.message || error.code
}

/** Converts an error reply of the server to QUEUE_UNAVAILABLE; returns other errors unchanged. */
export function queueFailure(error: unknown, shown: string): unknown {
  if (!isRefusal(error)) return error
  // the reason why a transaction did not start
  const { message } = error.previousErrors?.[0] ?? error
  return new NativeMlpError('QUEUE_UNAVAILABLE', `${shown}: ${message}`, { cause: error })
}

/** Whether the server replied with an error: out of memory, read-only, or a key of another type. */
export function isRefusal(error: unknown): error is Error & { readonly previousErrors?: readonly Error[] } {
  return (error as Error | null)?.name === 'ReplyError'
}

/** In one try block, which lets a bundler go on where these optional peers are not installed. */
async function loadLibraries(): Promise<{ Redis: typeof Redis; bullmq: BullMQ }> {
  try {
    const ioredis = await import('ioredis')
    return { Redis: ioredis.Redis, bullmq: await import('bullmq') }
  } catch (cause) {
    const remedy = 'npm install bullmq@6 ioredis@6'
    const message = `a queue needs the npm packages bullmq and ioredis (${remedy}): ${(cause as Error).message}`
    throw new NativeMlpError('QUEUE_UNAVAILABLE', message, { cause })
  }
}
