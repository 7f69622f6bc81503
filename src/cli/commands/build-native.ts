import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { NativeMlpError } from '../../core/errors.js'
import { EXIT } from '../terminal.js'

const SCRIPT = fileURLToPath(new URL('../../../scripts/install.cjs', import.meta.url))

export function buildNativeCommand(): Command {
  return new Command('build-native')
    .description('build the native addon from source, for when it is missing or no longer works')
    .action(async () => {
      if ((await build()) !== 0) process.exitCode = EXIT.failure
    })
}

/** Runs the install script with its output shown. Resolves to its exit code, null if a signal ended it. */
function build(): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, 'build'], { stdio: 'inherit' })
    child.on('close', resolve)
    child.on('error', (error) =>
      reject(new NativeMlpError('BACKEND_UNAVAILABLE', `build-native: ${error.message}`, { cause: error })),
    )
  })
}
