import { stat } from 'node:fs/promises'
import type { CsvError, Parser } from 'csv-parse'
import { invalidFile, NativeMlpError, shortened } from '../../core/errors.js'
import { textChunks } from '../../formats/file-chunks.js'
import type { ChunkOptions } from '../../formats/read-progress.js'
import type { Column } from '../../table/table.js'
import { commaNumberOf, missingTest, numberOf } from './cells.js'
import type { CellReader } from './column-builder.js'
import { columnNames, guessSeparator, hasHeader, positionName } from './csv-layout.js'
import { type ReadTable, TableBuilder, type TableLoad } from './table-builder.js'

/** How a file of separated values is read, as plain JSON. */
export interface CsvOptions {
  /** one character between two cells; default: guessed from , ; tab and | */
  readonly separator?: string
  /** whether the first line names the columns; default: guessed. Without names the columns are 'x0', 'x1', ... */
  readonly header?: boolean
  /** cells without a value, besides empty ones; default NA, N/A, #N/A, NaN, null and ?, in upper or lower case */
  readonly missing?: readonly string[]
  /** columns of texts, also if their cells look like numbers, e.g. postal codes */
  readonly text?: readonly string[]
  /** '.' (default) or ',' in numbers such as 1,5 */
  readonly decimal?: '.' | ','
}

/** Records from which the layout is guessed. */
const SAMPLE = 100
/** Characters of a record at most; a longer one is a quote that does not end. */
const MAX_RECORD = 1 << 24
/** Rows that memory is reserved for at most, before they are read. */
const MOST_EXPECTED = 1 << 24
/** Bytes of the beginning that the separator is guessed from. */
const BEGINNING = 65_536

/**
 * Reads a file of separated values, UTF-8, plain or gzipped, into columns. Memory is that of the columns; the event loop runs
 * between two chunks of 256 KiB.
 *
 * @throws NativeMlpError INVALID_FILE naming line and column: another number of cells than the first line, a misplaced or
 *   unclosed quote, a column name that occurs twice, the names again between the rows, a few words in a column of numbers, no
 *   rows; as `textChunks`; INVALID_ARGUMENT for a column of `text` that there is not
 */
export async function readCsv(path: string, options: CsvOptions, load: TableLoad = {}): Promise<ReadTable> {
  const { alsoText = [] } = load
  const first = new CsvReading(path, options, alsoText)
  await first.read(load)
  const late = first.lateTexts()
  if (late.length === 0) return first.finish()
  // rare: texts after many numbers, as in a sorted column; they were not kept
  const second = new CsvReading(path, options, [...alsoText, ...late])
  await second.read(load)
  return second.finish()
}

interface SampleRecord {
  readonly cells: readonly string[]
  readonly line: number
}

/** One pass over a file. */
class CsvReading {
  readonly #path: string
  readonly #options: CsvOptions
  readonly #table: TableBuilder
  readonly #cells: CellReader
  #separator = ','
  #sample: SampleRecord[] | null = []
  #parser: Parser | null = null
  /** bytes of the file */
  #size = 0
  /** null: the columns have no names */
  #header: SampleRecord | null = null

  constructor(path: string, options: CsvOptions, alsoText: readonly string[]) {
    this.#path = path
    this.#options = options
    const parse = options.decimal === ',' ? commaNumberOf : numberOf
    this.#cells = { numberOf: parse as CellReader['numberOf'], isMissing: missingTest(options.missing) }
    this.#table = new TableBuilder(path, options.text ?? [], alsoText, this.#cells)
  }

