import { invalidFile, NativeMlpError, shortened } from '../../core/errors.js'
import type { ChunkOptions } from '../../formats/read-progress.js'
import type { Table } from '../../table/table.js'
import { type CellReader, ColumnBuilder, type FileCell } from './column-builder.js'
import { Lines } from './lines.js'

/** A table, and what was found out about its file. */
export interface ReadTable {
  readonly table: Table
  /** readable sentences, e.g. "separated by ';', column names in line 1" */
  readonly notes: readonly string[]
}

/** How a table is read on this machine, beside its options. */
export interface TableLoad extends ChunkOptions {
  /** columns of texts, if the file has them */
  readonly alsoText?: readonly string[] | undefined
}

/** Collects the rows of a file with lines. */
export class TableBuilder {
  readonly #path: string
  /** must be in the file */
  readonly #asked: readonly string[]
  readonly #text: ReadonlySet<string>
  readonly #reader: CellReader
  readonly #lines = new Lines()
  readonly #builders: ColumnBuilder[] = []
  readonly #byName = new Map<string, ColumnBuilder>()
  #rows = 0
  /** what `place` counts */
  unit: 'line' | 'row' = 'line'

  /**
   * @param text names of columns of texts
   * @param alsoText the same, if there are such columns
   */
  constructor(path: string, text: readonly string[], alsoText: readonly string[], reader: CellReader) {
    this.#path = path
    this.#asked = text
    this.#text = new Set([...text, ...alsoText])
    this.#reader = reader
  }

  get rows(): number {
    return this.#rows
  }

  get columns(): number {
    return this.#builders.length
  }

  /** Columns that rows of lists fill in this order. @param expected rows, as far as known */
  addColumns(names: readonly string[], expected = 0): void {
    for (const name of names) this.#addColumn(name, names.length, expected)
  }

  /** @param cells one for each column */
  addRow(cells: readonly FileCell[], line: number): void {
    const builders = this.#builders
    for (let c = 0; c < builders.length; c++) builders[c].add(cells[c])
    this.#endRow(line)
  }

  /** Cells by name: new names are new columns, columns without a cell are missing. */
  addNamed(cells: ReadonlyMap<string, FileCell>, line: number): void {
    for (const [name, cell] of cells) (this.#byName.get(name) ?? this.#addColumn(name, cells.size)).add(cell)
    for (const builder of this.#builders) if (builder.length === this.#rows) builder.add('')
    this.#endRow(line)
  }

  /** @throws NativeMlpError INVALID_FILE for a few words in a column of numbers; INVALID_ARGUMENT for an unknown column of texts */
  check(): void {
    this.#checkText()
    for (const builder of this.#builders) this.#refuseStrayWord(builder)
  }

  /** Columns that turned out to be texts too late: read the file again with these as texts. */
  lateTexts(): string[] {
    return this.#builders.filter((builder) => builder.needsTexts).map(({ name }) => name)
  }

  finish(): Table {
    const columns = this.#builders.map((builder) => builder.finish())
    return { columns, length: this.#rows, source: this.#path, place: (row) => this.#place(row) }
  }

  #place(row: number): string {
    return `${this.unit} ${this.#lines.of(row)}`
  }

  #endRow(line: number): void {
    this.#lines.add(line)
    this.#rows++
  }

  #addColumn(name: string, columns: number, expected = 0): ColumnBuilder {
    const builder = new ColumnBuilder(name, columns, this.#text.has(name), this.#reader, expected)
    for (let row = 0; row < this.#rows; row++) builder.add('')
    this.#builders.push(builder)
    this.#byName.set(name, builder)
    return builder
  }

  #checkText(): void {
    for (const name of this.#asked) {
      if (this.#byName.has(name)) continue
      const known = shortened([...this.#byName.keys()].join(', '), 200)
      const problem = `text: ${this.#path} has no column '${shortened(name)}'; it has ${known}`
      throw new NativeMlpError('INVALID_ARGUMENT', problem)
    }
  }

  #refuseStrayWord(builder: ColumnBuilder): void {
    const word = builder.strayWord
    if (word === null) return
    const name = shortened(builder.name)
    const text = JSON.stringify(shortened(word.text))
    const where = `${this.#place(word.row)}, column '${name}'`
    const count = builder.words === 1 ? '' : ` (the first of ${builder.words} such cells)`
    const expected = `expected a number as in ${builder.numbers.toLocaleString('en-US')} other rows`
    const remedy = `if it means no value, set missing: [${text}]; if the column holds texts, set text: ["${name}"]`
    throw invalidFile(this.#path, `${where}: ${expected}, got ${text}${count}; ${remedy}`)
  }
}
