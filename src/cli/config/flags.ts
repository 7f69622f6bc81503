import { type Command, Option } from 'commander'
import { NativeMlpError } from '../../core/errors.js'
import { PRESET_NAMES, type TrainingConfig } from '../../train/presets.js'
import { flagValue, type PartialConfig } from './config.js'
import { SETTING_NAMES, SETTINGS } from './settings.js'

/** Adds --preset, --config, --seed and one flag for each hyper-parameter that is asked for and that the command has not yet. */
export function addConfigFlags(command: Command, names: readonly (keyof TrainingConfig)[] = SETTING_NAMES): Command {
  const presets = `what to start from: ${PRESET_NAMES.join(', or ')}, which takes seconds (default: homework)`
  command
    .option('--preset <name>', presets)
    .option('--config <file>', 'JSON file with hyper-parameters, named as in run.json; flags win over it')
    .option('--seed <n>', 'of split, first weights and batches (default: 1)')
    .optionsGroup('Hyper-parameters (default: those of the preset):')
  for (const key of names) {
    const { flag, help } = SETTINGS[key]
    const option = new Option(flag, help)
    if (command.options.some(({ long }) => long === option.long)) continue
    command.addOption(option)
    if (key === 'l2Biases') command.addOption(new Option('--no-l2-biases', 'L2 on weights only'))
  }
  return command
}

/** The hyper-parameters that were given as flags, checked. @throws NativeMlpError INVALID_ARGUMENT naming the flag */
export function configFromFlags(options: Readonly<Record<string, unknown>>): PartialConfig {
  const config: Record<string, unknown> = {}
  if (options.preset !== undefined) config.preset = flagValue('preset', '--preset', options.preset)
  if (options.seed !== undefined) {
    const seed = /^\d+$/.test(String(options.seed)) ? Number(options.seed) : options.seed
    config.seed = flagValue('seed', '--seed', seed)
  }
  for (const key of SETTING_NAMES) {
    const given = options[key]
    if (given === undefined) continue
    const { flag, parse } = SETTINGS[key]
    config[key] = flagValue(key, flag.split(' ')[0], typeof given === 'string' ? parse(given) : given)
  }
  return config
}

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
