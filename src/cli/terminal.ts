import { CommanderError } from 'commander'
import { type BackendInfo, backendInfo } from '../backend/index.js'
import { type ErrorCode, NativeMlpError, printable } from '../core/errors.js'

/** Exit codes of the process. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const

export const EXIT_HELP = `
Exit codes: 0 done; 1 failed; 2 wrong flags, config or environment variables; 130 stopped by Ctrl-C, progress saved.
Environment: NATIVE_MLP_BACKEND=auto|native|js, NATIVE_MLP_ISA=auto|avx512|avx2|neon|portable, NATIVE_MLP_THREADS=n,
  NATIVE_MLP_ADDON_PATH=file is the addon to load, NATIVE_MLP_DATA=folder the data,
  NATIVE_MLP_REDIS_URL, NATIVE_MLP_REDIS_USERNAME and NATIVE_MLP_REDIS_PASSWORD the queue;
  NATIVE_MLP_DEBUG=1 prints the stack of an error.`

const USAGE: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'UNKNOWN_OPTION']

/** A line for people, on stderr: stdout may be read by a program. */
export function say(line: string): void {
  process.stderr.write(`${readable(line)}\n`)
}

/** What may be shown of a text: an address given in the wrong place, or of a misspelt option, may hold a password. */
function readable(text: string): string {
  return printable(text).replace(/((?:rediss?|https?):\/\/?|:\/\/)\S*@/gi, '$1***@')
}

/** A result, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** 'native addon, avx512, 2 threads' */
export function backendWords({ backend, isa, threads, reason }: BackendInfo): string {
  if (backend === 'native') return `native addon, ${isa}, ${threads === 1 ? '1 thread' : `${threads} threads`}`
  const asked = reason?.startsWith('NATIVE_MLP_BACKEND')
  return asked ? `pure TypeScript, many times slower than the native addon (${reason})` : 'pure TypeScript'
}

/** Prints the backend of this run. If the addon is missing, a warning of the package says why. */
export function sayBackend(): BackendInfo {
  const info = backendInfo()
  say(`backend: ${backendWords(info)}`)
  return info
}

/** Prints the package's own warnings as one line each; Node's form takes two and names a process. */
export function shortenWarnings(): void {
  const others = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name === 'NativeMlpWarning') say(`warning: ${warning.message}`)
    else for (const listener of others) listener(warning)
  })
}

/** Ends the process silently if its reader has closed the pipe, as `| head` does, with an error if output cannot be written. */
export function endWithReader(): void {
  for (const [stream, name] of [
    [process.stdout, 'standard output'],
    [process.stderr, 'standard error'],
  ] as const) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(141) // as for a program ended by SIGPIPE
      if (stream !== process.stderr) say(`error [FILE_SYSTEM]: ${name}: cannot write: ${error.message}`)
      process.exit(EXIT.failure)
    })
  }
}

/** Prints an error as one line on stderr. @returns its exit code */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const debug = process.env.NATIVE_MLP_DEBUG === '1'
  if (error instanceof NativeMlpError) {
    process.stderr.write(`error [${error.code}]: ${readable(oneLine(error.message))}\n`)
    if (debug) process.stderr.write(`${readable(String(error.stack))}\n`)
    if (error.code === 'ABORTED') return EXIT.interrupted
    return USAGE.includes(error.code) ? EXIT.usage : EXIT.failure
  }
  // a bug of this package: the stack belongs into the report
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`error [INTERNAL]: ${readable(stack)}\n`)
  return EXIT.failure
}

/** Commander's messages in the format of this package's errors. */
export function usageLine(text: string): string {
  const message = readable(oneLine(text)).replace(/^error: /, '')
  const code = /^unknown (option|command)/.test(message) ? 'UNKNOWN_OPTION' : 'INVALID_ARGUMENT'
  return `error [${code}]: ${message}\n`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}

/** The first column is aligned left, the others right, with two spaces between. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ')
  return [header, ...rows].map((cells) => line(cells).trimEnd()).join('\n')
}

/** A path quoted for a shell. */
export function shellWord(path: string): string {
  return /^[\w./~:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
