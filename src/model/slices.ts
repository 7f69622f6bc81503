import type { Backend } from '../backend/backend.js'
import type { Arenas, Program } from '../backend/program.js'
import { memoryError, NativeMlpError } from '../core/errors.js'
import { nextAmount, nextMacrotask, throwIfAborted } from '../core/event-loop.js'
import type { Signal } from '../core/platform.js'
import { nowMs } from '../core/timers.js'
import type { LayerShape } from '../core/types.js'

/** Rows per slice, adapted to the measured speed; reuse it so that the next evaluation starts at full speed. */
export interface Pace {
  rows: number
  /** true to keep `rows` constant */
  readonly fixed?: boolean
}

/** Takes about 10 ms on the slowest backend. */
const FIRST_SLICE_MULTIPLICATIONS = 8e6

export function firstPace(layers: readonly LayerShape[]): Pace {
  const perRow = layers.reduce((sum, layer) => sum + layer.inputs * layer.outputs, 0)
  return { rows: clamp(Math.floor(FIRST_SLICE_MULTIPLICATIONS / perRow), 1, 4096) }
}

export interface SliceOptions {
  readonly signal?: Signal
  readonly pace: Pace
  /** name of the computation, for the ABORTED error */
  readonly what: string
}

/** Calls `compute` for the rows from..to-1 of each slice in order, and yields to the event loop after each. */
export async function inSlices(
  count: number,
  { signal, pace, what }: SliceOptions,
  compute: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < count; ) {
    throwIfAborted(signal, what)
    const to = Math.min(count, from + pace.rows)
    const start = nowMs()
    compute(from, to)
    if (!pace.fixed && to - from === pace.rows) pace.rows = nextPace(pace.rows, nowMs() - start)
    from = to
    await nextMacrotask()
  }
}

/**
 * Runs a forward pass over any number of rows in slices, and yields to the event loop about every 16 ms. The slicing does not
 * affect results.
 *
 * @returns the number of rows predicted correctly
 */
export async function runInSlices(
  backend: Backend,
  program: Program,
  rowIndices: Int32Array,
  arenas: Arenas,
  options: SliceOptions,
): Promise<number> {
  let correct = 0
  await inSlices(rowIndices.length, options, (from, to) => {
    try {
      const part = slice(arenas, rowIndices.length, from, to)
      correct += backend.run(program, rowIndices.subarray(from, to), part, null)
    } catch (error) {
      throw refusedData(error, options.what, to - from)
    }
  })
  return correct
}

/**
 * Converts an error of a backend: it rejects validated data only if they have changed since validation.
 *
 * @param rows of the call
 */
export function refusedData(error: unknown, what: string, rows: number): unknown {
  const known = memoryError(error, what, `${rows} rows`)
  if (known !== error) return known
  const refused = error instanceof NativeMlpError && error.code === 'INVALID_ARGUMENT'
  if (!refused && !(error instanceof RangeError || error instanceof TypeError)) return error
  const problem = `${what}: arrays of the data or the model have changed since validation: ${error.message}`
  return new NativeMlpError('INVALID_ARGUMENT', problem, { cause: error })
}

/** In whole chunks of 256 rows for long slices. */
function nextPace(rows: number, milliseconds: number): number {
  const next = clamp(Math.floor(nextAmount(rows, milliseconds)), 1, 65536)
  return next < 512 ? next : next - (next % 256)
}

function slice(arenas: Arenas, total: number, from: number, to: number): Arenas {
  const { rowLosses, predicted, outputs } = arenas
  const cols = outputs === null ? 0 : outputs.length / total
  return {
    ...arenas,
    rowLosses: rowLosses === null ? null : rowLosses.subarray(from, to),
    predicted: predicted === null ? null : predicted.subarray(from, to),
    outputs: outputs === null ? null : outputs.subarray(from * cols, to * cols),
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value))
}
