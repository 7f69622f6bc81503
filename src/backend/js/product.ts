import { denseStrip, LIST_COLS, left, MAX_CHUNK, MAX_LIST, MAX_ROWS, sparseStrip, sums, TILE_COLS } from './kernels.js'
import type { LeftOperand, RightOperand } from './operands.js'

/** Initial values and destination of the sums of a product: `sums` holds rows row0.., columns col0.., `width` per row. */
export interface Destination {
  start(row0: number, rows: number, col0: number, cols: number, width: number): void
  finish(row0: number, rows: number, col0: number, cols: number, width: number): void
}

/** Rows row0 .. rowEnd-1 and columns col0 .. colEnd-1 of a result. */
export interface Rectangle {
  readonly row0: number
  readonly rowEnd: number
  readonly col0: number
  readonly colEnd: number
}

export function whole(rows: number, cols: number): Rectangle {
  return { row0: 0, rowEnd: rows, col0: 0, colEnd: cols }
}

/** Left operand as lists of its non-zero elements. */
export interface SparseOperand {
  /** Builds the lists of rows row0 .. row0+rows-1 in `listOffset`, `left`, `listBegin`, `listEnd`. */
  list(row0: number, rows: number): void
  /** maximum length of a list */
  readonly longest: number
}

/** Sums of a block between chunks; grows to the largest block so far. */
let waiting = new Float64Array(0)

/**
 * A part of destination [M][N] = start + left [M][K] x right [K][N]. Every sum adds its terms in order, k = 0..K-1, in double,
 * whatever the part.
 */
export function denseProduct(
  a: LeftOperand,
  b: RightOperand,
  part: Rectangle,
  K: number,
  destination: Destination,
): void {
  const { rowEnd, colEnd } = part
  const chunks = Math.max(1, Math.ceil(K / MAX_CHUNK))
  const longest = Math.min(K, MAX_CHUNK)
  const block = longest === 0 ? MAX_ROWS : Math.min(MAX_ROWS, 2 * Math.floor(left.length / longest / 2))
  const width = colEnd - part.col0
  if (chunks > 1 && waiting.length < (block + 1) * (width + TILE_COLS)) {
    waiting = new Float64Array((block + 1) * (width + TILE_COLS))
  }
  for (let row0 = part.row0; row0 < rowEnd; row0 += block) {
    const rows = Math.min(block, rowEnd - row0)
    const pairs = (rows + 1) >> 1
    for (let c = 0; c < chunks; c++) {
      const k0 = c * MAX_CHUNK
      const chunk = Math.min(MAX_CHUNK, K - k0)
      a.pack(row0, rows, k0, chunk)
      for (let col0 = part.col0; col0 < colEnd; col0 += TILE_COLS) {
        const cols = Math.min(TILE_COLS, colEnd - col0)
        b.pack3(col0, cols, k0, chunk)
        if (c === 0) destination.start(row0, rows, col0, cols, TILE_COLS)
        else resume(col0 - part.col0, pairs)
        denseStrip(pairs, chunk)
        if (c === chunks - 1) destination.finish(row0, rows, col0, cols, TILE_COLS)
        else suspend(col0 - part.col0, pairs)
      }
    }
  }
}

function suspend(col0: number, pairs: number): void {
  const offset = col0 * pairs * 2
  for (let i = 0; i < pairs * 6; i++) waiting[offset + i] = sums[i]
}

function resume(col0: number, pairs: number): void {
  const offset = col0 * pairs * 2
  for (let i = 0; i < pairs * 6; i++) sums[i] = waiting[offset + i]
}

/** Whether lists of at most `longest` entries fit the sparse kernel; else the dense one gives the same bits. */
export function listsFit(longest: number): boolean {
  return longest <= MAX_LIST
}

/**
 * The same with the left operand as lists. An omitted term is zero times a finite number: adding it could only change the
 * sign of a zero, and no destination stores -0.
 */
export function sparseProduct(
  a: SparseOperand,
  b: RightOperand,
  part: Rectangle,
  K: number,
  destination: Destination,
): void {
  const { rowEnd, colEnd } = part
  const block = Math.min(MAX_ROWS, Math.floor(left.length / Math.max(1, a.longest)))
  for (let row0 = part.row0; row0 < rowEnd; row0 += block) {
    const rows = Math.min(block, rowEnd - row0)
    a.list(row0, rows)
    for (let col0 = part.col0; col0 < colEnd; col0 += LIST_COLS) {
      const cols = Math.min(LIST_COLS, colEnd - col0)
      b.pack6(col0, cols, K)
      destination.start(row0, rows, col0, cols, LIST_COLS)
      sparseStrip(rows)
      destination.finish(row0, rows, col0, cols, LIST_COLS)
    }
  }
}

/** Sums that start at +0. */
export function startAtZero(rows: number, width: number): void {
  sums.fill(0, 0, (rows + 1) * width)
}
