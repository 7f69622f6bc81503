import { invalidArgument, NativeMlpError } from '../../core/errors.js'

/** Where a Redis server is, and what it takes to get in. */
export interface QueueAddress {
  /** for people: never holds a name or a password */
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
 * Reads where the queue is. User and password may stand in the URL or, so that no list of processes shows them, in
 * NATIVE_MLP_REDIS_USERNAME and NATIVE_MLP_REDIS_PASSWORD; the whole URL may stand in NATIVE_MLP_REDIS_URL.
 *
 * @param url undefined: NATIVE_MLP_REDIS_URL
 * @throws NativeMlpError INVALID_ARGUMENT, without showing what may hold a password
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
    const problem = 'expected nothing but the number of a database after the host'
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

/** A URL as it may be shown and written: protocol, host, port and database. */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return 'a text that is no URL'
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
