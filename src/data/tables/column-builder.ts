import type { Column } from '../../table/table.js'
import { Growing } from './growing.js'

/** A value of a file: always a text in CSV. */
export type FileCell = string | number

/** A cell that is no number, in a column of numbers. */
export interface Word {
  readonly text: string
  /** 0-based */
  readonly row: number
}

/** How cells are read. */
export interface CellReader {
  /** NaN for anything but a number */
  readonly numberOf: (cell: FileCell) => number
  /** of a cell without spaces around it */
  readonly isMissing: (text: string) => boolean
}

/** Rows whose cells are kept until it is clear whether a column holds numbers, fewer for very many columns. */
const UNDECIDED_ROWS = 1000
const UNDECIDED_CELLS = 1_000_000

/**
 * A column holds numbers that some cells are not, rather than texts that are often numbers, while at most this share of its
 * cells are words.
 */
const FEW = 0.1
/** Of a short column one word among this many numbers. */
const SHORT = 3

/**
 * Different texts of a column that are kept. A column with more is an identifier or free text, which no network is trained on:
 * what follows shares one more level, so that reading it takes no more memory.
 */
export const MAX_LEVELS = 65_536
export const OTHER_TEXTS = `(more than ${MAX_LEVELS} different texts)`

/**
 * Collects the cells of a column and decides whether it holds numbers or texts: numbers if all cells are, except the missing
 * ones. Numbers are not kept as texts: a column that turns out to hold texts late is read a second time.
 */
export class ColumnBuilder {
  readonly name: string
  readonly #reader: CellReader
  readonly #undecidedRows: number
  #numbers: Growing<Float64Array> | null
  readonly #expected: number
  #codes: Growing<Int32Array> | null = null
  /** first cells, while undecided */
  #first: FileCell[] | null = []
  readonly #levels: string[] = []
  /** also spellings of the same text with spaces around it */
  readonly #codeOf = new Map<FileCell, number>()
  #found = 0
  #words = 0
  #word: Word | null = null

  /**
   * @param isText whether the cells are texts, also if all of them are numbers
   */
  constructor(name: string, columns: number, isText: boolean, reader: CellReader, expected = 0) {
    this.name = name
    this.#reader = reader
    this.#expected = expected
    this.#numbers = new Growing(Float64Array, expected)
    this.#undecidedRows = Math.max(20, Math.min(UNDECIDED_ROWS, Math.floor(UNDECIDED_CELLS / columns)))
    if (isText) this.#becomeText()
  }

  get length(): number {
    return (this.#codes ?? this.#numbers!).length
  }

  add(cell: FileCell): void {
    if (this.#codes !== null) {
      this.#codes.push(this.#codeOf.get(cell) ?? this.#newCode(cell))
      return
    }
    const value = this.#reader.numberOf(cell)
    if (Number.isNaN(value)) this.#addWord(cell)
    else {
      this.#found++
      this.#numbers!.push(value)
    }
    if (this.#first !== null) this.#keep(cell)
  }

  /** The first cell that is no number, if only a few are: whoever reads the table must decide what it means. */
  get strayWord(): Word | null {
    return this.#word !== null && this.#areFewWords ? this.#word : null
  }

  get words(): number {
    return this.#words
  }

  get numbers(): number {
    return this.#found
  }

  /** Whether the cells were texts after all, when the first ones were no longer there. */
  get needsTexts(): boolean {
    return this.#codes === null && this.#word !== null && !this.#areFewWords && this.#first === null
  }

  /** The column; the builder is empty afterwards. */
  finish(): Column {
    if (this.#codes === null && this.#word !== null && !this.#areFewWords) this.#becomeText()
    const { name } = this
    if (this.#codes === null) return { name, kind: 'number', values: this.#numbers!.take() }
    return { name, kind: 'text', codes: this.#codes.take(), levels: this.#levels }
  }

  get #areFewWords(): boolean {
    return this.#words <= FEW * (this.#found + this.#words) || (this.#words === 1 && this.#found >= SHORT)
  }

  #addWord(cell: FileCell): void {
    const text = String(cell).trim()
    const numbers = this.#numbers!
    if (!this.#reader.isMissing(text)) {
      this.#words++
      this.#word ??= { text, row: numbers.length }
      if (this.#found === 0 && this.#first === null) {
        this.#becomeText()
        this.add(cell)
        return
      }
    }
    numbers.push(Number.NaN)
  }

  #keep(cell: FileCell): void {
    const first = this.#first!
    first.push(cell)
    if (first.length < this.#undecidedRows) return
    if (this.#word !== null && !this.#areFewWords) this.#becomeText()
    this.#first = null
  }

  /** From here on, and for the cells so far: those that were kept, or only missing ones. */
  #becomeText(): void {
    const first = this.#first
    const missing = first === null ? this.#numbers!.length : 0
    this.#codes = new Growing(Int32Array, this.#expected)
    this.#first = null
    this.#numbers = null
    this.#word = null
    for (let i = 0; i < missing; i++) this.#codes.push(-1)
    for (const cell of first ?? []) this.add(cell)
  }

  #newCode(cell: FileCell): number {
    const text = String(cell).trim()
    const code = this.#reader.isMissing(text) ? -1 : (this.#codeOf.get(text) ?? this.#addLevel(text))
    if (this.#codeOf.size < 2 * MAX_LEVELS) this.#codeOf.set(cell, code)
    return code
  }

  #addLevel(text: string): number {
    if (this.#levels.length > MAX_LEVELS) return MAX_LEVELS
    const code = this.#levels.length
    this.#levels.push(code === MAX_LEVELS ? OTHER_TEXTS : text)
    if (code < MAX_LEVELS) this.#codeOf.set(text, code)
    return code
  }
}
