import { type BackendInfo, backendInfo } from '../backend/index.js'
import { EXIT } from './exit.js'

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
