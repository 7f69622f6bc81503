import { isObject } from '../../core/checks.js'
import { describe, invalidFile, shortened } from '../../core/errors.js'
import { textChunks } from '../../formats/file-chunks.js'
import { parseJson } from '../../formats/json.js'
import type { ChunkOptions } from '../../formats/read-progress.js'
import { missingTest } from './cells.js'
import type { CellReader, FileCell } from './column-builder.js'
import { positionName } from './csv-layout.js'
import { type ReadTable, TableBuilder, type TableLoad } from './table-builder.js'

/** How a file of JSON rows is read, as plain JSON. */
export interface JsonlOptions {
  /** texts without a value, besides empty ones and null; default NA, N/A, #N/A, NaN, null and ?, in upper or lower case */
  readonly missing?: readonly string[]
  /** columns of texts, also if their values are numbers */
  readonly text?: readonly string[]
}

const LINE_FEED = 10
const BRACKET = '['
/** Characters of a line at most. */
const MAX_LINE = 1 << 26
/** Bytes of a .json file at most: it is parsed at once. */
const MAX_JSON = 1 << 28

/**
 * Reads rows of JSON, UTF-8, plain or gzipped: a line each, or one list of rows. A row is an object, whose keys are columns, or a
 * list. Values are numbers, texts, true, false or null; a missing key is a missing value.
 *
 * @throws NativeMlpError INVALID_FILE naming line and column: not JSON, a row of another kind or length than the first, a nested
 *   value, a few texts in a column of numbers; no rows; as `textChunks`
 */
export async function readJsonRows(path: string, options: JsonlOptions, load: TableLoad = {}): Promise<ReadTable> {
  const first = await readRows(path, options, load)
  const late = first.lateTexts()
  const table =
    late.length === 0
      ? first
      : await readRows(path, options, { ...load, alsoText: [...(load.alsoText ?? []), ...late] })
  return { table: table.finish(), notes: [] }
}

async function readRows(path: string, options: JsonlOptions, load: TableLoad): Promise<TableBuilder> {
  const reader: CellReader = {
    numberOf: (cell) => (typeof cell === 'number' ? cell : Number.NaN),
    isMissing: missingTest(options.missing),
  }
  const rows = new JsonRows(path, new TableBuilder(path, options.text ?? [], load.alsoText ?? [], reader))
  const whole: string[] = []
  let line = 0
  for await (const text of lines(path, load)) {
    line++
    if (whole.length === 0 && rows.table.rows === 0 && startsList(text)) whole.push(text)
    else if (whole.length > 0) whole.push(text)
    else if (text.trim() !== '') rows.add(parseLine(text, line, path), `line ${line}`, line)
  }
  if (whole.length > 0) addList(rows, whole, path)
  if (rows.table.rows === 0) throw invalidFile(path, 'expected rows of JSON, found none')
  rows.table.check()
  return rows.table
}

/** A list of rows, or the first row of a file whose rows are lists. */
function startsList(text: string): boolean {
  const start = text.trimStart()
  if (!start.startsWith(BRACKET)) return false
  try {
    const value: unknown = JSON.parse(start)
    return Array.isArray(value) && (value.length === 0 || value.some((row) => typeof row === 'object' && row !== null))
  } catch {
    return true // continues in the next line
  }
}

function addList(rows: JsonRows, lines: readonly string[], path: string): void {
  const text = lines.join('\n')
  if (text.length > MAX_JSON) {
    throw invalidFile(path, `a list of more than ${MAX_JSON} characters; write a row per line (.jsonl)`)
  }
  const list = parseJson(text, { what: '', error: (problem) => invalidFile(path, problem) })
  if (!Array.isArray(list)) throw invalidFile(path, `expected a list of rows, got ${describe(list)}`)
  rows.table.unit = 'row'
  list.forEach((row, i) => {
    rows.add(row, `row ${i}`, i)
  })
}

function parseLine(text: string, line: number, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidFile(path, `line ${line} is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`)
  }
}

/** Rows of one kind, all objects or all lists. */
class JsonRows {
  readonly table: TableBuilder
  readonly #path: string
  #width: number | null = null

  constructor(path: string, table: TableBuilder) {
    this.#path = path
    this.table = table
  }

  /** @param place for errors */
  add(row: unknown, place: string, line: number): void {
    const isList = Array.isArray(row)
    if (!isList && !isObject(row)) throw this.#error(place, `expected an object or a list, got ${describe(row)}`)
    if (this.table.rows > 0 && isList !== (this.#width !== null)) {
      throw this.#error(place, `expected ${isList ? 'an object' : 'a list'} as in the first row, got ${describe(row)}`)
    }
    if (isList) this.#addList(row, place, line)
    else {
      const cells = Object.entries(row).map(([name, value]) => [name, this.#cell(value, name, place)] as const)
      this.table.addNamed(new Map(cells), line)
    }
  }

  #addList(row: readonly unknown[], place: string, line: number): void {
    if (this.#width === null) {
      this.#width = row.length
      this.table.addColumns(row.map((_, c) => positionName(c)))
    }
    if (row.length !== this.#width) {
      throw this.#error(place, `${row.length} values, expected ${this.#width} as in the first row`)
    }
    this.table.addRow(
      row.map((value, c) => this.#cell(value, positionName(c), place)),
      line,
    )
  }

  #cell(value: unknown, name: string, place: string): FileCell {
    if (value === null) return ''
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (typeof value === 'string') return value
    if (typeof value === 'boolean') return String(value)
    const expected = 'a finite number, a text, true, false or null'
    throw this.#error(`${place}, column '${shortened(name)}'`, `expected ${expected}, got ${describe(value)}`)
  }

  #error(place: string, problem: string) {
    return invalidFile(this.#path, `${place}: ${problem}`)
  }
}

/** Without their line feeds. */
async function* lines(path: string, load: ChunkOptions): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of textChunks(path, load)) {
    let start = 0
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
      yield rest + chunk.toString('utf8', start, at)
      rest = ''
      start = at + 1
    }
    rest += chunk.toString('utf8', start)
    if (rest.length > MAX_LINE) throw invalidFile(path, `a line of more than ${MAX_LINE} characters`)
  }
  if (rest !== '') yield rest
}
