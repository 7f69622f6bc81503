#!/usr/bin/env node
import { Command } from 'commander'
import { packageVersion } from '../core/version.js'
import { EXIT_HELP, endWithReader, report, shortenWarnings, usageLine } from './terminal.js'

type MakeCommand = () => Command

/** In the order of --help. Each is loaded on demand, because a command imports most of the package. */
const COMMANDS: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  train: async () => (await import('./commands/train.js')).trainCommand,
  search: async () => (await import('./commands/search.js')).searchCommand,
  worker: async () => (await import('./commands/worker.js')).workerCommand,
  evaluate: async () => (await import('./commands/evaluate.js')).evaluateCommand,
  predict: async () => (await import('./commands/predict.js')).predictCommand,
  export: async () => (await import('./commands/export.js')).exportCommand,
  'lr-find': async () => (await import('./commands/lr-find.js')).lrFindCommand,
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand,
  plot: async () => (await import('./commands/plot.js')).plotCommand,
  bench: async () => (await import('./commands/bench.js')).benchCommand,
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand,
  'build-native': async () => (await import('./commands/build-native.js')).buildNativeCommand,
}

const VERSION_FLAGS = ['-V', '--version']

/** The named command; all of them for help and for the suggestion after a misspelt name. */
function commandsFor(first: string | undefined): Promise<MakeCommand[]> {
  if (first !== undefined && VERSION_FLAGS.includes(first)) return Promise.resolve([])
  const named = first !== undefined && Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]] : Object.values(COMMANDS)
  return Promise.all(named.map((load) => load()))
}

async function program(): Promise<Command> {
  const root = new Command('native-mlp')
    .description('Train multi-layer perceptrons: C++ kernels, with a pure-TypeScript fallback.')
    .version(packageVersion, VERSION_FLAGS.join(', '), 'print the version')
    .helpOption('-h, --help', 'print this, or what a command takes')
    .helpCommand('help [command]', 'print what a command takes')
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
    .showSuggestionAfterError()
  for (const command of await commandsFor(process.argv[2])) root.addCommand(command().copyInheritedSettings(root))
  return root
}

endWithReader()
shortenWarnings()
try {
  await (await program()).parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
