import { invalidFile, shortened } from '../core/errors.js'
import { looksLike } from './foreign.js'

export interface NpyHeader {
  /** e.g. '<f8' */
  readonly descr: string
  readonly descrOffset: number
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
  readonly dataOffset: number
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** By default NumPy refuses headers over 10,000 characters; its own are about 118. */
const MAX_HEADER = 10_000

/** NumPy's limit on the number of dimensions. */
const MAX_DIMENSIONS = 64

/** Data starts at a multiple of this, and NumPy leaves room for the first dimension to grow to this many digits. */
const ALIGNMENT = 64
const GROWTH_DIGITS = 21

/** @throws NativeMlpError INVALID_FILE naming file and byte offset */
export function parseNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  if (bytes.length < 10) throw invalidFile(name, 'truncated: a .npy header needs more bytes', bytes.length)
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw invalidFile(name, `not a .npy file: expected '\\x93NUMPY'${looksLike(bytes)}`, 0)
  }
  const major = bytes[6]
  if (major < 1 || major > 3 || bytes[7] !== 0) {
    throw invalidFile(name, `.npy version ${major}.${bytes[7]} is not supported; known: 1.0, 2.0, 3.0`, 6)
  }
  const start = major === 1 ? 10 : 12
  if (bytes.length < start) throw invalidFile(name, 'truncated: a .npy header needs more bytes', bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, start)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER) throw invalidFile(name, `header of ${length} bytes, more than the limit of ${MAX_HEADER}`, 8)
  if (bytes.length < start + length) throw invalidFile(name, `truncated: header of ${length} bytes`, bytes.length)
  // one character a byte, so that positions in the text are byte offsets; only field names, refused below, are ever more
  const text = String.fromCharCode(...bytes.subarray(start, start + length))
  return { ...new HeaderText(text, start, name).header(), dataOffset: start + length }
}

/** A version 1 header with its padding, byte for byte as NumPy writes it for a C-ordered array. */
export function formatNpyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  let text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  if (shape.length > 0) text += ' '.repeat(Math.max(0, GROWTH_DIGITS - String(shape[0]).length))
  const used = 10 + text.length + 1
  text += `${' '.repeat(Math.ceil(used / ALIGNMENT) * ALIGNMENT - used)}\n`
  return Uint8Array.from([...MAGIC, 1, 0, text.length & 255, text.length >> 8, ...new TextEncoder().encode(text)])
}

/** Reader of the one Python dictionary a header holds: {'descr': str, 'fortran_order': bool, 'shape': tuple of int}. */
class HeaderText {
  readonly #text: string
  readonly #start: number
  readonly #name: string
  #at = 0

  constructor(text: string, start: number, name: string) {
    this.#text = text
    this.#start = start
    this.#name = name
  }

  header(): Omit<NpyHeader, 'dataOffset'> {
    let descr: string | undefined
    let descrOffset = 0
    let fortranOrder: boolean | undefined
    let shape: number[] | undefined
    this.#expect('{')
    while (!this.#skip('}')) {
      const keyAt = this.#position()
      const key = this.#string('a key')
      this.#expect(':')
      if (key === 'descr' && descr === undefined) {
        descrOffset = this.#position()
        descr = this.#string("a simple element type such as '<f8'")
      } else if (key === 'fortran_order' && fortranOrder === undefined) fortranOrder = this.#boolean()
      else if (key === 'shape' && shape === undefined) shape = this.#shape()
      else throw this.#error(`unknown or repeated key '${shortened(key)}' in the header`, keyAt)
      if (!this.#skip(',')) {
        this.#expect('}')
        break
      }
    }
    if (this.#match(/\s*/y)[0].length + this.#at < this.#text.length) throw this.#error('text after the header')
    if (descr === undefined || fortranOrder === undefined || shape === undefined) {
      throw this.#error("the header lacks 'descr', 'fortran_order' or 'shape'", this.#start)
    }
    return { descr, descrOffset, fortranOrder, shape }
  }

  #shape(): number[] {
    const at = this.#position()
    const shape: number[] = []
    this.#expect('(')
    while (!this.#skip(')')) {
      // Python 2 wrote 3L
      const digits = this.#take(/(\d+)L?/y, 'a dimension')[1]
      const dim = Number(digits)
      if (!Number.isSafeInteger(dim)) throw this.#error(`dimension ${shortened(digits)} is too large`)
      shape.push(dim)
      if (this.#skip(',')) continue
      if (shape.length === 1) throw this.#error("expected ',' after the only dimension")
      this.#expect(')')
      break
    }
    if (shape.length > MAX_DIMENSIONS) throw this.#error(`${shape.length} dimensions, at most ${MAX_DIMENSIONS}`, at)
    return shape
  }

  #boolean(): boolean {
    return this.#take(/True|False/y, 'True or False')[0] === 'True'
  }

  #string(what: string): string {
    return this.#take(/(['"])([^'"\\\n]*)\1/y, what)[2]
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw this.#error(`expected '${character}' in the header`)
  }

  #skip(character: string): boolean {
    this.#at += this.#match(/\s*/y)[0].length
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #take(pattern: RegExp, what: string): RegExpExecArray {
    this.#at += this.#match(/\s*/y)[0].length
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) throw this.#error(`expected ${what} in the header`)
    this.#at += found[0].length
    return found
  }

  /** For patterns that always match. */
  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)!
  }

  #position(): number {
    this.#at += this.#match(/\s*/y)[0].length
    return this.#start + this.#at
  }

  #error(problem: string, offset = this.#start + this.#at) {
    return invalidFile(this.#name, problem, offset)
  }
}
