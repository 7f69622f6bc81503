import { isObject, knownOptions } from '../core/checks.js'
import { byteWords, describe, invalidArgument, invalidFile, orOutOfMemory, shortened } from '../core/errors.js'
import {
  bytesPerElement,
  decodeElements,
  type ElementArray,
  type ElementType,
  elementCount,
  elementTypeOf,
  encodeElements,
} from './elements.js'
import { looksLike } from './foreign.js'
import { duplicateKey, parseJson } from './json.js'

/** One array of a safetensors file, row-major. */
export interface Tensor {
  /** sizes, outermost first; [] for a scalar */
  readonly shape: readonly number[]
  readonly data: ElementArray
}

/** Contents of a .safetensors file (Hugging Face's format: 8 bytes of header length, JSON header, data). */
export interface Safetensors {
  /** in the order of their data in the file */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: Readonly<Record<string, string>>
}

const DTYPES: ReadonlyMap<string, ElementType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
])
const CODES = new Map([...DTYPES].map(([code, type]) => [type, code]))

/**
 * Most bytes of a header, a third of the format's own limit: a checkpoint of 100,000 evaluations, whose history stands in the
 * header, takes about 20 MB.
 */
const MAX_HEADER = 33_554_432

/** Most values in a header, counted as commas and brackets: about 30,000 tensors. Each takes many times the memory of its text. */
const MAX_HEADER_VALUES = 262_144

/**
 * Parses a .safetensors file; every rule of the format is checked, and data are copied out of `bytes`.
 * @param name what to call the file in errors
 * @throws NativeMlpError INVALID_FILE naming file and byte offset: truncated, a wrong header length, a header of more than
 * 32 MiB or 262,144 values, invalid UTF-8 or JSON, repeated names, offsets that overlap, leave holes or leave the file, or an
 * element type this package does not read
 */
export function parseSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const { header, dataOffset } = parseHeader(bytes, name)
  const room = bytes.length - dataOffset
  const entries: TensorEntry[] = []
  let metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') metadata = checkMetadata(value, name)
    else entries.push(checkEntry(key, value, room, name))
  }
  // an empty tensor may share its offset with the one that begins there
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  const tensors = new Map<string, Tensor>()
  let expected = 0
  for (const { key, type, shape, count, begin, end } of entries) {
    if (begin !== expected) {
      const problem = begin < expected ? 'overlaps the tensor before it' : 'leaves a hole before it'
      throw invalidFile(
        name,
        `tensor '${shortened(key)}' ${problem}: expected to begin at ${expected}`,
        dataOffset + begin,
      )
    }
    tensors.set(key, { shape, data: decodeElements(bytes, dataOffset + begin, count, type, true) })
    expected = end
  }
  if (expected !== room) throw invalidFile(name, 'trailing bytes after the last tensor', dataOffset + expected)
  return { tensors, metadata }
}

/**
 * The bytes of a .safetensors file. Equal input gives equal bytes: metadata in the order given, tensors too, except that
 * wider element types come first so that every tensor is aligned; data start at a multiple of 8.
 * @throws NativeMlpError INVALID_ARGUMENT when data and shape do not fit together, or for metadata that are not strings
 */
