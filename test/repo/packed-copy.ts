import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT } from './source-graph.js'

/** The paths that `npm pack` would put into the package. */
export function listPackage(): string[] {
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm']
  const [command, ...args] = [...npm, 'pack', '--dry-run', '--json', '--ignore-scripts']
  const output = execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const files: { path: string }[] = JSON.parse(output)[0].files
  return files.map(({ path }) => path)
}

/**
 * The files of the package in a folder of their own, as an install lays them out but for the dependencies, which are
 * a link to the checkout's. The caller removes the folder.
 */
export function packedCopy(paths: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'native-mlp-install-'))
  for (const path of paths) cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
  return folder
}

/** Removes a packed copy; the link to the dependencies goes, they stay. */
export function removeCopy(folder: string): void {
  if (dirname(folder) !== tmpdir()) throw new Error(`not a packed copy: ${folder}`)
  rmSync(folder, { recursive: true, force: true })
}
