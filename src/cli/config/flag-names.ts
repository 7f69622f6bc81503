import type { Command } from 'commander'
import { NativeMlpError } from '../../core/errors.js'

/**
 * What is wrong with an option of the public interface, under the name of the flag that sets it: 'trials: ...' becomes
 * '--trials: ...', 'base.evaluateOn: ...' '--evaluate-on: ...'. Other errors stay as they are.
 */
export function withFlagNames(error: unknown, command: Command): unknown {
  if (!(error instanceof NativeMlpError)) return error
  const [start, name] = /^(?:base\.|halving\.)?([a-zA-Z0-9]+): /.exec(error.message) ?? []
  const flag = command.options.find((option) => option.attributeName() === name)?.long
  if (start === undefined || !flag) return error
  return new NativeMlpError(error.code, `${flag}: ${error.message.slice(start.length)}`, { cause: error })
}