export function encodeSafetensors(contents: {
  tensors: ReadonlyMap<string, Tensor>
  metadata?: Readonly<Record<string, string>>
}): Uint8Array {
  knownOptions('encodeSafetensors', contents, ['tensors', 'metadata'])
  const fields: string[] = []
  const metadata = Object.entries(contents.metadata ?? {})
  for (const [key, value] of metadata) {
    if (typeof value !== 'string') throw invalidArgument(`metadata '${shortened(key)}'`, 'a string', value)
  }
  if (metadata.length > 0) {
    const pairs = metadata.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    fields.push(`"__metadata__":{${pairs.join(',')}}`)
  }
  const tensors = [...contents.tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT)
  let length = 0
  for (const [key, tensor] of tensors) {
    const code = checkTensor(key, tensor)
    const end = length + tensor.data.byteLength
    const shape = tensor.shape.join(',')
    fields.push(`${JSON.stringify(key)}:{"dtype":"${code}","shape":[${shape}],"data_offsets":[${length},${end}]}`)
    length = end
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`)
  const padded = Math.ceil(header.length / 8) * 8
  if (padded > MAX_HEADER) throw invalidArgument('tensors', `a header of at most ${MAX_HEADER} bytes`, padded)
  if (hasTooManyValues(header))
    throw invalidArgument('tensors', `at most ${MAX_HEADER_VALUES} values in the header`, tensors)
  const size = 8 + padded + length
  const bytes = orOutOfMemory('safetensors', byteWords(size), () => new Uint8Array(size))
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(header, 8)
  bytes.fill(0x20, 8 + header.length, 8 + padded)
  let at = 8 + padded
  for (const [, { data }] of tensors) {
    encodeElements(data, bytes, at)
    at += data.byteLength
  }
  return bytes
}

function checkTensor(key: string, { shape, data }: Tensor): string {
  if (key === '__metadata__') throw invalidArgument('tensors', "names other than '__metadata__'", key)
  const type = elementTypeOf(data)
  if (type === undefined)
    throw invalidArgument(`tensor '${shortened(key)}'`, 'a typed array of a safetensors type', data)
  const count = shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)
    ? elementCount(shape, 1, Number.MAX_SAFE_INTEGER)
    : undefined
  if (count !== data.length) {
    throw invalidArgument(`tensor '${shortened(key)}'`, `the elements of shape ${shapeWords(shape)}`, data)
  }
  return CODES.get(type)!
}

function parseHeader(bytes: Uint8Array, name: string): { header: object; dataOffset: number } {
  const foreign = (problem: string, offset: number) =>
    invalidFile(name, `not a safetensors file: ${problem}${looksLike(bytes)}`, offset)
  if (bytes.length < 8) throw foreign('truncated, expected 8 bytes of header length', bytes.length)
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  const isHeader = bytes.length === 8 ? length > 0 : length > 1 && bytes[8] === OPEN_BRACE
  if (!isHeader) throw foreign("expected its header to begin with '{'", 8)
  if (length > MAX_HEADER) throw invalidFile(name, `header of ${length} bytes, more than the limit of ${MAX_HEADER}`, 0)
  const dataOffset = 8 + Number(length)
  if (dataOffset > bytes.length) {
    const problem = `truncated, or the header length is wrong: the header ends at byte ${dataOffset}`
    throw invalidFile(name, problem, bytes.length)
  }
  const text = bytes.slice(8, dataOffset)
  if (hasTooManyValues(text)) throw invalidFile(name, `more than ${MAX_HEADER_VALUES} values in the header`, 8)
  return { header: decodeHeader(text, name), dataOffset }
}

function decodeHeader(bytes: Uint8Array, name: string): object {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalidFile(name, 'the header is not valid UTF-8', 8)
  }
  const header = parseJson(text, { what: 'the header', error: (problem) => invalidFile(name, problem, 8) })
  const repeated = duplicateKey(text)
  if (repeated !== undefined) throw invalidFile(name, `repeated name '${shortened(repeated)}' in the header`, 8)
  return header as object
}

const [QUOTE, COMMA, OPEN_BRACKET, BACKSLASH, OPEN_BRACE] = new TextEncoder().encode('",[\\{')

/** Before the header is parsed: values take many times the memory of their text. */
function hasTooManyValues(header: Uint8Array): boolean {
  let count = 0
  for (let i = 0; i < header.length; i++) {
    const byte = header[i]
    if (byte === QUOTE) {
      for (i++; i < header.length && header[i] !== QUOTE; i++) if (header[i] === BACKSLASH) i++
    } else if (byte === COMMA || byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      if (++count > MAX_HEADER_VALUES) return true
    }
  }
  return false
}

function checkMetadata(value: unknown, name: string): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw invalidFile(name, "'__metadata__' is not an object of strings", 8)
  }
  return value as Record<string, string>
}

interface TensorEntry {
  readonly key: string
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly count: number
  readonly begin: number
  readonly end: number
}

function checkEntry(key: string, value: unknown, room: number, name: string): TensorEntry {
  const bad = (problem: string) => invalidFile(name, `tensor '${shortened(key)}': ${problem}`, 8)
  if (!isObject(value)) throw bad('expected an object')
  const unknown = Object.keys(value).find((field) => !['dtype', 'shape', 'data_offsets'].includes(field))
  if (unknown !== undefined) throw bad(`unknown field '${shortened(unknown)}'`)
  const { dtype, shape, data_offsets: offsets } = value
  const type = DTYPES.get(dtype as string)
  if (type === undefined) throw bad(`dtype ${describe(dtype)} is not supported; known: ${[...DTYPES.keys()]}`)
  if (!isSizes(shape)) throw bad('shape is not an array of integers >= 0')
  if (!isSizes(offsets) || offsets.length !== 2) throw bad('data_offsets are not two integers >= 0')
  const [begin, end] = offsets
  if (begin > end || end > room) throw bad(`data_offsets [${begin}, ${end}] leave the ${room} bytes of data`)
  const count = elementCount(shape, bytesPerElement(type), room)
  if (count === undefined || count * bytesPerElement(type) !== end - begin) {
    throw bad(`shape ${shapeWords(shape)} of ${dtype} does not take the ${end - begin} bytes of its data_offsets`)
  }
  return { key, type, shape, count, begin, end }
}

/** '[784, 512]', shortened after 8 sizes. */
export function shapeWords(shape: readonly number[]): string {
  return shape.length <= 8 ? `[${shape.join(', ')}]` : `[${shape.slice(0, 8).join(', ')}, ... ${shape.length} sizes]`
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}
