#!/usr/bin/env node
import { Command } from 'commander'
import { benchCommand } from './bench.js'
import { buildNativeCommand } from './build-native.js'
import { doctorCommand } from './doctor.js'
import { evaluateCommand } from './evaluate.js'
import { EXIT_HELP, report, usageLine } from './exit.js'
import { endWithReader, shortenWarnings } from './output.js'
import { plotCommand } from './plot.js'
import { predictCommand } from './predict.js'
import { searchCommand } from './search.js'
import { trainCommand } from './train.js'
import { packageVersion } from './version.js'
import { workerCommand } from './worker.js'

const COMMANDS = [
  trainCommand,
  searchCommand,
  workerCommand,
  evaluateCommand,
  predictCommand,
  plotCommand,
  benchCommand,
  doctorCommand,
  buildNativeCommand,
]

function program(): Command {
  const root = new Command('native-mlp')
    .description('Train multi-layer perceptrons: C++ kernels, with a pure-TypeScript fallback.')
    .version(packageVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or what a command takes')
    .helpCommand('help [command]', 'print what a command takes')
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
    .showSuggestionAfterError()
  for (const command of COMMANDS) root.addCommand(command().copyInheritedSettings(root))
  return root
}

endWithReader()
shortenWarnings()
try {
  await program().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
