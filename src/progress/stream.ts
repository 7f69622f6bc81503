import { isCallable } from '../core/callable.js'
import { checking, knownOptions } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import type { TextStream } from '../core/platform.js'

/** The stream of the options; default stderr. @throws NativeMlpError INVALID_ARGUMENT, UNKNOWN_OPTION */
export function streamOf(caller: string, options: { readonly stream?: TextStream }): TextStream {
  knownOptions(caller, options, ['stream'])
  const { stream = process.stderr } = options
  const isStream = checking('stream', () => isCallable((Object(stream) as Partial<TextStream>).write))
  if (!isStream) throw invalidArgument('stream', 'a text stream, e.g. process.stderr', stream)
  for (const name of ['columns', 'rows'] as const) {
    const size = checking(`stream.${name}`, () => stream[name])
    if (size !== undefined && typeof size !== 'number') throw invalidArgument(`stream.${name}`, 'a number', size)
  }
  return stream
}
