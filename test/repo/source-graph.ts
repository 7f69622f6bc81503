import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** One import, export-from, dynamic import or `new URL('./file.js', import.meta.url)` of a source file. */
export interface Import {
  /** file as imported: './a.js', 'node:fs', 'zod', '#native' */
  readonly specifier: string
  /** path from the root of the package for relative imports, else null */
  readonly target: string | null
  /** erased at run time */
  readonly typeOnly: boolean
}

export interface SourceFile {
  /** path from the root of the package, with forward slashes */
  readonly path: string
  readonly text: string
  /** the text with comments, and what stands between quotes, blanked out */
  readonly code: string
  readonly imports: readonly Import[]
}

/** All .ts files below a folder, by path. */
export function readSources(folder: string): Map<string, SourceFile> {
  const files = new Map<string, SourceFile>()
  for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort()) {
    const path = posix.join(folder, name.split(sep).join('/'))
    if (path.endsWith('.ts') && !path.includes('node_modules/'))
      files.set(path, parseSource(path, readFileSync(join(ROOT, path), 'utf8')))
  }
  return files
}

export function parseSource(path: string, text: string): SourceFile {
  return { path, text, code: blank(text, true), imports: importsOf(path, blank(text, false)) }
}

function importsOf(path: string, text: string): Import[] {
  const imports: Import[] = []
  const add = (specifier: string, typeOnly: boolean) => {
    const relative = specifier.startsWith('.')
    const target = relative ? posix.join(dirname(path), specifier).replace(/\.js$/, '.ts') : null
    imports.push({ specifier, target, typeOnly })
  }
  const clause = String.raw`(?:\*(?:\s+as\s+\w+)?|\w+(?:\s*,\s*\{[^}]*\})?|\{[^}]*\})`
  const from = new RegExp(String.raw`^\s*(?:import|export)\s+(type\s+)?(${clause})\s*from\s*(['"])(.+?)\3`, 'gm')
  for (const [, type, names, , specifier] of text.matchAll(from)) {
    const each = names.startsWith('{') ? names.slice(1, -1).split(',') : []
    const named = each.map((name) => name.trim()).filter(Boolean)
    add(specifier, type !== undefined || (named.length > 0 && named.every((name) => name.startsWith('type '))))
  }
  for (const [, , specifier] of text.matchAll(/^\s*import\s+(['"])(.+?)\1/gm)) add(specifier, false)
  for (const [, , specifier] of text.matchAll(/\bimport\(\s*(['"])(.+?)\1\s*\)/g)) add(specifier, false)
  for (const [, , specifier] of text.matchAll(/new URL\(\s*(['"])(\.[^'"]+\.js)\1\s*,\s*import\.meta\.url/g)) {
    add(specifier, false)
  }
  return imports
}

/** Blanks comments, and string contents too if asked; keeps the lines. Regular expressions are taken for plain code. */
function blank(text: string, strings: boolean): string {
  const parts = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
  return text.replace(parts, (part) => {
    if (!part.startsWith('/') && !strings) return part
    return part.replace(/[^\n]/g, ' ')
  })
}

/** What `start` reaches at run time, itself included, by imports that are not erased; `#native` is not followed. */
export function reachable(start: string, files: ReadonlyMap<string, SourceFile>): SourceFile[] {
  const seen = new Set<string>()
  const queue = [start]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = files.get(path)
    if (!file || seen.has(path)) continue
    seen.add(path)
    for (const { target, typeOnly } of file.imports) if (target && !typeOnly) queue.push(target)
  }
  return [...seen].map((path) => files.get(path) as SourceFile)
}

/** Relative imports that lead to no file. */
export function danglingImports(files: ReadonlyMap<string, SourceFile>): string[] {
  return [...files.values()].flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => target !== null && !files.has(target) && !existsSync(join(ROOT, target)))
      .map(({ specifier }) => `${path} imports ${specifier}, which does not exist`),
  )
}

/** Circles of imports, those of types included, each as 'a.ts -> b.ts -> a.ts'. */
export function importCycles(files: ReadonlyMap<string, SourceFile>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (trail.includes(path) || done.has(path)) return
    for (const { target } of files.get(path)?.imports ?? []) {
      if (target && files.has(target)) visit(target, [...trail, path])
    }
    done.add(path)
  }
  for (const path of files.keys()) visit(path, [])
  return cycles
}

/** Names that two files define and export, each as 'name: a.ts, b.ts'; re-exports define nothing. */
export function namesDefinedTwice(files: Iterable<SourceFile>): string[] {
  const definition = /^export (?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let|enum)\s+(\w+)/gm
  const places = new Map<string, Set<string>>()
  for (const { path, code } of files) {
    for (const [, name] of code.matchAll(definition)) places.set(name, (places.get(name) ?? new Set()).add(path))
  }
  return [...places].flatMap(([name, paths]) => (paths.size > 1 ? [`${name}: ${[...paths].join(', ')}`] : []))
}
