import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, NativeMlpError } from '../core/errors.js'
import { packageVersion } from '../core/version.js'
import { BUNDLED, packageFolder, requireFile } from '../package/files.js'

/** Version of the addon's exports; must equal `abi` in native/addon.cpp. */
export const ADDON_ABI = 6

const ADDONS_DISABLED =
  'Node is told to load no addons: by --no-addons, or by its permission model, where --allow-addons allows them'

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
  if (named) {
    const result = tryLoad(resolve(named))
    if (typeof result !== 'string') return result
    throw new NativeMlpError('BACKEND_UNAVAILABLE', `NATIVE_MLP_ADDON_PATH=${named}: ${result}`)
  }
  const root = packageFolder()
  if (root === null) {
    return { addon: null, reasons: [`${BUNDLED}, or set NATIVE_MLP_ADDON_PATH to the file of the addon`] }
  }
  const reasons: string[] = []
  const built = join(root, 'build', 'Release', 'native_mlp.node')
  for (const path of [built, ...prebuilds(root, reasons)]) {
    const result = tryLoad(path)
    if (typeof result !== 'string') return result
    if (result === ADDONS_DISABLED) return { addon: null, reasons: [result] }
    reasons.push(`${relative(root, path)}: ${result}`)
  }
  const failure = lastFailure(root)
  if (failure) reasons.push(failure)
  reasons.push('to build it: npx native-mlp build-native')
  return { addon: null, reasons }
}

/** The addon, or why this file cannot be used. */
function tryLoad(path: string): { addon: object; path: string } | string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 'no such file'
  // loading a named pipe would wait for its writer
  if (!stats.isFile()) return 'not a regular file'
  let addon: { version?: unknown; abi?: unknown } | null
  try {
    addon = requireFile(path) as typeof addon
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED') return ADDONS_DISABLED
    return firstLine(error)
  }
  if (typeof addon !== 'object' || addon === null) return `it exports ${describe(addon)}`
  if (addon.version !== packageVersion) {
    return `built for version ${String(addon.version)} of this package, which is ${packageVersion}: build it again`
  }
  if (addon.abi !== ADDON_ABI) return `its abi is ${String(addon.abi)}, expected ${ADDON_ABI}: build it again`
  return { addon, path }
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
