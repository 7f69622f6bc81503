import { builtinModules } from 'node:module'
import { reachable, type SourceFile } from './source-graph.js'

/**
 * The rooms of src/ and the ones each may import. What those may import in turn is allowed too; nothing else is, so that
 * imports point one way.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  package: [],
  formats: ['core', 'package'],
  table: ['core'],
  data: ['formats', 'table'],
  'backend/backend': ['core'],
  'backend/js': ['backend/backend'],
  'backend/native': ['backend/backend', 'package'],
  'backend/index': ['backend/js', 'backend/native'],
  model: ['backend/index', 'table'],
  train: ['model', 'data'],
  exchange: ['model', 'formats'],
  io: ['train'],
  predict: ['io'],
  search: ['io'],
  plot: ['core', 'package'],
  progress: ['search'],
  estimators: ['train'],
  index: ['search', 'exchange', 'estimators', 'plot', 'progress'],
  bench: ['train'],
  cli: ['index', 'bench'],
}

/** These run in browsers: nothing they reach without #native may be a part of Node. */
export const PORTABLE =
  /^src\/(core\/|table\/|model\/|train\/|backend\/(backend|index)\.ts|backend\/js\/|data\/(split|folds|batches|scale|samples|missing-classes|encode-table)\.ts|estimators\/|exchange\/(export-|import-(onnx|torch)|foreign-|model-json|onnx-(?!file))|predict\/|io\/model-(bytes|contents)\.ts|common\.ts|browser\.ts)/

/** The room of a file of src/, or null for a file that stands in none. */
export function roomOf(path: string): string | null {
  const [, first, second] = path.split('/')
  if (second === undefined) return ['index.ts', 'browser.ts', 'common.ts'].includes(first) ? 'index' : null
  if (first !== 'backend') return first in ROOMS ? first : null
  if (['backend.ts', 'operands.ts', 'program.ts', 'rules.ts', 'warp.ts'].includes(second)) return 'backend/backend'
  if (second === 'js') return 'backend/js'
  return second.startsWith('native') ? 'backend/native' : 'backend/index'
}

function allowedFrom(room: string): Set<string> {
  const allowed = new Set<string>([room])
  for (const current of allowed) for (const next of ROOMS[current]) allowed.add(next)
  return allowed
}

/** Imports against the arrows, and files outside every room. */
export function wrongImports(files: ReadonlyMap<string, SourceFile>): string[] {
  const problems: string[] = []
  for (const { path, imports } of files.values()) {
    const room = roomOf(path)
    if (room === null) {
      problems.push(`${path} stands in no room`)
      continue
    }
    const allowed = allowedFrom(room)
    for (const { specifier, target } of imports) {
      const other = specifier === '#native' ? 'backend/native' : target && roomOf(target)
      if (other && !allowed.has(other)) problems.push(`${path} (${room}) imports ${specifier} (${other})`)
    }
  }
  return problems
}

/** Parts of Node that files meant for browsers reach at run time. */
export function nodeInPortable(files: ReadonlyMap<string, SourceFile>): string[] {
  const problems = new Set<string>()
  const isNode = (name: string) => name.startsWith('node:') || builtinModules.includes(name)
  for (const start of [...files.keys()].filter((path) => PORTABLE.test(path))) {
    for (const { path, imports } of reachable(start, files)) {
      const found = imports.filter(({ specifier, typeOnly }) => !typeOnly && isNode(specifier))
      for (const { specifier } of found) {
        problems.add(`${start} reaches ${specifier}${path === start ? '' : ` through ${path}`}`)
      }
    }
  }
  return [...problems]
}

/** IEEE 754 fixes the result of these; engines differ in all the others. */
const EXACT = ['abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc']

/** Uses of `**` and of Math functions whose last bits depend on the engine. */
export function inexactMath(file: SourceFile): string[] {
  const problems: string[] = []
  file.code.split('\n').forEach((line, i) => {
    for (const [use, name] of line.matchAll(/\bMath\.([a-z]\w*)|\*\*/g)) {
      if (!name || !EXACT.includes(name)) problems.push(`${file.path}:${i + 1}: ${use}`)
    }
  })
  return problems
}
