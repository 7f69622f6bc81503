import { CommanderError } from 'commander'
import { type BackendInfo, backendInfo } from '../backend/index.js'
import { type ErrorCode, NativeMlpError } from '../core/errors.js'

/** What the process says with its exit code. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const

export const EXIT_HELP = `
Exit codes: 0 done; 1 failed; 2 wrong flags, config or environment variables; 130 stopped by Ctrl-C, with what was done saved.
Environment: NATIVE_MLP_BACKEND=auto|native|js, NATIVE_MLP_ISA=auto|avx512|avx2|neon|portable, NATIVE_MLP_THREADS=n,
  NATIVE_MLP_ADDON_PATH=file loads this addon and no other, NATIVE_MLP_DATA=folder has the data,
  NATIVE_MLP_REDIS_URL, NATIVE_MLP_REDIS_USERNAME and NATIVE_MLP_REDIS_PASSWORD lead to a queue,
  NATIVE_MLP_DEBUG=1 shows where an error comes from.`

const USAGE: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'UNKNOWN_OPTION']

/** A line for people: never on stdout where a program may be reading JSON. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** A result, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
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

/** Says where this run computes; why the addon is missing, where it is, the warning beside it says. */
export function sayBackend(): BackendInfo {
  const info = backendInfo()
  say(`backend: ${backendWords(info)}`)
  return info
}

/** The package's own warnings as one line each; Node's form takes two and names a process. */
export function shortenWarnings(): void {
  const others = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name === 'NativeMlpWarning') say(`warning: ${warning.message}`)
    else for (const listener of others) listener(warning)
  })
}

/** Ends the process quietly when whoever read its output has gone, as in `| head`, and in one line where it cannot be written. */
export function endWithReader(): void {
  for (const [stream, name] of [
    [process.stdout, 'standard output'],
    [process.stderr, 'standard error'],
  ] as const) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(141) // what a shell sees of a program that SIGPIPE has ended
      if (stream !== process.stderr) say(`error [FILE_SYSTEM]: ${name}: cannot write: ${error.message}`)
      process.exit(EXIT.failure)
    })
  }
}

/** Says an error in one line on stderr, and returns the exit code it means. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const debug = process.env.NATIVE_MLP_DEBUG === '1'
  if (error instanceof NativeMlpError) {
    process.stderr.write(`error [${error.code}]: ${oneLine(error.message)}\n`)
    if (debug) process.stderr.write(`${error.stack}\n`)
    if (error.code === 'ABORTED') return EXIT.interrupted
    return USAGE.includes(error.code) ? EXIT.usage : EXIT.failure
  }
  // a mistake of this package: its place helps whoever reports it
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`error [INTERNAL]: ${stack}\n`)
  return EXIT.failure
}

/** Commander's messages in the shape of ours. */
export function usageLine(text: string): string {
  const message = oneLine(text).replace(/^error: /, '')
  const code = /^unknown (option|command)/.test(message) ? 'UNKNOWN_OPTION' : 'INVALID_ARGUMENT'
  return `error [${code}]: ${message}\n`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}

/** Columns aligned to the right, but for the first; two spaces between. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ')
  return [header, ...rows].map((cells) => line(cells).trimEnd()).join('\n')
}

/** A path as a shell takes it. */
export function shellWord(path: string): string {
  return /^[\w./~:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
