import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisOptions {
  /** an append-only file, so that a restart loses nothing; default: nothing is kept */
  readonly persistent?: boolean
  readonly password?: string
  /** makes a certificate of its own, with openssl */
  readonly tls?: boolean
}

/** Why there is no server to test with, null where there is one. */
export function redisMissing(): string | null {
  try {
    execFileSync('redis-server', ['--version'])
    return null
  } catch (error) {
    return `redis-server is not installed: ${(error as Error).message}`
  }
}

/** A real redis-server on loopback, with a port and a folder of its own. */
export class RedisServer {
  readonly port: number
  readonly url: string
  readonly folder: string
  readonly #options: RedisOptions
  #process: ChildProcess | null = null

  private constructor(port: number, options: RedisOptions) {
    this.port = port
    this.url = `${options.tls ? 'rediss' : 'redis'}://${options.tls ? 'localhost' : '127.0.0.1'}:${port}`
    this.folder = mkdtempSync(join(tmpdir(), 'native-mlp-redis-'))
    this.#options = options
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    if (options.tls) makeCertificate(server.folder)
    await server.start()
    return server
  }

  get certificate(): string {
    return join(this.folder, 'cert.pem')
  }

  /** Again on the same port, with what was persistent. */
  async start(): Promise<void> {
    const { persistent, password, tls } = this.#options
    const port = String(this.port)
    const certificate = ['--tls-cert-file', 'cert.pem', '--tls-key-file', 'key.pem', '--tls-auth-clients', 'no']
    const args = [
      ...['--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--loglevel', 'notice'],
      ...(persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
      ...(password ? ['--requirepass', password] : []),
      ...(tls ? ['--port', '0', '--tls-port', port, ...certificate] : ['--port', port]),
    ]
    const child = spawn('redis-server', args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = child
    let output = ''
    // its own word: another server may have taken the port
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text) => {
        output += text
        if (output.includes('Ready to accept connections')) resolve()
      })
      child.on('error', reject).on('close', () => reject(new Error(`redis-server has ended: ${output}`)))
    })
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#process
    this.#process = null
    if (running === null || running.exitCode !== null) return
    const ended = once(running, 'exit')
    running.kill(signal)
    await ended
  }

  /** Stops the server for good. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Below the ports that systems give to outgoing connections, one of which could take it while the server is away. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

function makeCertificate(folder: string): void {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', [...args, ...subject, '-keyout', 'key.pem', '-out', 'cert.pem'], {
    cwd: folder,
    stdio: 'ignore',
  })
}
