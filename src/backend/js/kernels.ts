/**
 * The two inner loops of this backend and the buffers they run on.
 *
 * Sums are double, rounded once where they are stored: `Math.fround` in an inner loop halves its speed. The buffers are
 * module constants because V8 then knows their address and length: three instructions per load instead of six, 7.2
 * instead of 5.3 GFLOP/s on a Zen 4 core. Tiles larger than 2 x 3 spill registers and are slower. Calls are synchronous,
 * so all operations share the buffers.
 */

/** Rows and columns of the dense tile. */
export const TILE_ROWS = 2
export const TILE_COLS = 3
/** Columns of the sparse kernel. */
export const LIST_COLS = 6

/** Most terms of a sum per call of the dense kernel; a longer sum continues from `sums`. */
export const MAX_CHUNK = 2048
/** Longest list, and so the longest sum of the sparse kernel. */
export const MAX_LIST = 8192
/** Maximum rows (or lists) of a block. */
export const MAX_ROWS = 512

/** Left operand: pairs of rows, interleaved ([pair][k][2]), or the values of the lists. */
const LEFT = new Float64Array(1 << 18)
/** Strip of the right operand: [k][3] for the dense kernel, [k][6] for the sparse one. */
const STRIP = new Float64Array(MAX_LIST * LIST_COLS)
/** Running sums of a block: [rows][3] or [rows][6]. */
const SUMS = new Float64Array(MAX_ROWS * LIST_COLS)
/** Offset in `strip` of each list entry: LIST_COLS x k, below 2^16 because of MAX_LIST. */
const LIST_OFFSET = new Uint16Array(1 << 18)
const LIST_BEGIN = new Int32Array(MAX_ROWS)
const LIST_END = new Int32Array(MAX_ROWS)

/* An exported constant is a variable of the module to V8, so the kernels read the unexported names. */
export const left = LEFT
export const strip = STRIP
export const sums = SUMS
export const listOffset = LIST_OFFSET
export const listBegin = LIST_BEGIN
export const listEnd = LIST_END

/**
 * sums[i][j] += left[i][k] strip[k][j], k = 0..chunk-1 in order, for `pairs` pairs of rows and three columns.
 * V8 compiles the inner function with its `| 0` best: a single loop nest in one function runs at two thirds of the speed.
 */
export function denseStrip(pairs: number, chunk: number): void {
  const step = Math.imul(chunk, TILE_ROWS)
  for (let pair = 0; pair < pairs; pair++) denseTile(Math.imul(pair, step), Math.imul(pair, 6), chunk)
}

function denseTile(begin: number, t: number, chunk: number): void {
  const s = t | 0
  const n = chunk | 0
  let s00 = SUMS[s]
  let s01 = SUMS[s + 1]
  let s02 = SUMS[s + 2]
  let s10 = SUMS[s + 3]
  let s11 = SUMS[s + 4]
  let s12 = SUMS[s + 5]
  let p = begin | 0
  let q = 0
  for (let k = 0; k < n; k++) {
    const y0 = STRIP[q]
    const y1 = STRIP[q + 1]
    const y2 = STRIP[q + 2]
    const x0 = LEFT[p]
    const x1 = LEFT[p + 1]
    s00 += x0 * y0
    s01 += x0 * y1
    s02 += x0 * y2
    s10 += x1 * y0
    s11 += x1 * y1
    s12 += x1 * y2
    p = (p + 2) | 0
    q = (q + 3) | 0
  }
  SUMS[s] = s00
  SUMS[s + 1] = s01
  SUMS[s + 2] = s02
  SUMS[s + 3] = s10
  SUMS[s + 4] = s11
  SUMS[s + 5] = s12
}

/** sums[i][j] += value strip[k][j] for each entry (k, value) of list i in order, for `lists` lists and six columns. */
export function sparseStrip(lists: number): void {
  for (let i = 0; i < lists; i++) sparseTile(LIST_BEGIN[i], LIST_END[i], Math.imul(i, LIST_COLS))
}

function sparseTile(begin: number, end: number, t: number): void {
  const s = t | 0
  const last = end | 0
  let s0 = SUMS[s]
  let s1 = SUMS[s + 1]
  let s2 = SUMS[s + 2]
  let s3 = SUMS[s + 3]
  let s4 = SUMS[s + 4]
  let s5 = SUMS[s + 5]
  for (let p = begin | 0; p < last; p = (p + 1) | 0) {
    const q = LIST_OFFSET[p]
    const x = LEFT[p]
    s0 += x * STRIP[q]
    s1 += x * STRIP[(q + 1) | 0]
    s2 += x * STRIP[(q + 2) | 0]
    s3 += x * STRIP[(q + 3) | 0]
    s4 += x * STRIP[(q + 4) | 0]
    s5 += x * STRIP[(q + 5) | 0]
  }
  SUMS[s] = s0
  SUMS[s + 1] = s1
  SUMS[s + 2] = s2
  SUMS[s + 3] = s3
  SUMS[s + 4] = s4
  SUMS[s + 5] = s5
}
