/** Cells without a value, whatever their case, unless a caller lists others. An empty cell is always missing. */
export const MISSING_WORDS: readonly string[] = ['NA', 'N/A', '#N/A', 'NaN', 'null', '?']

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i
const [ZERO, NINE, MINUS, POINT] = [48, 57, 45, 46]
/** Digits of an integer that a double surely holds. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => Number(`1e${i}`))

/**
 * The number that a cell is, NaN for anything else. Decimal and exponent notation only: `Number` also takes '', '0x1f' and
 * 'Infinity', which are no numbers in a table.
 */
export function numberOf(cell: string): number {
  const start = cell.charCodeAt(0) === MINUS ? 1 : 0
  const { length } = cell
  let digits = 0
  let decimals = -1
  for (let i = start; i < length; i++) {
    const code = cell.charCodeAt(i)
    if (code >= ZERO && code <= NINE) digits = 10 * digits + (code - ZERO)
    else if (code === POINT && decimals < 0) decimals = length - i - 1
    else return anyNumberOf(cell)
  }
  if (length - start > EXACT_DIGITS || length - start <= (decimals < 0 ? 0 : 1)) return anyNumberOf(cell)
  // two integers that doubles hold: their quotient is the double nearest to the decimal number, as `Number` returns it
  const value = decimals > 0 ? digits / POWERS[decimals] : digits
  return start === 1 ? -value : value
}

function anyNumberOf(cell: string): number {
  const value = +cell
  return Number.isFinite(value) && NUMBER.test(cell) ? value : Number.NaN
}

/** `numberOf` for numbers with a decimal comma, '1,5'. A point is no part of a number then. */
export function commaNumberOf(cell: string): number {
  return cell.includes('.') ? Number.NaN : numberOf(cell.replace(',', '.'))
}

/** Recognizes cells without a value. */
export function missingTest(words: readonly string[] | undefined): (cell: string) => boolean {
  if (words !== undefined) {
    const exact = new Set(words)
    return (cell) => cell === '' || exact.has(cell)
  }
  const lower = new Set(MISSING_WORDS.map((word) => word.toLowerCase()))
  return (cell) => cell === '' || lower.has(cell.toLowerCase())
}
