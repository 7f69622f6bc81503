import { invalidArgument } from '../core/errors.js'

export type CsvValue = string | number | boolean | null | undefined

/**
 * A CSV text: a header line, then one line a row. Fields are quoted as RFC 4180 asks; lines end in a line feed; numbers
 * are JavaScript's shortest form that reads back to the same double; null and undefined are empty fields. A text that a
 * spreadsheet would take for a formula, `=1+1`, gets an apostrophe before it.
 * @throws NativeMlpError INVALID_ARGUMENT when a row's length is not the number of columns
 */
export function toCsv(columns: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  if (columns.length === 0) throw invalidArgument('columns', 'at least one column', columns)
  const lines = [line(columns)]
  let number = 0
  for (const row of rows) {
    if (row.length !== columns.length) throw invalidArgument(`row ${number}`, `${columns.length} fields`, row)
    lines.push(line(row))
    number++
  }
  return `${lines.join('\n')}\n`
}

function line(row: readonly CsvValue[]): string {
  // a single empty field must not look like an empty line
  return row.map(field).join(',') || '""'
}

function field(value: CsvValue): string {
  const text = typeof value === 'string' ? withoutFormula(value) : String(value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Numbers such as -1 stay as they are. */
function withoutFormula(text: string): string {
  return /^[=+\-@\t\r]./s.test(text) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text
}
