#!/usr/bin/env node
import { Command } from 'commander'
import { EXIT_HELP, report, usageLine } from './exit.js'
import { shortenWarnings } from './output.js'
import { trainCommand } from './train.js'
import { packageVersion } from './version.js'

const COMMANDS = [trainCommand]

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

shortenWarnings()
try {
  await program().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
