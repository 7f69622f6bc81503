import { dirname, resolve } from 'node:path'
import { closest, oneOf } from '../core/checks.js'
import { invalidArgument, NativeMlpError, shortened } from '../core/errors.js'
import { textChunks } from '../formats/file-chunks.js'
import { parseJson } from '../formats/json.js'
import type { JsonPlace } from '../formats/json-place.js'
import { readTextFile } from '../formats/text-file.js'
import { INPUT_SCALES, type InputScale } from './scale.js'
import type { DataSource } from './sources/source.js'
import { SOURCE_NAMES, SOURCES, type SourceName, type SourceSpecs } from './sources/sources.js'

/** The source of data, as plain JSON: the options of one source under its name, e.g. `{ idx: { folder: 'fashion' } }`. */
export type DataSpec = { readonly [Name in SourceName]: Readonly<Record<Name, SourceSpecs[Name]>> }[SourceName] & {
  /** scale of bytes: 'unit' x / 255 (default) or 'raw' x; other values are not scaled */
  readonly scale?: InputScale
}

/** A spec with a digest, saved with a run or a study: `loadData` loads the same data from it again, or throws. */
export type DataRecipe = DataSpec & { readonly scale: InputScale; readonly digest: string }

const DIGEST = /^[0-9a-f]{64}$/
/** Of a file with a spec. */
const MAX_SPEC_BYTES = 1 << 20

/** The parts of a validated spec. */
export interface CheckedSpec {
  readonly name: SourceName
  /** its options, with absolute paths */
  readonly options: never
  readonly source: DataSource<never>
  readonly scale: InputScale
  /** of a recipe */
  readonly digest: string | null
}

/**
 * @param spec a `DataSpec` or `DataRecipe`, possibly from a file
 * @param base base folder of relative paths in it; default the working directory
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong
 */
export function checkSpec(spec: unknown, base = process.cwd()): CheckedSpec {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    throw invalidArgument('data', 'an object with the name of a source, e.g. { mnist: {} }', spec)
  }
  const { scale = 'unit', digest = null, ...rest } = spec as Record<string, unknown>
  const names = Object.keys(rest)
  const unknown = names.find((name) => !SOURCE_NAMES.includes(name as SourceName))
  if (unknown !== undefined) {
    const near = closest(unknown, SOURCE_NAMES)
    const hint = near ? `did you mean '${near}'?` : `known: ${SOURCE_NAMES.join(', ')}`
    throw new NativeMlpError('UNKNOWN_OPTION', `data: unknown source '${shortened(unknown)}'; ${hint}`)
  }
  if (names.length !== 1) throw invalidArgument('data', `one of the sources ${SOURCE_NAMES.join(', ')}`, names)
  if (digest !== null && !(typeof digest === 'string' && DIGEST.test(digest))) {
    throw invalidArgument('data.digest', 'a SHA-256 in hexadecimal', digest)
  }
  const name = names[0] as SourceName
  const source = SOURCES[name] as unknown as DataSource<never>
  if (rest[name] === undefined) throw invalidArgument(`data.${name}`, 'an object of options', undefined)
  const options = source.check(rest[name], `data.${name}`, base)
  return { name, options, source, scale: oneOf('data.scale', scale, INPUT_SCALES), digest: digest as string | null }
}

/** A spec with absolute paths. @throws as `checkSpec` */
export function resolveSpec(spec: unknown, base?: string): DataSpec {
  const { name, options } = checkSpec(spec, base)
  const { scale } = spec as DataSpec
  return { [name]: options, ...(scale !== undefined && { scale }) } as unknown as DataSpec
}

/**
 * Parses a spec from the command line: a folder or file that a source recognizes, a .json file with a spec, whose paths are
 * relative to it, or the spec itself as JSON.
 *
 * @throws NativeMlpError DATA_NOT_FOUND for a path that no source recognizes; INVALID_ARGUMENT, UNKNOWN_OPTION, FILE_SYSTEM
 */
export async function parseSpec(text: string): Promise<DataSpec> {
  if (text.trim() === '') throw invalidArgument('data', 'a path or a spec', text)
  if (text.trimStart().startsWith('{')) return resolveSpec(parseJson(text, placeOf('data')))
  if (text.endsWith('.json')) {
    if (await startsList(text)) return { jsonl: { path: resolve(text) } }
    const json = await readTextFile(text, MAX_SPEC_BYTES)
    return resolveSpec(parseJson(json, placeOf(text)), dirname(resolve(text)))
  }
  for (const name of SOURCE_NAMES) {
    const options = await SOURCES[name].recognize(text)
    if (options !== null) return { [name]: options } as unknown as DataSpec
  }
  const files = 'a file .csv, .tsv, .jsonl, .parquet or .npz, a folder of images or in the layout of MNIST'
  const expected = `expected ${files}, or a spec such as {"csv":{"path":...}} or a .json file`
  throw new NativeMlpError(
    'DATA_NOT_FOUND',
    `${resolve(text)}: not found, not readable or of an unknown kind; ${expected}`,
  )
}

/** Whether a file is a list of rows, not a spec. */
async function startsList(path: string): Promise<boolean> {
  for await (const chunk of textChunks(path)) {
    const start = chunk.toString('utf8', 0, 1024).trimStart()
    if (start !== '') return start.startsWith('[')
  }
  return false
}

/** Inverse of `parseSpec`, without scale and digest; null for MNIST, the default. */
export function specText(spec: DataSpec): string | null {
  const { scale: _, digest: __, ...source } = spec as DataRecipe & Record<SourceName, unknown>
  if (source.mnist !== undefined) return null
  const { name, options, source: row } = checkSpec(source)
  return row.path(options) ?? JSON.stringify({ [name]: options })
}

function placeOf(name: string): JsonPlace {
  return { what: '', error: (problem) => new NativeMlpError('INVALID_ARGUMENT', `${name}: ${problem}`) }
}
