import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, NativeMlpError } from '../core/errors.js'

/** Version of the addon's exports; must equal `abi` in native/addon.cpp. */
export const ADDON_ABI = 4

/** The addon and its file, or all reasons why none loads and, last, the command that builds it. */
export type LoadedAddon =
  | { readonly addon: object; readonly path: string }
  | { readonly addon: null; readonly reasons: readonly string[] }

/**
 * Loads the native addon: the file that NATIVE_MLP_ADDON_PATH names, else build/Release, else the prebuilds for this
 * platform. A file is used only if its `version` is this package's and its `abi` is ADDON_ABI.
 *
 * @throws NativeMlpError BACKEND_UNAVAILABLE if NATIVE_MLP_ADDON_PATH is set and that file cannot be used; there is no
 *   fallback from it
 */
export function loadAddon(): LoadedAddon {
  const named = process.env.NATIVE_MLP_ADDON_PATH
  const root = packageRoot()
  if (named) {
    const result = tryLoad(resolve(named), root?.version)
    if (typeof result !== 'string') return result
    throw new NativeMlpError('BACKEND_UNAVAILABLE', `NATIVE_MLP_ADDON_PATH=${named}: ${result}`)
  }
  if (!root) {
    const file = fileURLToPath(import.meta.url)
    return { addon: null, reasons: [`${file} is outside the package (bundled?): set NATIVE_MLP_ADDON_PATH`] }
  }
  const reasons: string[] = []
  const built = join(root.folder, 'build', 'Release', 'native_mlp.node')
  for (const path of [built, ...prebuilds(root.folder, reasons)]) {
    const result = tryLoad(path, root.version)
    if (typeof result !== 'string') return result
    reasons.push(`${relative(root.folder, path)}: ${result}`)
  }
  const failure = lastFailure(root.folder)
  if (failure) reasons.push(failure)
  reasons.push('to build it: npx native-mlp build-native')
  return { addon: null, reasons }
}

/** The addon, or why this file cannot be used. */
function tryLoad(path: string, version: string | undefined): { addon: object; path: string } | string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 'no such file'
  // loading a named pipe would wait for its writer
  if (!stats.isFile()) return 'not a regular file'
  let addon: { version?: unknown; abi?: unknown } | null
  try {
    addon = createRequire(import.meta.url)(path)
  } catch (error) {
    return firstLine(error)
  }
  if (typeof addon !== 'object' || addon === null) return `it exports ${describe(addon)}`
  if (version !== undefined && addon.version !== version) {
    return `built for version ${String(addon.version)} of this package, which is ${version}: build it again`
  }
  if (addon.abi !== ADDON_ABI) return `its abi is ${String(addon.abi)}, expected ${ADDON_ABI}: build it again`
  return { addon, path }
}

/** The folder of this package and its version; null if a bundler has moved this file. */
function packageRoot(): { folder: string; version: string } | null {
  const folder = fileURLToPath(new URL('../..', import.meta.url))
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return null
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  return manifest.name === 'native-mlp' ? { folder, version: manifest.version } : null
}

/** Files for this platform in prebuilds/<platform>-<arch>; those for the other C library are named in `reasons`. */
function prebuilds(root: string, reasons: string[]): string[] {
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  if (!existsSync(folder)) {
    reasons.push(`${relative(root, folder)}: no such folder`)
    return []
  }
  const foreign = process.platform !== 'linux' ? null : usesGlibc() ? 'musl' : 'glibc'
  const files = readdirSync(folder).filter((name) => name.endsWith('.node'))
  const usable = files.filter((name) => foreign === null || !name.split('.').includes(foreign))
  for (const name of files.filter((file) => !usable.includes(file))) {
    reasons.push(`${relative(root, join(folder, name))}: needs ${foreign}, which this system does not have`)
  }
  return usable.sort().map((name) => join(folder, name))
}

function usesGlibc(): boolean {
  // without this the report resolves the host name of every open connection
  const report = process.report as typeof process.report & { excludeNetwork: boolean }
  const before = report.excludeNetwork
  report.excludeNetwork = true
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  report.excludeNetwork = before
  return header.glibcVersionRuntime !== undefined
}

/** Why the last build failed, if it did: read from build/install.json, which scripts/install.cjs writes. */
function lastFailure(root: string): string | undefined {
  const file = join(root, 'build', 'install.json')
  if (!existsSync(file)) return undefined
  try {
    const state = JSON.parse(readFileSync(file, 'utf8'))
    if (state.outcome !== 'failed') return undefined
    return `the last build failed: ${state.reason} (build/install.log)`
  } catch (error) {
    return `${relative(root, file)}: ${firstLine(error)}`
  }
}

/** Only the reason: Node appends the require stack. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]
}
