import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Command } from 'commander'
import { NativeMlpError } from '../../core/errors.js'
import { BUNDLED, packageFolder } from '../../package/files.js'
import { EXIT } from '../terminal.js'

export function buildNativeCommand(): Command {
  return new Command('build-native')
    .description('build the native addon from source, for when it is missing or no longer works')
    .action(async () => {
      if ((await build()) !== 0) process.exitCode = EXIT.failure
    })
}

/** Runs the install script with its output shown. Resolves to its exit code, null if a signal ended it. */
async function build(): Promise<number | null> {
  const folder = packageFolder()
  if (folder === null) throw new NativeMlpError('BACKEND_UNAVAILABLE', `build-native: ${BUNDLED}`)
  try {
    return await new Promise((resolve, reject) => {
      const script = join(folder, 'scripts', 'install.cjs')
      const child = spawn(process.execPath, [script, 'build'], { stdio: 'inherit' })
      child.on('close', resolve).on('error', reject)
    })
  } catch (cause) {
    throw new NativeMlpError('BACKEND_UNAVAILABLE', `build-native: ${(cause as Error).message}`, { cause })
  }
}