  async read(load: ChunkOptions): Promise<void> {
    this.#size = await sizeOf(this.#path)
    for await (const chunk of textChunks(this.#path, load)) {
      this.#parser ??= await this.#makeParser(chunk)
      await this.#write(this.#parser, chunk)
    }
    const parser = this.#parser
    if (parser === null) throw invalidFile(this.#path, 'the file is empty')
    await this.#write(parser, null)
    this.#start()
    if (this.#table.rows === 0) throw invalidFile(this.#path, 'no rows after the line with the names of the columns')
    this.#table.check()
  }

  lateTexts(): string[] {
    return this.#table.lateTexts()
  }

  finish(): ReadTable {
    const table = this.#table.finish()
    return { table, notes: this.#notes(table.columns) }
  }

  async #makeParser(beginning: Buffer): Promise<Parser> {
    const text = beginning.toString('utf8', 0, BEGINNING)
    const separator = this.#options.separator ?? guessSeparator(text)
    this.#separator = separator
    // imported here: a program that reads no such file does not load it
    const { Parser } = await import('csv-parse')
    const parser = new Parser({
      delimiter: separator,
      skip_empty_lines: true,
      // costs time, and is needed only where a quote follows a space
      ltrim: text.includes(`${separator} "`),
      max_record_size: MAX_RECORD,
    })
    parser.on('error', () => undefined) // `write` and `end` report it too
    const end = parser.push.bind(parser)
    // taken where they arise: through the stream, or the option on_record, each record costs a third more time
    parser.push = (record: string[] | null) => {
      if (record === null) return end(null)
      this.#addRecord(record, parser.info.lines)
      return true
    }
    return parser
  }

  #addRecord(record: string[], line: number): void {
    if (this.#sample === null) {
      this.#addRow(record, line)
      return
    }
    this.#sample.push({ cells: record, line })
    if (this.#sample.length === SAMPLE) this.#start()
  }

  /** @param chunk null at the end of the file */
  async #write(parser: Parser, chunk: Buffer | null): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        const done = (error?: Error | null) => (error ? reject(error) : resolve())
        if (chunk === null) parser.end(done)
        else parser.write(chunk, done)
      })
    } catch (error) {
      throw error instanceof NativeMlpError ? error : this.#explained(error as CsvError)
    }
  }

  #explained(error: CsvError): NativeMlpError {
    const { code, lines, record, message } = error as CsvError & { lines?: number; record?: readonly unknown[] }
    const line = (problem: string) => invalidFile(this.#path, `line ${lines}: ${problem}`)
    const expected = this.#sample?.[0] ?? this.#header
    switch (code) {
      case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH': {
        const count = this.#table.columns || expected!.cells.length
        return line(
          `${cellsWords(record!.length)}, expected ${count} as in the first line, separated by ${this.#separatorWords()}`,
        )
      }
      case 'CSV_QUOTE_NOT_CLOSED':
        return line('the file ends in a quoted cell; a closing quote is missing in this line or before it')
      case 'CSV_INVALID_CLOSING_QUOTE':
        return line('a quoted cell goes on after its closing quote; a quote in a quoted cell is written twice, ""')
      case 'INVALID_OPENING_QUOTE':
        return line('a quote within a cell that is not quoted; quote the whole cell and write the quote twice, ""')
      case 'CSV_MAX_RECORD_SIZE':
        return line(`a row of more than ${MAX_RECORD} characters; a closing quote may be missing`)
      default:
        return new NativeMlpError('INVALID_FILE', `${this.#path}: ${message}`, { cause: error })
    }
  }

  /** Decides on the layout by the first records, and adds them. */
  #start(): void {
    const sample = this.#sample
    if (sample === null) return
    this.#sample = null
    if (sample.length === 0) throw invalidFile(this.#path, 'the file is empty')
    const records = sample.map(({ cells }) => cells)
    const isNamed = this.#options.header ?? hasHeader(records, this.#cells)
    this.#header = isNamed ? sample[0] : null
    const names = isNamed
      ? columnNames(records[0], this.#path, sample[0].line)
      : records[0].map((_, c) => positionName(c))
    this.#table.addColumns(names, this.#expectedRows(sample.length))
    for (const { cells, line } of isNamed ? sample.slice(1) : sample) this.#addRow(cells, line)
  }

  /** By the size of the first records; of a compressed file at least a part of its rows. */
  #expectedRows(records: number): number {
    const { bytes = 0 } = this.#parser?.info ?? {}
    return bytes === 0 ? 0 : Math.min(MOST_EXPECTED, Math.ceil((1.05 * this.#size * records) / bytes))
  }

  #addRow(cells: readonly string[], line: number): void {
    const header = this.#header
    if (header !== null && cells[0] === header.cells[0] && cells.every((cell, c) => cell === header.cells[c])) {
      const problem = `line ${line}: the names of the columns again, as in line ${header.line}; were two files joined? If that line is a row, set header: false`
      throw invalidFile(this.#path, problem)
    }
    this.#table.addRow(cells, line)
  }

  #notes(columns: readonly Column[]): string[] {
    const names =
      this.#header === null
        ? `no column names: x0 to x${columns.length - 1}`
        : `column names in line ${this.#header.line}`
    const notes = [`separated by ${this.#separatorWords()}, ${names}`]
    for (const column of columns) {
      if (column.kind !== 'text') continue
      if (this.#options.decimal !== ',' && hasDecimalCommas(column.levels)) {
        notes.push(
          `column '${shortened(column.name)}': read as texts; if they are numbers with a decimal comma, set decimal: ","`,
        )
      }
    }
    return notes
  }

  #separatorWords(): string {
    return this.#separator === '\t' ? 'tabs' : `'${this.#separator}'`
  }
}

/** 0 where there is no such file, which its reader reports. */
async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

function cellsWords(count: number): string {
  return count === 1 ? '1 cell' : `${count} cells`
}

function hasDecimalCommas(levels: readonly string[]): boolean {
  const some = levels.slice(0, 100)
  return (
    some.length > 0 && some.every((text) => /^[+-]?\d+(,\d+)?$/.test(text)) && some.some((text) => text.includes(','))
  )
}
