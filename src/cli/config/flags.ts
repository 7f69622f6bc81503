import { type Command, Option } from 'commander'
import { NativeMlpError } from '../../core/errors.js'
import { NAMES, type Name, rowOf } from '../../train/config.js'
import { flagOf } from '../../train/config-flags.js'
import { PRESET_NAMES } from '../../train/presets.js'

/** Adds --preset, --config and a flag for each of these hyper-parameters. */
export function addConfigFlags(command: Command, names: readonly Name[] = NAMES): Command {
  const presets = `what to start from: ${PRESET_NAMES.join(', ')} (default: homework for MNIST, general for other data)`
  command
    .option('--preset <name>', presets)
    .option('--config <file>', 'JSON file with hyper-parameters, named as in run.json; flags win over it')
    .optionsGroup('Hyper-parameters (default: those of the preset):')
  for (const name of names) {
    const { argument, help, helpNo } = rowOf(name)
    command.addOption(new Option(argument === null ? flagOf(name) : `${flagOf(name)} ${argument}`, help))
    if (argument !== null) continue
    command.addOption(new Option(flagOf(name).replace('--', '--no-'), helpNo).hideHelp(helpNo === undefined))
  }
  return command
}

/**
 * What is wrong with an option of the public interface, under the name of the flag that sets it: 'trials: ...' becomes
 * '--trials: ...', 'base.evaluateOn: ...' '--evaluate-on: ...'. Other errors stay as they are.
 */
export function withFlagNames(error: unknown, command: Command): unknown {
  if (!(error instanceof NativeMlpError)) return error
  const [start, name] = /^(?:base\.|halving\.|tpe\.)?([a-zA-Z0-9]+): /.exec(error.message) ?? []
  const flag = command.options.find((option) => option.attributeName() === name)?.long
  if (start === undefined || !flag) return error
  return new NativeMlpError(error.code, `${flag}: ${error.message.slice(start.length)}`, { cause: error })
}
