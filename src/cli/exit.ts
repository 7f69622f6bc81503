import { CommanderError } from 'commander'
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
